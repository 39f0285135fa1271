"""The timeline of one asset: what a page leaves out, and the steps of the changes."""

from datetime import timedelta

import pytest
from fleet import Fleet

from shopdb_core.audit.browsing.timeline import (
    Place,
    gaps,
    place_of,
    pruned_runs,
    step_after,
    step_at,
    step_before,
    steps,
)

pytestmark = pytest.mark.every_database


def test_what_is_left_out_is_counted_with_its_times(history):
    """Above the first entry of the page, between two, and below the last."""
    history.submit("PC-1", "A", "B", "B", "B", "C", "C")
    history.submit("PC-2", "A", "A")

    found = history.shop.store.read(lambda connection: gaps(connection, [1], [1, 2, 5], 0, 100))

    assert [(each.newest, each.number) for each in found] == [(6, 1), (4, 2)]
    assert (found[1].first, found[1].last) == (history.at(3), history.at(4))
    below = history.shop.store.read(lambda connection: gaps(connection, [1, 2], [5], 2, 6))
    assert [(each.newest, each.number) for each in below] == [(4, 2)]
    nothing = history.shop.store.read(lambda connection: gaps(connection, [2], [], 0, 100))
    assert [(each.newest, each.number) for each in nothing] == [(8, 2)]


def test_pruned_entries_are_known_by_their_checkpoints(pruned):
    """The newest first."""
    runs = pruned.shop.store.read(lambda connection: pruned_runs(connection, [1], 0, 100))

    assert [(run.firstauditid, run.lastauditid, run.entries) for run in runs] == [(8, 9, 2), (3, 5, 3)]
    some = pruned.shop.store.read(lambda connection: pruned_runs(connection, [1], 5, 10))
    assert [run.lastauditid for run in some] == [9]


def test_of_many_changes_some_are_chosen_evenly(history):
    """The newest is among them; noops are not."""
    history.submit("PC-1", "A", "B", "B", "C", "D", "E", "E")

    def chosen(most: int) -> tuple[int, list[int]]:
        found = history.shop.store.read(lambda connection: steps(connection, 1, most))
        return found.total, [each.auditid for each in found.chosen]

    assert chosen(500) == (5, [1, 2, 4, 5, 6])
    assert chosen(2) == (5, [4, 6])
    empty = history.shop.store.read(lambda connection: steps(connection, 99, 5))
    assert (empty.total, empty.chosen) == (0, [])


def test_the_changes_before_and_after_a_moment(history):
    """Of the moment of a noop, they are those around it; there is none beyond the ends."""
    history.submit("PC-1", "A", "B", "B", "C")
    store, noop = history.shop.store, history.at(3)

    now = store.read(lambda connection: step_at(connection, 1, noop))

    assert (now.auditid, now.at) == (2, history.at(2))
    before, after = (
        store.read(lambda connection, find=find: find(connection, 1, 2)) for find in (step_before, step_after)
    )
    assert (before.auditid, after.auditid) == (1, 4)
    assert store.read(lambda connection: step_before(connection, 1, 1)) is None
    assert store.read(lambda connection: step_after(connection, 1, 4)) is None
    earlier = history.at(1) - timedelta(seconds=1)
    assert store.read(lambda connection: step_at(connection, 1, earlier)) is None


def test_the_entries_of_a_merged_asset_are_left_out_together(history):
    """As one chain, in the order of the ids."""
    fleet = Fleet(history.shop)
    history.submit("PC-1", "A", "A")
    history.submit("PC-2", "A", "A")
    fleet.merge(1, 2)

    found = history.shop.store.read(lambda connection: gaps(connection, [1, 2], [1], 0, 5))

    assert [(each.newest, each.number) for each in found] == [(4, 3)]


def test_the_place_of_an_entry_counts_what_was_pruned(pruned):
    """Next to it is no entry where a checkpoint is."""

    def place(auditid: int) -> Place:
        return pruned.shop.store.read(lambda connection: place_of(connection, 1, auditid))

    assert place(1) == Place(1, 10, None, 2)
    assert place(2) == Place(2, 10, 1, 6)
    assert place(6) == Place(6, 10, None, 7)
    assert place(10) == Place(10, 10, None, None)
