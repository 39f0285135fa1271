"""The plugin's reports: their queries, each of which uses an index and yields its rows one by one."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import CTE, ColumnElement, Connection, LargeBinary, func, literal, select

from shopdb_computers.counting import Changes, changes_of
from shopdb_computers.tables import BLOCK, TOTAL, asset, count, inventory, packed, software, uncounted
from shopdb_computers.versions import version_key
from shopdb_hookspecs import Json, Parameter, Report

_LONGEST_AGE: Final = 36_500
"""Days; a greater age would lie before the first date that Python has."""


def programs(connection: Connection, name: str | None) -> Iterator[Sequence[Json]]:
    """Yield each installed program and the number of its computers, sorted by name.

    The rows come in the order of an index, so that the cost of a page depends on its rows alone.
    """
    total = (count.c.block == TOTAL) & (count.c.softwareid == software.c.softwareid)
    query = select(software.c.softwareid, software.c.name, software.c.version, count.c.computers).join_from(
        software, count, total, isouter=True
    )
    if name:
        query = query.where(software.c.name.ilike(_pattern(name), escape="/"))
    beginning = (name or "").casefold()
    rows = connection.execute(query.order_by(software.c.name, software.c.version, software.c.softwareid))
    changes = _uncounted(connection)
    for key, listed, version, counted in rows:
        installations = (counted or 0) + changes[key]
        if installations and listed.casefold().startswith(beginning):
            yield listed, version, installations


def computers_with(connection: Connection, name: str, below: str | None) -> Iterator[Sequence[Json]]:
    """Yield the computers that have a program, lowest version first.

    `below` selects lower versions only; an unknown version is not lower.
    """
    for softwareid, version in _versions(connection, name):
        if below is None or (version and version_key(version) < version_key(below)):
            for identityvalue, assetid in _installed_on(connection, softwareid):
                yield identityvalue, assetid, name, version


def seen_long_ago(connection: Connection, days: int) -> Iterator[Sequence[Json]]:
    """Yield the computers without a submission for `days` days, the longest unseen first."""
    now = datetime.now(UTC).replace(tzinfo=None)
    age = timedelta(days=max(0, min(days, _LONGEST_AGE)))
    query = (
        select(asset.c.identityvalue, asset.c.lastseenat)
        # A computer that was retired has no inventory.
        .join_from(asset, inventory, asset.c.assetid == inventory.c.computerid)
        .where(asset.c.assettype == "computers", asset.c.lastseenat < now - age)
        .order_by(asset.c.lastseenat, asset.c.assetid)
    )
    for identityvalue, lastseenat in connection.execute(query):
        yield identityvalue, f"{lastseenat:%Y-%m-%dT%H:%M:%SZ}", (now - lastseenat).days


def _pattern(beginning: str) -> str:
    """Return a LIKE pattern for names that begin so; it may match more, since databases fold ASCII only."""
    escaped = re.sub("[%_/]", r"/\g<0>", beginning)
    return re.sub("[^\0-\x7f]", "_", escaped) + "%"


def _versions(connection: Connection, name: str) -> list[tuple[int, str]]:
    """Return keys and versions of a program, lowest version first."""
    query = select(software.c.softwareid, software.c.version).where(software.c.name == name)
    found = [(softwareid, version) for softwareid, version in connection.execute(query)]
    return sorted(found, key=lambda row: (version_key(row[1]), row[1]))


def _installed_on(connection: Connection, softwareid: int) -> Iterator[Sequence[Json]]:
    """Yield the computers that have a program in one version, block by block."""
    key = packed([softwareid])
    for block in _blocks_with(connection, softwareid):
        query = (
            select(asset.c.identityvalue, asset.c.assetid)
            .join_from(inventory, asset, asset.c.assetid == inventory.c.computerid)
            .where(
                inventory.c.computerid.between(block * BLOCK, (block + 1) * BLOCK - 1),
                _holds(connection, inventory.c.softwareids, key),
            )
            .order_by(inventory.c.computerid)
        )
        yield from map(tuple, connection.execute(query))


def _blocks_with(connection: Connection, softwareid: int) -> Sequence[int]:
    """Return the blocks in which a computer may have a program, in ascending order."""
    blocks = _blocks()
    query = (
        select(count.c.block)
        .join_from(blocks, count, count.c.block == blocks.c.block)
        .where(count.c.softwareid == softwareid, count.c.computers > 0)
    )
    recent = {block for block, change in _changes(connection).items() if change[softwareid] > 0}
    return sorted(recent.union(connection.scalars(query)))


def _uncounted(connection: Connection) -> Counter[int]:
    """Return how the number of computers of each program changes by those that are not counted yet."""
    total: Counter[int] = Counter()
    for change in _changes(connection).values():
        total.update(change)
    return total


def _changes(connection: Connection) -> Changes:
    """Return the changes that are not counted yet, by block; they are few."""
    query = select(uncounted.c.computerid, uncounted.c.softwareids, inventory.c.softwareids).join_from(
        uncounted, inventory, inventory.c.computerid == uncounted.c.computerid, isouter=True
    )
    found = connection.execute(query)
    return changes_of((computerid, counted, current or b"") for computerid, counted, current in found)


def _holds(connection: Connection, softwareids: ColumnElement[bytes], key: bytes) -> ColumnElement[bool]:
    """Return whether a column holds the eight bytes of a key, which never occur across two hashes."""
    if connection.dialect.name == "sqlite":
        return func.instr(softwareids, key) > 0
    return func.position(literal(key, LargeBinary).op("IN")(softwareids)) > 0


def _blocks() -> CTE:
    """Return all numbers of blocks, so that each is one look-up in the key of the counts."""
    newest = select(func.max(count.c.block)).scalar_subquery()
    counted = select(literal(0).label("block")).cte("blocks", recursive=True)
    return counted.union_all(select(counted.c.block + 1).where(counted.c.block < newest))


REPORTS: Final[Sequence[Report]] = (
    Report(
        name="software",
        title="Installed software",
        columns=("name", "version", "installations"),
        rows=programs,
        parameters=(
            Parameter("name", "string", "How the program's name begins; upper and lower case are one."),
        ),
        category="name",
        number="installations",
    ),
    Report(
        name="software_on",
        title="Computers with a program",
        columns=("identityvalue", "assetid", "name", "version"),
        rows=computers_with,
        parameters=(
            Parameter("name", "string", "The program's name, exactly as installed.", required=True),
            Parameter("below", "string", "Only versions lower than this one."),
        ),
    ),
    Report(
        name="stale",
        title="Computers not seen for a while",
        columns=("identityvalue", "lastseenat", "days"),
        rows=seen_long_ago,
        parameters=(Parameter("days", "integer", "For how many days at least.", default=30),),
    ),
)
