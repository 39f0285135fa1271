"""Every combination of filters lists what a search through everything finds, page by page."""

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
from shops import ORIGIN, Shop

from shopdb_core.assets import listed_ids
from shopdb_core.assets.identity import identity_key
from shopdb_core.edits.creating import ManualEntry
from shopdb_core.edits.edit import Editor
from shopdb_core.outcomes.records import Refusal
from shopdb_core.store.tables import LARGEST_ID

pytestmark = pytest.mark.every_database

NAMES = ("PC-1", "pc-2", "Pc-10", "SN-1", "sn-10", "line 1", "Straße")


@pytest.fixture
def mixed(shop: Shop) -> Shop:
    """Return a site with three types of assets, and entries of every plugin and action in turn."""
    for number, name in enumerate(NAMES * 3):
        if name.casefold().startswith("pc"):
            shop.submit("computers", {"hostname": name, "memorygb": 1 + number // len(NAMES) // 2})
        elif name.casefold().startswith("sn"):
            shop.submit("printers", {"serialnumber": name})
        elif number < len(NAMES):
            create_by_hand(shop, "line", name)
    for source, target in ((1, 6), (1, 2), (6, 7), (4, 6)):
        path = f"/api/assets/{source}/relationships"
        body = {"relationshiptype": "part_of", "targetassetid": target}
        headers = shop.bearer("editor")
        created = shop.client.simulate_post(path, json=body, headers=headers)
        assert created.status_code == 201
    shop.client.simulate_delete(created.headers["location"], headers=headers)
    return shop


def create_by_hand(shop: Shop, assettype: str, name: str) -> None:
    """Create an asset of a type that no plugin collects."""
    shop.store.transaction(ManualEntry(assettype, name, {}, Editor(ORIGIN, shop.chain, shop.plugins)))


def listed(shop: Shop, path: str, limit: int, **query: object) -> list[Any]:
    """Return all items of a list, page by page."""
    items, after = [], 0
    while after is not None:
        answer = shop.get(f"{path}?{urlencode({**query, 'after': after, 'limit': limit})}").json
        assert len(answer["items"]) == limit or answer["next"] is None
        items += answer["items"]
        after = answer["next"]
    return items


def filters(**values: tuple[object, ...]) -> Iterator[dict[str, object]]:
    """Yield each combination of filters, where each has one of its values or is left out."""
    for combination in product(*((None, *each) for each in values.values())):
        given = dict(zip(values, combination, strict=True))
        yield {name: value for name, value in given.items() if value is not None}


def test_audit(mixed):
    """By plugin, action and asset, also those that nothing has."""
    everything = listed(mixed, "/api/audit", 100)
    assert {(entry["plugin"], entry["action"]) for entry in everything} >= {
        ("computers", "created"),
        ("computers", "noop"),
        ("computers", "updated"),
        ("printers", "noop"),
        (None, "created"),
        (None, "related"),
        (None, "unrelated"),
    }
    actions = ("created", "updated", "noop", "related", "unrelated")

    for query in filters(plugin=("computers", "printers", "nobody"), action=actions, assetid=(1, 6, 99)):
        expected = [entry for entry in everything if query.items() <= entry.items()]
        assert listed(mixed, "/api/audit", 3, **query) == expected, query


@pytest.mark.parametrize("few", [0, 2, 5, listed_ids.FEW])
def test_assets(mixed, monkeypatch, few):
    """By type and prefix, whether few or many assets have the prefix."""
    monkeypatch.setattr(listed_ids, "FEW", few)
    everything = listed(mixed, "/api/assets", 100)
    assert len(everything) == len(NAMES)
    prefixes = ("pc", "PC-1", "s", "STRASSE", "x", "%")

    for query in filters(assettype=("computers", "printers", "line", "nobody"), identityvalue=prefixes):
        prefix = str(query.get("identityvalue", "")).casefold()
        expected = [
            asset
            for asset in everything
            if asset["identityvalue"].casefold().startswith(prefix)
            and asset["assettype"] == query.get("assettype", asset["assettype"])
        ]
        assert listed(mixed, "/api/assets", 2, **query) == expected, query
    assert mixed.get(f"/api/assets?identityvalue=pc&after={LARGEST_ID}").json["items"] == []


def test_sorted_assets(mixed, monkeypatch):
    """By id and by identity, in both directions, with each filter, page by page."""
    monkeypatch.setattr(listed_ids, "FEW", 2)
    monkeypatch.setattr(listed_ids, "MOST_SERIES", 2)
    create_by_hand(mixed, "place", "LINE 1")
    everything = listed(mixed, "/api/assets", 100)
    prefixes = ("pc", "LINE", "x")

    for query in filters(assettype=("computers", "place", "nobody"), identityvalue=prefixes, state=("all",)):
        shown = listed(mixed, "/api/assets", 100, **query)
        for sort, key in (
            ("assetid", lambda asset: asset["assetid"]),
            ("identityvalue", lambda asset: (identity_key(asset["identityvalue"]), asset["assettype"])),
        ):
            expected, limit = sorted(shown, key=key), 1 if len(shown) < len(prefixes) else 2
            assert listed(mixed, "/api/assets", limit, sort=sort, **query) == expected, (sort, query)
            backwards = listed(mixed, "/api/assets", limit, sort=f"-{sort}", **query)
            assert backwards == expected[::-1], (sort, query)
    assert len(everything) == len(NAMES) + 1
    mixed.edit("POST", "/api/assets/2/retire", {"reason": "sold"})
    mixed.edit("POST", "/api/assets/4/retire", {"reason": "sold"})
    names = [asset["identityvalue"] for asset in listed(mixed, "/api/assets", 2, sort="-identityvalue")]
    assert names == ["Straße", "sn-10", "Pc-10", "PC-1", "LINE 1", "line 1"]
    retired = listed(mixed, "/api/assets", 1, sort="-assetid", state="retired")
    assert [asset["assetid"] for asset in retired] == [4, 2]


def test_counted_assets(mixed):
    """As many as the list has, or the most that are counted, with each filter and in each state."""
    for number in (1, 3, 4):
        mixed.edit("POST", f"/api/assets/{number}/retire", {"reason": "sold"})
    types, states = ("computers", "line", "nobody"), ("active", "retired", "all")

    for query in filters(assettype=types, identityvalue=("pc", "x"), state=states):
        number = len(listed(mixed, "/api/assets", 100, **query))
        asked = {"assettype": None, "identityvalue": None, "state": "active", **query}
        for most in (1, 3, 100):
            count = partial(listed_ids.count_first, **asked, most=most)
            assert mixed.store.read(count) == min(number, most), (query, most)


def test_orders_that_no_index_has_are_refused(mixed):
    """With a sentence that names the parameters; also a page after an asset that does not exist."""
    for query, message in (
        ("sort=identityvalue&state=retired", "sort: retired assets are not listed by identity"),
        ("sort=identityvalue&q=pc", "sort: what a search finds is sorted by assetid alone"),
        ("sort=identityvalue&after=99", "after: there is no asset 99"),
        ("sort=lastseenat", "sort must be one of assetid, -assetid, identityvalue, -identityvalue"),
    ):
        for path in ("/api/assets", "/api/assets.csv"):
            answer = mixed.get(f"{path}?{query}")
            assert answer.status_code == 400
            assert message in answer.json["detail"]


def test_relationships(mixed):
    """In both directions, in the order of their ids."""
    found = [
        [each["relationshipid"] for each in listed(mixed, f"/api/assets/{number}/relationships", 1)]
        for number in range(1, len(NAMES) + 1)
    ]
    assert found == [[1, 2], [2], [], [], [], [1, 3], [3]]


def test_duplicates(shop):
    """Of every kind or of one, without those that were ignored."""
    for number in range(4):
        mac = f"00:1A:2B:00:00:0{number}"
        shop.submit("computers", {"hostname": f"old{number}", "macaddress": mac})
        shop.submit("computers", {"hostname": f"new{number}", "macaddress": mac})
        shop.submit("computers", {"hostname": f"new{number}.example", "macaddress": None})
    everything = listed(shop, "/api/duplicates", 100)
    assert [each["kind"] for each in everything] == ["renamed", "samehost"] * 4
    path = f"/api/duplicates/{everything[2]['duplicateid']}/ignore"
    assert shop.client.simulate_post(path, headers=shop.bearer("editor")).status_code == 200
    del everything[2]

    for query in filters(kind=("renamed", "samehost", "swapped", "collision")):
        expected = [each for each in everything if query.items() <= each.items()]
        assert listed(shop, "/api/duplicates", 2, **query) == expected, query


def test_refusals_and_counts(today, shop):
    """By plugin, source and status; counts also by day."""
    for number in range(12):
        plugin = ("computers", "printers", None)[number % 3]
        source = (None, "pxe")[number % 2]
        shop.recorder.refused(Refusal(plugin, (401, 404, 422)[number % 3 - 1], "r1", None, source=source))
        shop.recorder.count(plugin or "network", "noop", source)
    shop.recorder.write()
    today = today.isoformat()

    for path, more in (
        ("/api/refusals", {"status": (401, 404, 422, 503)}),
        ("/api/counts", {"from": (today, "9999-12-31"), "to": (today, "2026-01-01")}),
    ):
        everything = listed(shop, path, 100)
        assert len(everything) == 12
        for query in filters(plugin=("computers", "printers", "nobody"), source=("pxe", "nobody"), **more):
            asked = {name: value for name, value in query.items() if name not in ("from", "to")}
            is_today = query.get("from", today) == query.get("to", today) == today
            expected = [each for each in everything if is_today and asked.items() <= each.items()]
            assert listed(shop, path, 2, **query) == expected, query
