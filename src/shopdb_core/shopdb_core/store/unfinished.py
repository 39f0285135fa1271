"""The mark of a database into which `shopdb copy` is copying a site: a table that only exists meanwhile.

A copy that was cut off leaves it, so that nobody takes a part of a site for the whole.
"""

from datetime import datetime

from sqlalchemy import Column, Connection, MetaData, Table, delete, insert, inspect, select

from shopdb_core.errors import ConfigurationError
from shopdb_core.store.statement import UtcDateTime

# Not among the tables of the core: it is created before the migrations run.
unfinishedcopy = Table("unfinishedcopy", MetaData(), Column("startedat", UtcDateTime, nullable=False))


def is_unfinished(connection: Connection) -> bool:
    """Return whether a copy into this database was begun and has not ended."""
    return inspect(connection).has_table(unfinishedcopy.name)


def require_whole(connection: Connection) -> None:
    """Raise `ConfigurationError` if the database has a part of a site."""
    if not is_unfinished(connection):
        return
    startedat = connection.scalar(select(unfinishedcopy.c.startedat))
    since = f" at {startedat:%Y-%m-%d %H:%M:%S}Z" if startedat else ""
    raise ConfigurationError(
        f"The copy of a site into this database, which began{since}, has not ended: wait for it, or run the "
        "same `shopdb copy` again, which begins anew."
    )


def mark_unfinished(connection: Connection, at: datetime) -> None:
    """Mark the database; the caller commits, and MySQL and MariaDB do so at once."""
    unfinishedcopy.create(connection, checkfirst=True)
    connection.execute(delete(unfinishedcopy))
    connection.execute(insert(unfinishedcopy).values(startedat=at))


def unmark(connection: Connection) -> None:
    """Remove the mark; the caller commits."""
    unfinishedcopy.drop(connection)
