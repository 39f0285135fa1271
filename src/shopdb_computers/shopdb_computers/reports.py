"""The plugin's reports; the queries about programs are in `software`."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from shopdb_computers.programs.software import LONGEST_AGE, changed_lately, computers_with, programs, versions
from shopdb_computers.tables import asset, inventory
from shopdb_hookspecs import Json, Parameter, Report


def seen_long_ago(connection: Connection, days: int) -> Iterator[Sequence[Json]]:
    """Yield the computers without a submission for `days` days, the longest unseen first."""
    now = datetime.now(UTC).replace(tzinfo=None)
    age = timedelta(days=max(0, min(days, LONGEST_AGE)))
    query = (
        select(asset.c.identityvalue, asset.c.lastseenat)
        # A computer that was retired has no inventory.
        .join_from(asset, inventory, asset.c.assetid == inventory.c.computerid)
        .where(asset.c.assettype == "computers", asset.c.lastseenat < now - age)
        .order_by(asset.c.lastseenat, asset.c.assetid)
    )
    for identityvalue, lastseenat in connection.execute(query):
        yield identityvalue, f"{lastseenat:%Y-%m-%dT%H:%M:%SZ}", (now - lastseenat).days


REPORTS: Final[Sequence[Report]] = (
    Report(
        name="software",
        title="Installed software",
        columns=("name", "version", "installations"),
        rows=programs,
        parameters=(
            Parameter("name", "string", "How the program's name begins; upper and lower case are one."),
            Parameter("contains", "string", "A part of the program's name; upper and lower case are one."),
            Parameter("beyond", "string", "Only names after this one."),
        ),
        category="name",
        number="installations",
    ),
    Report(
        name="software_versions",
        title="Versions of a program",
        columns=("version", "installations"),
        rows=versions,
        parameters=(Parameter("name", "string", "The program's name, exactly as installed.", required=True),),
    ),
    Report(
        name="software_on",
        title="Computers with a program",
        columns=("identityvalue", "assetid", "name", "version"),
        rows=computers_with,
        parameters=(
            Parameter("name", "string", "The program's name, exactly as installed.", required=True),
            Parameter("below", "string", "Only versions lower than this one."),
            Parameter("version", "string", "Only this version; an empty one is an unknown version."),
            Parameter("beyond", "integer", "Only computers whose assetid is higher."),
        ),
    ),
    Report(
        name="software_changes",
        title="Software that came or went",
        columns=("day", "change", "name", "version", "installations"),
        rows=changed_lately,
        parameters=(
            Parameter("days", "integer", "In how many days, with today; they begin at 0:00 UTC.", default=7),
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
