"""What is installed on all computers together: the queries of the reports about programs.

Each uses an index and yields its rows one by one, so that the cost of a page depends on its rows alone. What
is not counted yet is added to the counts: `_uncounted` reads it, and it is little.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Connection, LargeBinary, Select, func, literal, select

from shopdb_computers.programs.counting import Changes, changes_of
from shopdb_computers.programs.versions import version_key
from shopdb_computers.tables import BLOCK, TOTAL, asset, count, inventory, packed, software, uncounted
from shopdb_hookspecs import Json

CHUNK: Final = 250
"""How many rows are read at once: some databases send all rows of a query, although few are needed."""

MOST_CHANGES: Final = 1_000
"""How many programs that appeared, and how many that vanished, are listed at most."""

LONGEST_AGE: Final = 36_500
"""Days; a greater age would lie before the first date that Python has."""


def programs(
    connection: Connection, name: str | None, contains: str | None, beyond: str | None
) -> Iterator[Sequence[Json]]:
    """Yield each installed program and the number of its computers, sorted by name, lowest version first.

    `name` is how its name begins, `contains` a part of it, in any case. Names up to `beyond` are left out.
    """
    beginning, part = (name or "").casefold(), (contains or "").casefold()
    changes = _uncounted(connection)
    for listed, rows in groupby(_stored(connection, name, contains, beyond), key=lambda row: row.name):
        folded = listed.casefold()
        if folded.startswith(beginning) and part in folded:
            for version, installations in _installed(rows, changes):
                yield listed, version, installations


def versions(connection: Connection, name: str) -> Iterator[Sequence[Json]]:
    """Yield each installed version of a program and the number of its computers, lowest version first."""
    rows = connection.execute(_counted().where(software.c.name == name))
    yield from _installed(rows, _uncounted(connection))


def computers_with(
    connection: Connection, name: str, below: str | None, version: str | None, beyond: int | None
) -> Iterator[Sequence[Json]]:
    """Yield the computers that have a program, lowest version first, then by their ids.

    `below` selects lower versions only, and an unknown version is not lower; `version` this one alone.
    Computers with ids up to `beyond` are left out.
    """
    for softwareid, listed in _versions(connection, name):
        is_wanted = version is None or version == listed
        if is_wanted and (below is None or (listed and version_key(listed) < version_key(below))):
            for identityvalue, assetid in _installed_on(connection, softwareid, beyond or 0):
                yield identityvalue, assetid, name, listed


def changed_lately(connection: Connection, days: int) -> Iterator[Sequence[Json]]:
    """Yield the programs that no computer had before, or that none has any more, the newest change first.

    A version counts by itself; one that came and went on the same day is not listed. `days` is how many days
    (UTC) are looked at, with today; at most the newest 1,000 of each kind are listed.
    """
    since = datetime.now(UTC).date() - timedelta(days=max(0, min(days - 1, LONGEST_AGE)))
    changes = _uncounted(connection)
    found = [*_appeared(connection, since, changes), *_vanished(connection, since, changes)]
    for day, *change in sorted(found, key=lambda row: (-row[0].toordinal(), *row[1:])):
        yield day.isoformat(), *change


def _appeared(connection: Connection, since: date, changes: Counter[int]) -> Iterator[tuple[Any, ...]]:
    column = software.c
    for row in connection.execute(_newest(column.appearedon, since)):
        if installations := (row.computers or 0) + changes[row.softwareid]:
            yield row.appearedon, "appeared", row.name, row.version, installations


def _vanished(connection: Connection, since: date, changes: Counter[int]) -> Iterator[tuple[Any, ...]]:
    """Yield what vanished by the counts, and then what vanishes by what is not counted yet."""
    column = software.c
    for row in connection.execute(_newest(column.vanishedon, since)):
        if not (row.computers or 0) + changes[row.softwareid]:
            yield row.vanishedon, "vanished", row.name, row.version, 0
    lost = sorted(key for key, change in changes.items() if change < 0)
    marked = connection.scalar(select(func.max(uncounted.c.markedon))) or datetime.now(UTC).date()
    for keys in _chunks(lost) if marked >= since else ():
        for row in connection.execute(_counted().where(column.softwareid.in_(keys))):
            if not (row.computers or 0) + changes[row.softwareid]:
                yield marked, "vanished", row.name, row.version, 0


def _newest(day: ColumnElement[date], since: date) -> Select[Any]:
    """Return the query of the programs with the newest days; an index has the order, so that few are read."""
    query = _counted(day).where(day >= since)
    return query.order_by(day.desc(), software.c.softwareid.desc()).limit(MOST_CHANGES)


def _counted(*more: ColumnElement[Any]) -> Select[Any]:
    """Return the query of programs with their counts, without what is not counted yet."""
    column = software.c
    total = (count.c.block == TOTAL) & (count.c.softwareid == column.softwareid)
    columns = (column.softwareid, column.name, column.version, count.c.computers, *more)
    return select(*columns).join_from(software, count, total, isouter=True)


def _installed(rows: Iterable[Any], changes: Counter[int]) -> list[tuple[str, int]]:
    """Return the versions of one program that a computer has, lowest first, and of how many."""
    counted = ((row.version, (row.computers or 0) + changes[row.softwareid]) for row in rows)
    return sorted((each for each in counted if each[1]), key=lambda each: (version_key(each[0]), each[0]))


def _stored(
    connection: Connection, name: str | None, contains: str | None, beyond: str | None
) -> Iterator[Any]:
    """Yield the rows of programs by their names, and read some hundreds at once; all versions of one."""
    column = software.c
    query = _counted()
    if name:
        query = query.where(column.name.ilike(_pattern(name), escape="/"))
    if contains:
        query = query.where(column.name.ilike("%" + _pattern(contains), escape="/"))
    ordered = query.order_by(column.name, column.version, column.softwareid)
    last = beyond or None
    while chunk := connection.execute(_after(ordered, last).limit(CHUNK)).all():
        first, last = chunk[0].name, chunk[-1].name
        if len(chunk) < CHUNK:
            yield from chunk
            return
        # The last name may have more versions: it is read again, with all of them.
        yield from (row for row in chunk if row.name != last)
        if first == last:
            yield from connection.execute(query.where(column.name == last))
        else:
            last = next(row.name for row in reversed(chunk) if row.name != last)


def _after(query: Select[Any], name: str | None) -> Select[Any]:
    """Return the query of what follows a name; on MariaDB a control character sorts before the empty text."""
    return query if name is None else query.where(software.c.name > name)


def _pattern(beginning: str) -> str:
    """Return a LIKE pattern for names that begin so; it may match more, since databases fold ASCII only."""
    escaped = re.sub("[%_/]", r"/\g<0>", beginning)
    return re.sub("[^\0-\x7f]", "_", escaped) + "%"


def _versions(connection: Connection, name: str) -> list[tuple[int, str]]:
    """Return keys and versions of a program, lowest version first."""
    query = select(software.c.softwareid, software.c.version).where(software.c.name == name)
    found = [(softwareid, version) for softwareid, version in connection.execute(query)]
    return sorted(found, key=lambda row: (version_key(row[1]), row[1]))


def _installed_on(connection: Connection, softwareid: int, beyond: int) -> Iterator[Sequence[Json]]:
    """Yield the computers that have a program in one version, block by block, above the id `beyond`."""
    query = (
        select(asset.c.identityvalue, asset.c.assetid)
        .join_from(inventory, asset, asset.c.assetid == inventory.c.computerid)
        .where(_holds(connection, inventory.c.softwareids, packed([softwareid])))
        .order_by(inventory.c.computerid)
        .limit(CHUNK)
    )
    for block in _blocks_with(connection, softwareid):
        first, last = max(block * BLOCK, beyond + 1), (block + 1) * BLOCK - 1
        while first <= last:
            chunk = connection.execute(query.where(inventory.c.computerid.between(first, last))).all()
            yield from map(tuple, chunk)
            first = chunk[-1].assetid + 1 if len(chunk) == CHUNK else last + 1


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


def _chunks(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))
