"""The plugin's reports and their parameters."""

from collections.abc import Sequence
from typing import Final

from shopdb_hookspecs import Parameter, Report
from shopdb_printers.queries import pages_printed, supplies_below

REPORTS: Final[Sequence[Report]] = (
    Report(
        name="supplies_low",
        title="Supplies that run low",
        columns=("identityvalue", "supply", "levelpercent", "location"),
        rows=supplies_below,
        parameters=(Parameter("below", "number", "Only levels below so many percent.", default=15),),
    ),
    Report(
        name="pages",
        title="Pages printed",
        columns=("identityvalue", "model", "location", "pagecount", "colorpagecount"),
        rows=pages_printed,
    ),
)
