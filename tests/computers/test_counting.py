"""Counts and reports follow from the programs of the computers, in whatever order they were stored."""

import pytest
from computerlists import PROGRAMS, Lists, check, key_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, update

from shopdb_computers import remove_asset, store_assets
from shopdb_computers.programs import counting
from shopdb_computers.tables import (
    BLOCK,
    TOTAL,
    asset,
    count,
    inventory,
    packed,
    software,
    softwareid,
    uncounted,
)
from shopdb_hookspecs import AssetWrite

pytestmark = pytest.mark.every_database

COMPUTERS = [1, 2, 3, BLOCK - 1, BLOCK, BLOCK + 1]
lists = st.lists(st.sampled_from(PROGRAMS), unique_by=str).map(lambda listed: sorted(listed, key=str))
batches = st.lists(st.dictionaries(st.sampled_from(COMPUTERS), lists, min_size=1), max_size=8)


@pytest.fixture
def computers(connection: Connection) -> Connection:
    """Return a connection to a database with the assets."""
    rows = [
        {"assetid": number, "identityvalue": f"pc-{number}", "assettype": "computers"} for number in COMPUTERS
    ]
    connection.execute(insert(asset), rows)
    return connection


def store(connection: Connection, stored: Lists, batch: Lists, *, rebuilt: bool = False) -> None:
    """Store one batch, as ShopDB does."""
    store_assets(
        connection,
        [
            AssetWrite(
                key,
                {"installedsoftware": stored[key]} if key in stored and not rebuilt else None,
                {"installedsoftware": listed},
                rebuilt=rebuilt,
            )
            for key, listed in batch.items()
        ],
    )
    stored.update(batch)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(batches=batches, many=st.sampled_from([1, 3, 64]))
def test_counts_follow_from_the_programs(
    batches: list[Lists], many: int, computers: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any sequence of batches, however often the uncounted are counted; then after a rebuild of all."""
    monkeypatch.setattr(counting, "MANY", many)
    stored: Lists = {}
    savepoint = computers.begin_nested()
    for batch in batches:
        store(computers, stored, batch)
        check(computers, stored)

    store(computers, stored, dict(stored), rebuilt=True)
    check(computers, stored)
    savepoint.rollback()


def test_a_batch_writes_what_its_computers_write_alone(computers: Connection) -> None:
    """Neither the rows nor the counts depend on how many are written together."""
    listed = {key: PROGRAMS[: index + 1] for index, key in enumerate(COMPUTERS)}
    savepoint = computers.begin_nested()
    store(computers, {}, dict(listed))
    together = _tables(computers)
    savepoint.rollback()

    for key, programs in listed.items():
        store(computers, {}, {key: programs})

    assert _tables(computers) == together


def test_a_list_that_is_not_what_was_stored_counts_as_a_whole(computers: Connection) -> None:
    """`before` may have had a list that did not fit the declaration, or rows may have been deleted."""
    store(computers, {}, {1: PROGRAMS[:3]})
    store_assets(computers, [AssetWrite(1, {}, {"installedsoftware": PROGRAMS[1:]})])
    check(computers, {1: PROGRAMS[1:]})

    computers.execute(delete(inventory))
    computers.execute(delete(uncounted))
    before, after = {"installedsoftware": PROGRAMS[1:]}, {"installedsoftware": PROGRAMS}
    store_assets(computers, [AssetWrite(1, before, after)])
    check(computers, {1: PROGRAMS})


@pytest.mark.parametrize("many", [1, 64])
def test_a_rebuild_corrects_rows_and_counts(
    many: int, computers: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was edited by hand, in each block, also if only its last computers are rebuilt last."""
    monkeypatch.setattr(counting, "MANY", many)
    stored = {key: PROGRAMS[: index + 1] for index, key in enumerate(COMPUTERS)}
    store(computers, {}, stored)
    computers.execute(delete(inventory).where(inventory.c.computerid == 1))
    forged = packed([key_of(PROGRAMS[5])])
    computers.execute(update(inventory).where(inventory.c.computerid == BLOCK).values(softwareids=forged))
    computers.execute(update(count).values(computers=count.c.computers + 7))
    computers.execute(update(count).where(count.c.block == TOTAL).values(computers=2))
    computers.execute(insert(count).values(block=1, softwareid=softwareid("gone", "1"), computers=3))

    for first in range(0, len(COMPUTERS), 2):
        store(computers, {}, {key: stored[key] for key in COMPUTERS[first : first + 2]}, rebuilt=True)

    check(computers, stored)


def test_many_are_counted_together(computers: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to a limit computers are only marked; then all are counted, and no mark remains."""
    monkeypatch.setattr(counting, "MANY", 3)
    marked = []
    for key in COMPUTERS[:4]:
        store(computers, {}, {key: PROGRAMS[:1]})
        marked.append(len(computers.scalars(select(uncounted.c.computerid)).all()))

    assert marked == [1, 2, 0, 1]
    counts = computers.execute(select(count.c.block, count.c.computers).order_by(count.c.block)).all()
    assert counts == [(TOTAL, 3), (0, 3)]


@pytest.mark.parametrize("many", [1, 3, 64])
def test_a_computer_that_is_removed_counts_no_more(
    many: int, computers: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often the uncounted are counted; removing it again changes nothing, storing brings it back."""
    monkeypatch.setattr(counting, "MANY", many)
    stored = {key: PROGRAMS[: index + 1] for index, key in enumerate(COMPUTERS)}
    store(computers, {}, dict(stored))

    left = dict(stored)
    for key in (2, BLOCK, 2):
        remove_asset(computers, key)
        left.pop(key, None)
        check(computers, left)

    store(computers, {}, {2: stored[2], BLOCK: stored[BLOCK]})
    check(computers, stored)


def _tables(connection: Connection) -> list[list[tuple[object, ...]]]:
    return [
        sorted(map(tuple, connection.execute(select(table))))
        for table in (inventory, uncounted, count, software)
    ]
