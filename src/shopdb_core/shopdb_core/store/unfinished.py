"""The marks of a database that has a part of a site: tables that exist only while it is being filled.

`shopdb copy` marks its target, and so does `shopdb restore` on MySQL and MariaDB, where a table cannot be
rolled back. What was cut off leaves its mark: nobody takes a part of a site for the whole, and the same
command may delete what is there and begin anew.
"""

from datetime import datetime

from sqlalchemy import Column, Connection, MetaData, Table, delete, insert, inspect, select

from shopdb_core.errors import ConfigurationError
from shopdb_core.store.statement import UtcDateTime


def _mark(name: str) -> Table:
    """Return a mark: not among the tables of the core, since it is created before the migrations run."""
    return Table(name, MetaData(), Column("startedat", UtcDateTime, nullable=False))


unfinishedcopy = _mark("unfinishedcopy")
unfinishedrestore = _mark("unfinishedrestore")

_WRITES = {
    unfinishedcopy: ("The copy of a site into this database", "shopdb copy"),
    unfinishedrestore: ("Restoring a backup into this database", "shopdb restore"),
}


def is_unfinished(connection: Connection, mark: Table = unfinishedcopy) -> bool:
    """Return whether a copy into this database, or what another mark stands for, has not ended."""
    return inspect(connection).has_table(mark.name)


def require_whole(connection: Connection) -> None:
    """Raise `ConfigurationError` if the database has a part of a site."""
    for mark, (what, command) in _WRITES.items():
        if is_unfinished(connection, mark):
            startedat = connection.scalar(select(mark.c.startedat))
            since = f", which began at {startedat:%Y-%m-%d %H:%M:%S}Z," if startedat else ""
            raise ConfigurationError(
                f"{what}{since} has not ended: wait for it, or run the same `{command}` again, which begins "
                "anew."
            )


def mark_unfinished(connection: Connection, at: datetime, mark: Table = unfinishedcopy) -> None:
    """Mark the database; the caller commits, and MySQL and MariaDB do so at once."""
    mark.create(connection, checkfirst=True)
    connection.execute(delete(mark))
    connection.execute(insert(mark).values(startedat=at))


def unmark(connection: Connection, mark: Table = unfinishedcopy) -> None:
    """Remove the mark; the caller commits."""
    mark.drop(connection)
