"""What pruning and erasing mean for readers of the feed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from feedreader import Reader

from shopdb_core.audit.prune import Expiry, prune

pytestmark = pytest.mark.every_database


@pytest.fixture
def prune_noops(shop) -> Callable[[], None]:
    """Return a function that prunes all noops but the newest entry of each asset."""

    def run() -> None:
        later = datetime.now(UTC) + timedelta(seconds=1)
        assert sum(each.entries for each in prune(shop.store, shop.chain, [Expiry("noop", later, later)]))

    return run


def test_a_reader_that_missed_what_was_pruned_is_told(shop, reader, submit, prune_noops):
    """Its cursor is gone; that of a reader who had read it, or wants no noops, is not."""
    submit("PC-1")
    reader.rest()
    changes = Reader(shop, "&kind=change", reader.after)
    submit("PC-1", times=3)
    current = Reader(shop)
    current.rest()

    prune_noops()

    answer = shop.get(f"/api/changes?after={reader.after}")
    assert answer.status_code == 410
    assert "pruned" in answer.json["detail"]
    assert "after=newest" in answer.json["detail"]
    submit("PC-1", osname="Debian")
    assert [item["action"] for item in changes.rest()] == ["updated"]
    assert [item["action"] for item in current.rest()] == ["updated"]


def test_a_reader_from_the_oldest_entry_reads_what_is_left(shop, submit, prune_noops):
    """Page by page; what is pruned after it began is not passed over."""
    submit("PC-1", times=4)
    prune_noops()
    reader = Reader(shop)
    assert [item["auditid"] for item in reader.page(limit=1)] == [1]
    first = reader.after
    assert [item["auditid"] for item in reader.rest()] == [4]

    submit("PC-1", times=2)
    prune_noops()

    assert shop.get(f"/api/changes?after={first}").status_code == 410


def test_positions_go_with_their_entries(shop, submit, prune_noops):
    """Nothing is left of pruned entries."""
    submit("PC-1", times=4)
    prune_noops()

    (left,) = shop.rows("SELECT count(*) FROM auditposition")
    assert left == (0 if shop.settings.database_url.startswith("sqlite") else 2,)


def test_what_was_erased_is_no_gap(shop, reader, submit):
    """A reader that had not read it finds the erasure alone."""
    submit("PC-1", "PC-2")
    reader.page(limit=1)
    submit("PC-2", osname="Debian")
    assert shop.edit("DELETE", "/api/assets/2", role="admin").status_code == 200

    assert [(item["assetid"], item["action"]) for item in reader.rest()] == [(2, "erased")]
