"""The plugin's reports: their queries, each of which uses an index and yields its rows one by one."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import CTE, Connection, func, literal, select

from shopdb_computers.tables import asset, installation, software
from shopdb_computers.versions import version_key
from shopdb_hookspecs import Json, Parameter, Report

_LONGEST_AGE: Final = 36_500
"""Days; a greater age would lie before the first date that Python has."""


def programs(connection: Connection, name: str | None) -> Iterator[Sequence[Json]]:
    """Yield each installed program and the number of its computers, sorted by name.

    Programs are counted one by one, so that the cost of a page depends on its rows alone.
    """
    buckets = _buckets()
    installed = (
        select(func.count())
        .select_from(buckets)
        .join(installation, installation.c.bucket == buckets.c.bucket)
        .where(installation.c.softwareid == software.c.softwareid)
        .scalar_subquery()
    )
    query = select(software.c.name, software.c.version, installed.label("installations"))
    if name:
        query = query.where(software.c.name.ilike(_pattern(name), escape="/"))
    beginning = (name or "").casefold()
    rows = connection.execute(query.order_by(software.c.name, software.c.version, software.c.softwareid))
    yield from (tuple(row) for row in rows if row.installations and row.name.casefold().startswith(beginning))


def computers_with(connection: Connection, name: str, below: str | None) -> Iterator[Sequence[Json]]:
    """Yield the computers that have a program, lowest version first.

    `below` selects lower versions only; an unknown version is not lower.
    """
    for softwareid, version in _versions(connection, name):
        if below is None or (version and version_key(version) < version_key(below)):
            yield from _installed_on(connection, softwareid)


def seen_long_ago(connection: Connection, days: int) -> Iterator[Sequence[Json]]:
    """Yield the computers without a submission for `days` days, the longest unseen first."""
    now = datetime.now(UTC).replace(tzinfo=None)
    age = timedelta(days=max(0, min(days, _LONGEST_AGE)))
    query = (
        select(asset.c.identityvalue, asset.c.lastseenat)
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
    """Yield the computers that have a program in one version."""
    buckets = _buckets()
    query = (
        select(asset.c.identityvalue, asset.c.assetid, software.c.name, software.c.version)
        .join_from(buckets, installation, installation.c.bucket == buckets.c.bucket)
        .join(asset, asset.c.assetid == installation.c.assetid)
        .join(software, software.c.softwareid == installation.c.softwareid)
        .where(installation.c.softwareid == softwareid)
        .order_by(installation.c.bucket, installation.c.assetid)
    )
    yield from map(tuple, connection.execute(query))


def _buckets() -> CTE:
    """Return all bucket numbers, so that each bucket is one look-up in the installations' key."""
    newest = select(func.max(installation.c.bucket)).scalar_subquery()
    counted = select(literal(0).label("bucket")).cte("buckets", recursive=True)
    return counted.union_all(select(counted.c.bucket + 1).where(counted.c.bucket < newest))


REPORTS: Final[Sequence[Report]] = (
    Report(
        name="software",
        title="Installed software",
        columns=("name", "version", "installations"),
        rows=programs,
        parameters=(
            Parameter("name", "string", "How the program's name begins; upper and lower case are one."),
        ),
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
