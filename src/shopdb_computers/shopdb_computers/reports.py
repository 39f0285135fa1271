"""The plugin's reports and their parameters."""

from collections.abc import Sequence
from typing import Final

from shopdb_computers.queries import computers_with, programs, seen_long_ago
from shopdb_hookspecs import Parameter, Report

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
