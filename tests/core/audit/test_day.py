"""What happened on a site within a day."""

from datetime import UTC, datetime, timedelta

import pytest
from fleet import Fleet
from shops import Shop

from shopdb_core.audit.browsing import day
from shopdb_core.audit.browsing.day import Counted, summarize

pytestmark = pytest.mark.every_database


@pytest.fixture
def fleet(shop: Shop) -> Fleet:
    """Return a site with two computers, of which one changes, and a cell that is retired."""
    fleet = Fleet(shop)
    for osname in ("A", "A", "B", "C"):
        fleet.computer("PC-1", osname=osname, model="M")
    fleet.computer("PC-2", osname="A")
    fleet.computer("PC-2", model="N")
    cell = fleet.cell("Cell")
    fleet.post(f"/api/assets/{cell}/retire", {"reason": "gone"}, role="editor")
    return fleet


def around_now(fleet: Fleet, hours: int = 1):
    """Summarize the hours around the present, or those before it."""
    now = datetime.now(UTC)
    return fleet.shop.store.read(
        lambda connection: summarize(connection, now - timedelta(hours=hours), now + timedelta(hours=hours))
    )


def test_the_numbers_the_assets_and_the_fields(fleet):
    """By action and by plugin; what people did has no plugin."""
    found = around_now(fleet)

    assert set(found.counts) == {
        Counted("computers", "created", 2),
        Counted("computers", "updated", 3),
        Counted("computers", "noop", 1),
        Counted(None, "created", 1),
        Counted(None, "retired", 1),
    }
    assert found.by_action == {"created": 3, "updated": 3, "noop": 1, "retired": 1}
    assert found.by_plugin == {"computers": 6, None: 2}
    names = {action: [each["identityvalue"] for each in items] for action, items in found.assets.items()}
    assert names == {"created": ["Cell", "PC-2", "PC-1"], "retired": ["Cell"]}
    assert (found.fields, found.examined) == ([("osname", 2), ("model", 1)], 3)


def test_a_day_without_entries_is_empty(fleet):
    """Before the first entry, and after the last."""
    first = datetime(2001, 1, 1, tzinfo=UTC)
    for begin in (first, first + timedelta(days=365_000)):
        found = fleet.shop.store.read(
            lambda connection, begin=begin: summarize(connection, begin, begin + timedelta(days=1))
        )
        assert (found.counts, found.assets, found.fields, found.examined) == ([], {}, [], 0)


def test_every_part_has_a_bound(fleet, monkeypatch):
    """Numbers, names and fields."""
    for name in ("MOST_COUNTED", "MOST_NAMED", "MOST_EXAMINED"):
        monkeypatch.setattr(day, name, 1)

    found = around_now(fleet)

    assert Counted("computers", "updated", 2) in found.counts
    assert len(found.assets["created"]) == 2
    assert (found.fields, found.examined) == ([("model", 1)], 1)
