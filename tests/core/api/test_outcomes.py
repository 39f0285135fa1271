"""`/api/refusals` and `/api/counts`: every submission that was not stored, and how many were."""

import json
import logging
from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize

import pytest
from shops import KEY

from shopdb_core.access.keys import MOST_WRONG_KEYS
from shopdb_hookspecs import hookimpl

pytestmark = [pytest.mark.every_database, pytest.mark.usefixtures("today")]

CANARY = "a-value-that-is-nobodys-business"
NDJSON = "application/x-ndjson"
ADDRESS = "203.0.113.9"

logger = logging.getLogger(__name__)


class Named:
    """A collector whose identity is any string, and whose number is never valid if it is a string."""

    @hookimpl
    def get_collector_schema(self):
        return {
            "identityfield": "name",
            "fields": {"name": {"type": "string"}, "number": {"type": "integer"}, "free": {}},
        }


class Stumbling(Named):
    """The same, which fails to store."""

    @hookimpl
    def store_asset(self, after):
        raise ValueError(after)


def post(shop, body: bytes, path: str = "computers", **headers: str):
    given = {"X-API-Key": KEY, "Content-Type": "application/json", "X-Request-ID": "r1"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    extras = {"REMOTE_ADDR": ADDRESS}
    return shop.client.simulate_post(f"/api/collector/{path}", body=body, headers=given, extras=extras)


def refusals(shop, query: str = "") -> list[dict[str, Any]]:
    shop.recorder.write()
    return shop.get(f"/api/refusals?{query}").json["items"]


def counts(shop, query: str = "") -> dict[tuple[str | None, str], int]:
    shop.recorder.write()
    items = shop.get(f"/api/counts?{query}").json["items"]
    assert len(items) == len({(each["day"], each["plugin"], each["outcome"]) for each in items})
    return {(each["plugin"], each["outcome"]): each["count"] for each in items}


REFUSED = {
    "400 not JSON": (b"{", "computers", {}, "400"),
    "400 a parameter": (b"{}", "computers?dryrun=perhaps", {}, "400"),
    "401 no key": (b"{}", "computers", {"X_API_Key": ""}, "401"),
    "401 a wrong key": (b"{}", "computers", {"X_API_Key": "wrong"}, "401"),
    "404": (b"{}", "nosuch", {}, "404"),
    "413": (b'"%s"' % (b"x" * 2_000_000), "computers", {}, "413"),
    "415": (b"{}", "computers", {"Content_Type": "text/plain"}, "415"),
    "422": (b'{"hostname": "PC-1", "memorygb": "much", "osname": 7}', "computers", {}, "422 type"),
    "422 without an identity": (b'{"osname": "Debian"}', "computers", {}, "422 required"),
    "422 a placeholder": (b'{"hostname": "Unknown"}', "computers", {}, "422 placeholder"),
    "422 of a batch": (b'{"hostname": 7}', "computers/_batch", {"Content_Type": NDJSON}, "422 type"),
    "415 of a batch": (b'{"hostname": 7}', "computers/_batch", {}, "415"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_each_refusal_is_listed_and_counted(shop, kind):
    """When, to which plugin, from where, why, and of which device; nothing of it was stored."""
    body, path, headers, outcome = REFUSED[kind]
    before = datetime.now(UTC)

    answer = post(shop, body, path, **headers)

    document = json.loads(answer.text.splitlines()[0])
    (item,) = refusals(shop)
    plugin = None if path == "nosuch" else "computers"
    at = datetime.fromisoformat(item.pop("at"))
    assert before <= at <= datetime.now(UTC)
    assert item == {
        "refusalid": 1,
        "plugin": plugin,
        "source": None,
        "clientaddress": ADDRESS,
        "requestid": "r1",
        "status": document["status"],
        "errors": [
            {"pointer": error["pointer"], "keyword": error["keyword"]} for error in document.get("errors", ())
        ],
        "identityvalue": {"422": "PC-1", "422 a placeholder": "Unknown"}.get(kind),
    }
    assert counts(shop) == {(plugin, outcome): 1}
    assert shop.count("asset") == 0


def test_throttled_clients_are_listed(shop):
    """429, after the wrong keys that led to it."""
    for _ in range(MOST_WRONG_KEYS + 2):
        post(shop, b"{}", X_API_Key="wrong")
    assert [each["status"] for each in refusals(shop)] == [401] * MOST_WRONG_KEYS + [429] * 2
    assert counts(shop) == {("computers", "401"): MOST_WRONG_KEYS, ("computers", "429"): 2}


def test_a_quarantined_plugin_is_listed(shop):
    """503: nothing is wrong with the submission, and it was not stored."""
    shop.plugins.quarantine("printers", "it is broken")
    post(shop, b'{"serialnumber": "SN-1"}', "printers")
    assert [(each["plugin"], each["status"], each["errors"]) for each in refusals(shop)] == [
        ("printers", 503, [])
    ]


def test_a_plugin_that_fails_is_listed(make_shop):
    """500, for a single submission and for each line of a batch."""
    shop = make_shop({"stumbling": Stumbling()})
    post(shop, b'{"name": "one"}', "stumbling")
    post(shop, b'{"name": "a"}\n{"name": "b"}', "stumbling/_batch", Content_Type=NDJSON)
    assert [each["status"] for each in refusals(shop)] == [500] * 3
    assert counts(shop) == {("stumbling", "500"): 3}


def test_what_was_stored_is_counted(shop):
    """Alone, in a batch, leniently, and without HTTP."""
    post(shop, b'{"hostname": "PC-1"}')
    post(shop, b'{"hostname": "PC-1"}')
    post(shop, b'{"hostname": "PC-1", "osname": "Debian", "memorygb": "much"}', Prefer="handling=lenient")
    lines = b'{"hostname": "PC-2"}\n{"hostname": 7}\n{"hostname": "PC-2"}\n{'
    post(shop, lines, "computers/_batch", Content_Type=NDJSON)
    shop.submit("printers", {"serialnumber": "SN-1"})

    assert counts(shop) == {
        ("computers", "created"): 2,
        ("computers", "updated"): 1,
        ("computers", "noop"): 2,
        ("computers", "422 type"): 1,
        ("computers", "400"): 1,
        ("printers", "created"): 1,
    }
    assert [each["status"] for each in refusals(shop)] == [422, 400]


@pytest.mark.parametrize("body", [b'{"hostname": "PC-1"}', b'{"hostname": 7}', b"{"])
def test_dry_runs_are_not_recorded(shop, body):
    """Neither their refusals nor what they would store."""
    post(shop, body, "computers?dryrun=true")
    post(shop, body, "computers/_batch?dryrun=true", Content_Type=NDJSON)
    shop.submissions.submit_many("computers", [{"hostname": "PC-1"}], None, dryrun=True)
    assert (refusals(shop), counts(shop)) == ([], {})


def test_other_requests_are_not_recorded(shop):
    """Refusals of what is no submission: reads, writes of people, other methods."""
    client = shop.client
    client.simulate_get("/api/assets")
    client.simulate_post("/api/assets", json={}, headers=shop.bearer("editor"))
    client.simulate_post("/api/collector/_schemas/computers", json={}, headers={"X-API-Key": KEY})
    client.simulate_get("/api/collector/computers", headers={"X-API-Key": KEY})
    client.simulate_get("/api/reports/computers/nosuch", headers=shop.bearer())
    assert (refusals(shop), counts(shop)) == ([], {})


def test_no_value_but_the_identity_is_kept(make_shop):
    """Wherever it is wrong, in a body that is no JSON, in an unknown path, and in a key."""
    shop = make_shop({"named": Named()})
    for body in (
        {"name": "one", "number": CANARY},
        {"name": "one", "number": [CANARY]},
        {"name": {"a": CANARY}, "number": CANARY},
        {"name": f"\x00{CANARY}"},
        {"name": f"{CANARY}{'x' * 300}"},
        {"name": "one", "free": f"\x00{CANARY}"},
    ):
        assert post(shop, json.dumps(body).encode(), "named").status_code == 422
    post(shop, f'{{"name": "{CANARY}'.encode(), "named")
    post(shop, b"{}", CANARY)
    post(shop, b"{}", "named", X_API_Key=CANARY)
    post(shop, b"{}", f"named?dryrun={CANARY}")
    post(shop, b"{}", "named", Content_Type=CANARY)

    listed = refusals(shop)

    assert len(listed) == 11
    assert [each["identityvalue"] for each in listed] == ["one", "one", None, None, None, "one", *[None] * 5]
    rows = f"{listed}{shop.rows('SELECT * FROM refusal')}{shop.rows('SELECT * FROM submissioncount')}"
    assert CANARY not in rows


def test_hostile_identities_are_kept_or_left_out(make_shop, testdata):
    """A string that could be an identity or is a placeholder is kept; of any other only the refusal is."""
    shop = make_shop({"named": Named()})
    naughty = json.loads((testdata / "blns.json").read_text("utf-8"))
    strings = [*naughty, "a\x00b", "\ud800", "\x1b[31m", "x" * 256]

    def may_be_kept(string: str) -> bool:
        answer = post(shop, json.dumps({"name": string}).encode(), "named?dryrun=true")
        return answer.status_code == 200 or answer.json["errors"][0]["keyword"] == "placeholder"

    answers = [post(shop, json.dumps({"name": each, "number": "x"}).encode(), "named") for each in strings]

    assert {answer.status_code for answer in answers} == {422}
    shop.recorder.write()
    kept = [value for (value,) in shop.rows("SELECT identityvalue FROM refusal ORDER BY refusalid")]
    expected = [normalize("NFC", each.strip()) if may_be_kept(each) else None for each in strings]
    assert kept == expected
    logger.info("%s of %s identities were kept", len([*filter(None, kept)]), len(kept))


def test_days_are_written_in_one_way(today, shop):
    """A range of days, both included."""
    shop.submit("computers", {"hostname": "PC-1"})
    today = today.isoformat()
    found = {("computers", "created"): 1}

    assert counts(shop, f"from={today}&to={today}") == found
    assert counts(shop, "from=0001-01-01&to=9999-12-31") == found
    assert counts(shop, "from=9999-12-31") == counts(shop, "to=2026-01-01") == {}
    for odd in ("20261122", "2026-W47-7", "2026-11-22T00:00", "2026-2-3", "yesterday"):
        answer = shop.get(f"/api/counts?from={odd}")
        assert (answer.status_code, answer.json["detail"]) == (400, "from must be a day such as 2026-11-22.")


def test_the_source_of_what_was_refused(make_shop):
    """The name of the key is in the refusal, and counts are those of each source."""
    shop = make_shop(shared_keys=(f"pxe:{KEY}",))
    post(shop, b'{"hostname": "PC-1"}')
    post(shop, b'{"hostname": 7}')

    assert [each["source"] for each in refusals(shop)] == ["pxe"]
    shop.recorder.write()
    items = shop.get("/api/counts").json["items"]
    assert {(each["source"], each["outcome"]) for each in items} == {("pxe", "created"), ("pxe", "422 type")}
    assert refusals(shop, "source=glpi") == []
