"""Looking through the entries of a site, the newest first, with filters of every kind."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from databases import execute
from fleet import Fleet
from shops import Shop
from sqlalchemy import make_url

from shopdb_core.audit.browsing import pages as browsing_pages
from shopdb_core.audit.browsing.filters import EntryFilters
from shopdb_core.audit.browsing.pages import Entries, browse, count_unchanged, read_entry
from shopdb_core.audit.browsing.times import SKEW, boundary, ids_between
from shopdb_core.errors import NotFound
from shopdb_core.submissions import Origin

pytestmark = pytest.mark.every_database

BEGINNING = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def fleet(shop: Shop) -> Fleet:
    """Return a site with entries of two plugins, of two sources, and of people, an hour apart."""
    fleet = Fleet(shop)
    for source, osname in (("pxe", "A"), ("pxe", "A"), (None, "B"), ("glpi", "B")):
        for name in ("PC-1", "PC-2"):
            origin = Origin("collector:computers", f"run-{osname}", source=source)
            shop.submissions.submit("computers", {"hostname": name, "osname": osname}, origin)
    shop.submit("printers", {"serialnumber": "SN-1"})
    boot = {"hostname": "PC-1", "lastboottime": "2026-01-01T00:00:00Z"}
    shop.submit("computers", boot)
    shop.submit("computers", {**boot, "lastboottime": "2026-01-02T00:00:00Z"})
    cell = fleet.cell("Cell", after="x", osname={"a": {"b": 1}})
    fleet.relate(1, cell)
    fleet.merge(1, 2)
    date_entries(shop, lambda number: BEGINNING + number * timedelta(hours=1))
    return fleet


def date_entries(shop: Shop, at: Any) -> None:
    """Date each entry by its number; nothing here verifies the seals."""
    for (auditid,) in shop.rows("SELECT auditid FROM auditentry"):
        moment = at(auditid).replace(tzinfo=None).isoformat(" ", "microseconds")
        statement = f"UPDATE auditentry SET at = '{moment}' WHERE auditid = {auditid}"
        execute(make_url(shop.settings.database_url), statement)


def found(fleet: Fleet, limit: int = 100, **filters: object) -> list[Any]:
    """Return all entries that match, page by page."""
    items, before = [], None
    while True:
        page = look(fleet, before=before, limit=limit, **filters)
        assert len(page.items) == limit or page.next is None or page.reached
        items += page.items
        if page.next is None:
            return items
        before = page.next


def look(fleet: Fleet, *, before: int | None = None, limit: int = 100, **filters: object) -> Entries:
    """Return one page."""
    wanted = EntryFilters(**filters)
    return fleet.shop.store.read(lambda connection: browse(connection, wanted, before=before, limit=limit))


FILTERS: dict[str, Any] = {
    "plugin": {
        "computers": lambda each: each["plugin"] == "computers",
        "": lambda each: each["plugin"] is None,
        "nobody": lambda _: False,
    },
    "source": {"pxe": lambda each: each["source"] == "pxe"},
    "actor": {
        "tester": lambda each: each["actor"] in ("tester", "user:tester"),
        "collector:computers": lambda each: each["actor"] == "collector:computers",
    },
    "action": {
        "updated": lambda each: each["action"] == "updated",
        "noop": lambda each: each["action"] == "noop",
    },
    "field": {"osname": lambda each: "osname" in each["diff"], "a": lambda _: False},
    "requestid": {"run-B": lambda each: each["requestid"] == "run-B"},
    "assetid": {1: lambda each: each["assetid"] in (1, 2), 3: lambda each: each["assetid"] == 3},
    "first": {BEGINNING + timedelta(hours=4): lambda each: each["at"] >= BEGINNING + timedelta(hours=4)},
    "last": {BEGINNING + timedelta(hours=12): lambda each: each["at"] < BEGINNING + timedelta(hours=12)},
    "shown": {
        "all": lambda _: True,
        "lasting": lambda each: not each["volatileonly"],
    },
}


def test_every_pair_of_filters_finds_what_a_search_through_everything_finds(fleet, monkeypatch):
    """The newest first, with pages and chunks of every size."""
    everything = found(fleet, shown="all")
    ids = [each["auditid"] for each in everything]
    assert ids == sorted(ids, reverse=True)
    assert {each["action"] for each in everything} >= {"created", "updated", "noop", "related", "merged"}
    single = [(name, value, fits) for name, values in FILTERS.items() for value, fits in values.items()]
    pairs = [
        (one, other) for number, one in enumerate(single) for other in single[number:] if one[0] != other[0]
    ]

    for number, ((name, value, fits), (second, another, also)) in enumerate(pairs):
        monkeypatch.setattr(browsing_pages, "FIRST_CHUNK", 4 + number % 20)
        filters = {name: value, second: another}
        hides = filters.get("shown") != "all" and filters.get("action") is None
        expected = [
            each
            for each in everything
            if fits(each) and also(each) and not (hides and each["action"] == "noop")
        ]
        assert found(fleet, 3 + number % 7, **filters) == expected, filters


def test_a_page_whose_time_is_over_says_how_far_it_went(fleet, monkeypatch):
    """Its entries may be none; the following pages have the others."""
    monkeypatch.setattr(browsing_pages, "FIRST_CHUNK", 3)
    monkeypatch.setattr(browsing_pages, "LARGEST_CHUNK", 3)
    everything = found(fleet, requestid="run-A")
    assert [each["auditid"] for each in everything] == [2, 1]

    def hurried(before: int | None) -> Entries:
        wanted = EntryFilters(requestid="run-A")
        return fleet.shop.store.read(
            lambda connection: browse(connection, wanted, before=before, limit=5, seconds=0)
        )

    pages = [hurried(None)]
    while pages[-1].next is not None:
        pages.append(hurried(pages[-1].next))

    assert [each for page in pages for each in page.items] == everything
    assert len(pages) > 2
    assert pages[0].items == []
    assert pages[0].reached == BEGINNING + pages[0].next * timedelta(hours=1)


def test_a_long_diff_is_not_read(fleet, monkeypatch):
    """Its length is known all the same."""
    monkeypatch.setattr(browsing_pages, "SHOWN_BYTES", 50)

    by_id = {each["auditid"]: each for each in found(fleet)}

    (size,) = fleet.shop.rows("SELECT length(diff) FROM auditentry WHERE auditid = 1")[0]
    assert size > 50
    assert (by_id[1]["diff"], by_id[1]["size"]) == (None, size)
    assert by_id[5]["diff"] == {"osname": {"before": "A", "after": "B"}}


def test_one_entry_has_its_hashes(fleet):
    """It verifies as it is, before somebody changed it."""
    entry = fleet.shop.store.read(lambda connection: read_entry(connection, 3))

    assert (entry.action, entry.assettype, len(entry.hash)) == ("noop", "computers", 32)
    assert not fleet.shop.chain.verify(entry), "its time was changed above"
    with pytest.raises(NotFound, match="no audit entry 99"):
        fleet.shop.store.read(lambda connection: read_entry(connection, 99))


def test_submissions_without_a_change_are_counted_up_to_a_limit(fleet, monkeypatch):
    """Those of all plugins."""
    noops = len(found(fleet, action="noop"))
    assert noops > 2

    def count(low: int, high: int) -> int:
        return fleet.shop.store.read(lambda connection: count_unchanged(connection, low, high))

    assert count(0, 1_000) == noops
    assert count(3, 4) == 0
    monkeypatch.setattr(browsing_pages, "MOST_UNCHANGED", 1)
    assert count(0, 1_000) == 2


def test_a_time_is_found_among_the_ids(fleet):
    """Of an entry itself, between two, before all, after all, and where ids are missing."""
    execute(make_url(fleet.shop.settings.database_url), "DELETE FROM auditentry WHERE auditid IN (6, 7)")

    def at(hours: float) -> int:
        moment = BEGINNING + timedelta(hours=hours)
        return fleet.shop.store.read(lambda connection: boundary(connection, moment))

    newest = found(fleet, shown="all")[0]["auditid"]
    assert [at(hours) for hours in (0, 1, 4, 4.5, 10, 999)] == [1, 1, 4, 5, 10, newest + 1]
    assert at(5.5) in (6, 7, 8)


def test_no_entry_is_missed_whose_clock_was_a_few_minutes_wrong(fleet):
    """Every other entry is five minutes late: the ids of a range have all entries of its times."""
    date_entries(
        fleet.shop,
        lambda number: BEGINNING + number * timedelta(seconds=100) + (SKEW if number % 2 else -SKEW),
    )
    everything = found(fleet, shown="all")

    for minutes in range(-10, 40):
        first = BEGINNING + timedelta(minutes=minutes)
        last = first + timedelta(minutes=7)
        expected = [each for each in everything if first <= each["at"] < last]
        assert found(fleet, shown="all", first=first, last=last) == expected


def test_the_ends_of_time_are_no_error(fleet):
    """The margin of the clocks does not lead out of the calendar."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

    low, high = fleet.shop.store.read(lambda connection: ids_between(connection, first, last))

    assert (low, high > low) == (1, True)
