"""What a search finds on each database, indexed and not, with fields and as CSV."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest
from shops import Shop

from shopdb_core.search.marking import count_marked, index_marked

pytestmark = pytest.mark.every_database

COMPUTERS = [
    {
        "hostname": "PC-0042",
        "macaddress": "3C:52:82:11:22:33",
        "ipaddress": "10.1.2.3",
        "serialnumber": "5CG1234XYZ",
        "osname": "Windows 11 Pro",
        "memorygb": 16,
        "currentuser": "ACME\\müller",
        "lastboottime": "2026-11-01T10:00:00Z",
        "installedsoftware": [
            {"name": "Mozilla Firefox (x64 de)", "version": "145.0.2", "installdate": "2025-03-17"},
            {"name": "7-Zip 24.08 (x64)", "version": "24.08"},
        ],
    },
    {"hostname": "STRASSE-1", "ipaddress": "10.1.2.30", "memorygb": 7.5, "osname": "Debian 13"},
    {
        "hostname": "pc-7",
        "osname": "Windows 10 Pro",
        "memorygb": 32,
        "networkinterfaces": [{"macaddress": "3C:52:82:AA:22:33", "addresses": ["192.168.7.7"]}],
        "installedsoftware": [{"name": "Firefox ESR", "version": "128.1"}],
    },
]


@pytest.fixture
def stocked(make_shop: Callable[..., Shop], tmp_path: Path) -> Shop:
    """Return a site with three computers and a printer, whose words are not in the index yet."""
    file = tmp_path / "fields.json"
    fields = {"type": "object", "properties": {"room": {"type": "string"}, "seats": {"type": "integer"}}}
    file.write_bytes(orjson.dumps(fields))
    shop = make_shop(site_fields=str(file))
    for computer in COMPUTERS:
        shop.submit("computers", computer)
    shop.submit("printers", {"serialnumber": "SN-9", "model": "LaserJet", "ipaddress": "10.1.9.9"})
    changed = shop.edit(
        "PATCH", "/api/assets/2", {"sitefields": {"room": "Halle 3 Nord", "seats": 4}}, **{"If-Match": '"1"'}
    )
    assert changed.status_code == 200
    return shop


def found(shop: Shop, query: str, **more: object) -> list[int]:
    """Return the ids that a search finds."""
    answer = shop.get(f"/api/assets?{urlencode({'q': query, **more})}")
    assert answer.status_code == 200, answer.text
    return [item["assetid"] for item in answer.json["items"]]


FOUND: Mapping[str, list[int]] = {
    "": [1, 2, 3, 4],
    "pc-0042": [1],
    "PC-": [1, 3],
    "0042": [1],
    "042": [],
    "3c:52:82": [1, 3],
    "3c:52:82:11": [1],
    "10.1.2.3": [1, 2],
    'ipaddress:"10.1.2.30"': [2],
    "192.168.": [3],
    "5cg1234xyz": [1],
    "firefox": [1, 3],
    "mozilla FIREFOX": [1],
    '"mozilla firefox"': [1],
    '"firefox mozilla"': [],
    '"firefox (x64"': [1],
    "installedsoftware.name:esr": [3],
    "installedsoftware:esr": [3],
    "osname:esr": [],
    "installedsoftware.version:128": [3],
    "installedsoftware.version:145.0.2": [1],
    "installedsoftware.version:128.1 windows": [3],
    "128.1": [3],
    "7-zip": [1],
    "24.08": [1],
    "24.": [1],
    "24.081": [],
    "2025-03-": [1],
    "17 2025-03-17": [],
    'installedsoftware:"7-zip 24.08"': [1],
    "windows -firefox": [],
    "windows -osname:11": [3],
    "-windows": [2, 4],
    "straße": [2],
    "MU\u0308LLER": [1],
    "müll": [1],
    "halle": [2],
    "room:nord": [2],
    "sitefields.room:nord": [2],
    'room:"halle 3"': [2],
    "attributes.room:nord": [],
    "attributes.anything:nord": [],
    "seats:4": [2],
    "seats:3": [],
    "memorygb:16": [1],
    "memorygb:16.0": [1],
    "memorygb:1": [],
    "memorygb>16": [3],
    "memorygb>=16": [1, 3],
    "memorygb<16": [2],
    "memorygb<=7.5": [2],
    "-memorygb>16": [1, 2, 4],
    "osname>16": [],
    "seen<1h": [1, 2, 3, 4],
    "seen>1h": [],
    "seen>2020-01-01 created>2020-01-01 updated<9999-12-31": [1, 2, 3, 4],
    "lastboottime>2026-10-31": [1],
    "lastboottime>2026-11-01": [],
    "lastboottime<=2026-11-01": [1],
    "lastboottime>2026-11-01T09:59:59Z": [1],
    "lastboottime<2026-11-01": [],
    "lastboottime:2026-11-01": [1],
    "installedsoftware.installdate>=2025-03-17": [1],
    "computers": [1, 2, 3],
    "assettype:printers": [4],
    "identityvalue:pc": [1, 3],
}


def test_found(stocked: Shop) -> None:
    """The same assets on every database, before their words are in the index and afterwards."""
    assert {query: found(stocked, query) for query in FOUND} == FOUND
    assert sum(index_marked(stocked.store, lambda: None)) == 4
    assert stocked.store.read(count_marked) == 0
    assert {query: found(stocked, query) for query in FOUND} == FOUND


def test_the_filters_of_the_list_hold_for_a_search(stocked: Shop) -> None:
    """Type, state and prefix of the identity, also without a word of the index."""
    stocked.edit("POST", "/api/assets/3/retire", {"reason": "sold"})
    for query in ("firefox", "-debian", "memorygb>1"):
        assert 3 not in found(stocked, query)
        assert found(stocked, query, state="retired") == [3]
        assert 3 in found(stocked, query, state="all")
        assert found(stocked, query, identityvalue="pc-0") == [1]
        assert found(stocked, query, assettype="printers") == ([4] if query == "-debian" else [])


def test_pages_go_on_after_the_last_asset(stocked: Shop) -> None:
    """Every asset is on one page."""
    pages, after = [], 0
    while after is not None:
        answer = stocked.get(f"/api/assets?q=10.1&limit=1&after={after}").json
        pages.append([item["assetid"] for item in answer["items"]])
        after = answer["next"]
    assert [page for page in pages if page] == [[1], [2], [4]]


def test_the_newest_first(stocked: Shop) -> None:
    """Page by page, before the words are in the index and afterwards, and where no term has words."""
    for _ in range(2):
        for query in ("10.1", "created>2020-01-01"):
            expected = found(stocked, query)[::-1]
            assert found(stocked, query, sort="-assetid") == expected
            pages, after = [], 0
            while after is not None:
                following = urlencode({"q": query, "sort": "-assetid", "limit": 1, "after": after})
                answer = stocked.get(f"/api/assets?{following}").json
                pages += [item["assetid"] for item in answer["items"]]
                after = answer["next"]
            assert pages == expected
        sum(index_marked(stocked.store, lambda: None))


def test_chosen_fields(stocked: Shop) -> None:
    """Columns, attributes and site fields, of items of a list all values; null for what is missing."""
    fields = "identityvalue,room,installedsoftware.name,memorygb"
    items = stocked.get(f"/api/assets?q=10.1&fields={fields}").json["items"]
    assert items[0] == {
        "identityvalue": "PC-0042",
        "room": None,
        "installedsoftware.name": ["7-Zip 24.08 (x64)", "Mozilla Firefox (x64 de)"],
        "memorygb": 16,
    }
    assert items[1]["room"] == "Halle 3 Nord"
    listed = stocked.get("/api/assets?fields=assetid,attributes&assettype=printers").json["items"]
    assert listed[0]["attributes"]["model"] == "LaserJet"


def test_csv_is_the_page_of_the_list(stocked: Shop) -> None:
    """With the columns of the type or those that were chosen, and the address of the next page."""
    answer = stocked.get("/api/assets.csv?q=windows&assettype=computers&limit=1")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.splitlines()[0] == (
        '"assetid","identityvalue","osname","model","serialnumber","ipaddress","lastseenat"'
    )
    assert answer.text.splitlines()[1].startswith(
        '"1","PC-0042","Windows 11 Pro","","5CG1234XYZ","10.1.2.3","20'
    )
    link = answer.headers["link"]
    following = stocked.get(link[1 : link.index(">")])
    assert [line.split(",")[1] for line in following.text.splitlines()[1:]] == ['"pc-7"']
    chosen = stocked.get("/api/assets.csv?q=straße&fields=identityvalue,room,sitefields")
    assert (
        chosen.text.splitlines()[1] == '"STRASSE-1","Halle 3 Nord","{""room"":""Halle 3 Nord"",""seats"":4}"'
    )
    assert '"state"' in stocked.get("/api/assets.csv").text


REFUSED: Sequence[tuple[dict[str, str], str]] = [
    ({"q": "osnam:x"}, "q: at character 1: osnam:x osnam is not a known field. Did you mean osname?"),
    ({"q": "pc installedsoftware.nam:x"}, "Did you mean installedsoftware.name?"),
    ({"q": "pc rom:x"}, "Did you mean room?"),
    ({"q": "pc memorygb>much"}, "q: at character 4: memorygb>much needs a number, a day"),
    ({"q": "seen>5"}, "needs a day such as 2026-11-01"),
    ({"fields": "osname,nonsense"}, "fields: nonsense is not a known field."),
    ({"fields": "osname,osname"}, "fields: osname is repeated."),
    ({"fields": ""}, "is not a known field"),
    ({"q": "x" * 60_000}, "a query has at most 1000 characters"),
]


def test_refused(stocked: Shop) -> None:
    """With a sentence that names the place and the next step, for the list and its CSV."""
    for query, message in REFUSED:
        for path in ("/api/assets", "/api/assets.csv"):
            answer = stocked.get(f"{path}?{urlencode(query)}")
            assert answer.status_code == 400
            assert message in answer.json["detail"]
