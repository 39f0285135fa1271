"""The statements that store inventories: one message on a database server, and no difference otherwise."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Table, select

from shopdb_computers.programs import sending
from shopdb_computers.programs.writer import Writer
from shopdb_computers.tables import inventory, packed, software, uncounted

pytestmark = pytest.mark.every_database

DAY = "2026-01-31"
NAME = "a; DELETE FROM computers_software; -- %s %% 'é"
PROGRAMS = {7: {"name": NAME, "version": "1"}, 8: {"name": "plain"}}


@pytest.mark.parametrize("longest", [sending.LONGEST_TEXT, 1])
def test_all_are_executed(
    connection: Connection,
    add_computer: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    longest: int,
) -> None:
    """Also if they are too long for one message."""
    monkeypatch.setattr(sending, "LONGEST_TEXT", longest)
    key = add_computer("pc-1")

    Writer(connection).put_inventories([(key, packed(PROGRAMS))], PROGRAMS, [(key + 1, packed([9]))], DAY)

    assert [*connection.execute(select(software.c.softwareid, software.c.name))] == [(7, NAME), (8, "plain")]
    assert connection.scalars(select(inventory.c.softwareids)).all() == [packed(PROGRAMS)]
    marks = select(uncounted.c.softwareids).where(uncounted.c.computerid == key + 1)
    assert connection.scalars(marks).all() == [packed([9])]


@pytest.mark.parametrize("table", [software, inventory, uncounted])
def test_the_error_of_one_of_them_is_raised(
    connection: Connection, add_computer: Callable[..., int], table: Table
) -> None:
    """Of the first, the last or the one between; here its table is not there."""
    key = add_computer("pc-1")
    table.drop(connection)

    with pytest.raises(Exception, match=table.name):
        Writer(connection).put_inventories([(key, packed(PROGRAMS))], PROGRAMS, [(key, b"")], DAY)
