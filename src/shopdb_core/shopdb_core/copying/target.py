"""The database that a site is copied into: it must be empty, and is marked until it has the whole site."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import Any, TypeAlias, cast

from sqlalchemy import Connection, MetaData, RowMapping, Table, bindparam, delete, insert, inspect

from shopdb_core.clock import utc_now
from shopdb_core.copying.tables import numbering_column
from shopdb_core.errors import ConfigurationError, Unavailable
from shopdb_core.settings import Settings
from shopdb_core.store import Statement, Store, open_store
from shopdb_core.store.databases import DATABASES, SETTING, parse_url
from shopdb_core.store.migrate import MigrationScripts, upgrade
from shopdb_core.store.open import migration_transaction, pruning_lock
from shopdb_core.store.unfinished import is_unfinished, mark_unfinished, unfinishedcopy, unmark

OPTION = "--to"

CHUNK = 1_000
"""How many rows are written in one transaction, and are in memory at once."""


TableRow: TypeAlias = Mapping[str, Any] | RowMapping
"""The values of a row by the names of its columns."""


class Target:
    """The new database, whose tables are migrated and empty."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._insertions: dict[Table, Statement] = {}

    def write(self, rows: Mapping[Table, Sequence[TableRow]]) -> None:
        """Insert rows of some tables, in their order, and commit."""

        def work(connection: Connection) -> None:
            for table, each in rows.items():
                self._insertion(table).run_many(connection, cast("Sequence[Mapping[str, Any]]", each))

        with naming_target():
            self.store.transaction(work)

    def clear(self, tables: Sequence[Table]) -> None:
        """Delete the rows that migrations inserted."""

        def work(connection: Connection) -> None:
            for table in reversed(tables):
                connection.execute(delete(table))

        with naming_target():
            self.store.transaction(work)

    def continue_numbers(self, tables: Sequence[Table]) -> None:
        """Let the database number further rows after those that were inserted with their numbers."""

        def work(connection: Connection) -> None:
            dialect = DATABASES[connection.dialect.name]
            for table in tables:
                if (column := numbering_column(table)) is not None:
                    dialect.continue_numbers(connection, column)

        with naming_target():
            self.store.transaction(work)

    def _insertion(self, table: Table) -> Statement:
        if table not in self._insertions:
            values: dict[str, Any] = {column.name: bindparam(column.name) for column in table.columns}
            self._insertions[table] = Statement(insert(table).values(values))
        return self._insertions[table]


@contextmanager
def new_target(settings: Settings, url: str, scripts: Sequence[MigrationScripts]) -> Iterator[Target]:
    """Yield the migrated target, which is marked as unfinished until the block has ended without an error.

    What an unfinished copy has left there is deleted first. Raises `ConfigurationError` if the target is not
    empty, is the source, or another process copies into it, and `Unavailable`.
    """
    with ExitStack() as stack:
        with naming_target():
            _require_other(settings.database_url, url)
            if not stack.enter_context(pruning_lock(url)):
                raise ConfigurationError("Another process is copying into it: wait until it has ended.")
            with migration_transaction(url) as connection:
                _begin(connection)
            failures = [status.failure for status in upgrade(url, scripts) if status.failure]
            if failures:
                raise ConfigurationError(failures[0])
            store = stack.enter_context(closing(open_store(replace(settings, database_url=url))))
        yield Target(store)
        with naming_target():
            store.transaction(unmark)


def _begin(connection: Connection) -> None:
    """Mark the database, and delete what an unfinished copy has left; raises `ConfigurationError`."""
    if inspect(connection).get_table_names() and not is_unfinished(connection):
        raise ConfigurationError(
            "The database has tables already, and a site is copied into an empty one only: name a new one."
        )
    mark_unfinished(connection, utc_now())
    left = MetaData()
    left.reflect(connection)
    left.remove(left.tables[unfinishedcopy.name])
    left.drop_all(connection)


def _require_other(source: str, target: str) -> None:
    """Raise `ConfigurationError` if both URLs name one database; a server may have several names."""
    one, other = parse_url(source), parse_url(target, OPTION)
    if one.get_backend_name() == "sqlite" == other.get_backend_name():
        is_same = os.path.realpath(one.database or "") == os.path.realpath(other.database or "")
    else:
        is_same = one == other
    if is_same:
        raise ConfigurationError(f"{OPTION} names the database of this site: name another one.")


@contextmanager
def naming_target() -> Iterator[None]:
    """Name the option in the errors of the target, in place of the setting.

    The error has no cause: the store of the source would take the driver's for its own.
    """
    try:
        yield
    except (ConfigurationError, Unavailable) as error:
        message = str(error).replace(f"{SETTING}: ", "").replace(SETTING, OPTION)
        named = type(error)(message if OPTION in message else f"{OPTION}: {message}")
        for note in getattr(error, "__notes__", ()):
            named.add_note(note)
        raise named from None
