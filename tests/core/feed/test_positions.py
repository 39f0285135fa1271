"""Positions on database servers, where numbers are given before the commit."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from shops import ORIGIN, Shop

from shopdb_core.audit import positions
from shopdb_core.edits.creating import ManualEntry
from shopdb_core.edits.edit import Editor

pytestmark = pytest.mark.every_server


@contextmanager
def unfinished(shop: Shop, name: str, *, commits: bool = True) -> Iterator[None]:
    """Hold a transaction open within the block that has written an audit entry; then end it."""
    written, may_end = threading.Event(), threading.Event()

    def work(connection) -> None:
        ManualEntry("cell", name, {}, Editor(ORIGIN, shop.chain, shop.plugins))(connection)
        written.set()
        may_end.wait(20)

    run = shop.store.transaction if commits else shop.store.dry_run
    thread = threading.Thread(target=run, args=[work])
    thread.start()
    assert written.wait(20)
    try:
        yield
    finally:
        may_end.set()
        thread.join()


def settled(shop: Shop) -> int:
    ((number,),) = shop.rows("SELECT settled FROM auditfeed")
    return number


def names(items: list[dict]) -> list[str]:
    return [item["identityvalue"] for item in items]


def test_a_late_commit_comes_later(shop, reader, submit):
    """An entry with a lower number than others follows them, once."""
    submit("PC-1")
    with unfinished(shop, "late"):
        submit("PC-2", "PC-3")
        assert names(reader.rest()) == ["PC-1", "PC-2", "PC-3"]
    submit("PC-4")

    items = reader.rest()

    assert names(items) == ["late", "PC-4"]
    assert [item["auditid"] for item in items] == [2, 5]


def test_also_if_it_has_the_first_number(shop, reader, submit):
    """A site that is new has nothing before the gap."""
    with unfinished(shop, "late"):
        submit("PC-1")
        assert names(reader.rest()) == ["PC-1"]

    assert names(reader.rest()) == ["late"]


def test_a_number_that_was_rolled_back_is_given_up(shop, reader, submit, monkeypatch):
    """After the longest time that a transaction may take, nothing before it is searched again."""
    with unfinished(shop, "never", commits=False):
        submit("PC-1", "PC-2")
    assert names(reader.rest()) == ["PC-1", "PC-2"]
    assert settled(shop) == 0
    monkeypatch.setattr(positions, "LONGEST_TRANSACTION", timedelta())
    submit("PC-3")

    assert names(reader.rest()) == ["PC-3"]

    assert settled(shop) == 4


def test_a_transaction_that_took_too_long_is_found_before_pruning(shop, reader, submit, monkeypatch):
    """Its entry is only late."""
    monkeypatch.setattr(positions, "LONGEST_TRANSACTION", timedelta())
    with unfinished(shop, "late"):
        submit("PC-1")
        assert names(reader.rest()) == ["PC-1"]
    assert reader.rest() == []

    positions.place_entries(shop.store, positions.LOOK_BACK)

    assert names(reader.rest()) == ["late"]


@pytest.fixture(params=[(1, 100), (3, 100), (3, 2), (100, 2)])
def in_batches(request, monkeypatch):
    """Place few entries at once, and search few for gaps."""
    monkeypatch.setattr(positions, "BATCH", request.param[0])
    monkeypatch.setattr(positions, "LARGEST_SCAN", request.param[1])


@pytest.mark.usefixtures("in_batches")
def test_many_entries_are_placed_in_batches(shop, reader, submit):
    """Whatever the sizes are, all of them are placed and settled."""
    submit("PC-1", "PC-2", times=4)

    positions.place_entries(shop.store)

    assert [item["position"] for item in reader.rest()] == [*range(1, 9)]
    for number in range(8):
        submit(f"PC-{number}")
        positions.place_entries(shop.store)
    assert settled(shop) == 16


def test_several_processes_place_entries(shop, submit, reader):
    """At the same time, while others write: each entry gets one position."""
    stop = threading.Event()

    def place() -> None:
        while not stop.is_set():
            positions.place_entries(shop.store)

    threads = [threading.Thread(target=place) for _ in range(3)]
    for thread in threads:
        thread.start()
    submit("PC-1", "PC-2", times=20)
    stop.set()
    for thread in threads:
        thread.join()

    assert sorted(item["auditid"] for item in reader.rest()) == [*range(1, 41)]


def test_an_upgrade_places_the_entries_that_exist(site):
    """So that the first reader does not wait for it."""
    server = site.serve()
    for number in range(3):
        server.submit("computers", {"hostname": f"PC-{number}"})
    assert server.stop() == 0
    assert site.database.query("SELECT count(*) FROM auditposition") == [(0,)]

    site.upgrade()

    assert site.database.query("SELECT position, auditid FROM auditposition ORDER BY position") == [
        (1, 1),
        (2, 2),
        (3, 3),
    ]
