"""Statements that are sent together: one message on a database server, and no difference otherwise."""

from collections.abc import Callable

import pytest
from databases import Database
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Table,
    bindparam,
    create_engine,
    func,
    insert,
    select,
    update,
)

from shopdb_core.store import Insertion, Rows, Statement, Store, read_all
from shopdb_core.store.statement import JsonText, RowId

pytestmark = pytest.mark.every_database

NOTE = Table(
    "note",
    MetaData(),
    Column("noteid", RowId, primary_key=True),
    Column("content", JsonText, nullable=False),
)
INSERTION = Insertion(NOTE, ["content"])
ADD = Statement(insert(NOTE).values(content=bindparam("content")))
CHANGE = Statement(
    update(NOTE).where(NOTE.c.noteid == bindparam("note")).values(content=bindparam("content"))
)
COUNT = Statement(select(func.count()).select_from(NOTE))
CONTENT = Statement(select(NOTE.c.content).where(NOTE.c.noteid == bindparam("note")))


@pytest.fixture
def notes(marked: Database) -> Callable[[], list[str]]:
    """Create the table, and return a function that reads it."""
    engine = create_engine(marked.url)
    NOTE.metadata.create_all(engine)
    engine.dispose()
    return lambda: [content for (content,) in marked.query("SELECT content FROM note ORDER BY noteid")]


def added(count: int) -> list[dict[str, str]]:
    """Return rows to insert."""
    return [{"content": f"{number}; DELETE FROM note; -- %s %%"} for number in range(count)]


def test_the_writes_are_done_in_order_and_the_ids_are_those_of_the_insertion(
    store: Store, notes: Callable[[], list[str]]
) -> None:
    """Also if their text is longer than a message may be, and with any number of rows."""
    first = store.transaction(lambda connection: INSERTION.insert(connection, added(70)))
    large = [{"note": key, "content": f"{key} " + "é'" * 30_000} for key in first]
    last = [{"note": key, "content": str(key)} for key in first]

    def work(connection: Connection) -> list[int]:
        after = [(CHANGE, large), (ADD, []), (CHANGE, last[1:]), (ADD, added(1))]
        return INSERTION.insert(connection, added(3), after=after)

    ids = store.transaction(work)
    assert ids == sorted({*ids} - {*first})
    assert len(ids) == 3
    assert notes() == [
        large[0]["content"],
        *(str(key) for key in first[1:]),
        added(1)[0]["content"],
        *(each["content"] for each in added(3)),
    ]


def test_without_rows_the_writes_are_done(store: Store, notes: Callable[[], list[str]]) -> None:
    """And there are no ids."""
    assert (
        store.transaction(lambda connection: INSERTION.insert(connection, [], after=[(ADD, added(2))])) == []
    )
    assert len(notes()) == 2


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("count", [0, 1, 3])
def test_queries_of_an_insertion_find_what_was_inserted(store: Store, count: int) -> None:
    """Each has its own rows, also if it finds none."""

    def work(connection: Connection) -> tuple[list[int], list[Rows]]:
        return INSERTION.insert_and_read(connection, added(count), [(CONTENT, {"note": 0}), (COUNT, {})])

    ids, (none, counted) = store.transaction(work)
    assert (len(ids), [*none], [tuple(row) for row in counted]) == (count, [], [(count,)])


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_rows_of_each_query_are_read_in_their_order(store: Store, count: int) -> None:
    """Any number of queries; they see what the transaction wrote."""

    def work(connection: Connection) -> list[list[str]]:
        ids = INSERTION.insert(connection, added(count))
        found = read_all(connection, [(CONTENT, {"note": key}) for key in ids])
        return [[content for (content,) in rows] for rows in found]

    assert store.transaction(work) == [[each["content"]] for each in added(count)]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_error_of_one_of_them_is_raised(store: Store, notes: Callable[[], list[str]], place: int) -> None:
    """Nothing is stored, and the next transaction is not affected."""
    rows = [[{"content": "one"}], [{"content": "two"}], [{"content": "three"}]]
    rows[place] = [{"content": None}]

    def work(connection: Connection) -> list[int]:
        return INSERTION.insert(connection, rows[2], after=[(ADD, rows[0]), (ADD, rows[1])])

    with pytest.raises(Exception, match=r"(?i)content.*null|null.*content"):
        store.transaction(work)
    assert notes() == []
    assert len(store.transaction(lambda connection: INSERTION.insert(connection, added(1)))) == 1
