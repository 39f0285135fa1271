"""A whole copy: every row of every table as it is on one snapshot of the source."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, Table, func, select

from shopdb_core.copying.tables import RESET, core_tables, is_plain, tables_of_plugins
from shopdb_core.copying.target import CHUNK, TableRow, Target

Progress = Callable[[int], object]
"""Called with how many more rows or assets were copied."""


def count_rows(connection: Connection, plugins: Sequence[str]) -> int:
    """Return how many rows a whole copy has."""
    tables = [*core_tables(), *tables_of_plugins(connection, plugins).values()]
    return sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


def copy_rows(
    source: Connection, target: Target, plugins: Sequence[str], progress: Progress
) -> tuple[Mapping[str, int], list[str]]:
    """Copy the tables of the core and of plugins; return how many rows each has.

    Also returns the plugins whose tables were left empty, because they are not as the migrations make them,
    or have a type whose values differ between databases: their rows are to be written anew.
    """
    core = core_tables()
    target.clear(core)
    copied = {table.name: _copy(source, target, table, table, progress) for table in core}
    left = []
    numbered = core
    for plugin in plugins:
        pairs = _pairs(source, target, plugin)
        if pairs is None:
            left.append(plugin)
            continue
        tables = [into for _, into in pairs]
        target.clear(tables)
        copied |= {table.name: _copy(source, target, table, into, progress) for table, into in pairs}
        numbered += tables
    target.continue_numbers(numbered)
    return copied, left


def _pairs(source: Connection, target: Target, plugin: str) -> list[tuple[Table, Table]] | None:
    """Return the tables of a plugin in the source and in the target; `None` if the rows differ in form."""
    tables = tables_of_plugins(source, [plugin])
    others = target.store.read(lambda connection: tables_of_plugins(connection, [plugin]))
    pairs = [(table, others[name]) for name, table in tables.items() if name in others]
    is_same = len(pairs) == len(tables) and all(_same_form(*pair) for pair in pairs)
    return pairs if is_same else None


def _same_form(table: Table, other: Table) -> bool:
    return {*table.columns.keys()} == {*other.columns.keys()} and is_plain(table) and is_plain(other)


def _copy(source: Connection, target: Target, table: Table, into: Table, progress: Progress) -> int:
    copied = 0
    reset = RESET.get(table.name)
    for rows in _chunks(source, table):
        target.write({into: [{**row, **reset} for row in rows] if reset else rows})
        copied += len(rows)
        progress(len(rows))
    return copied


def _chunks(source: Connection, table: Table) -> Iterator[Sequence[TableRow]]:
    """Stream the rows in the order of their keys, in which the target takes them fastest."""
    query = select(table).order_by(*table.primary_key)
    # Closed also if the target cannot be written to.
    with source.execute(query, execution_options={"yield_per": CHUNK}) as found:
        yield from found.mappings().partitions(CHUNK)
