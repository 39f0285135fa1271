"""The plugin's reports and their queries."""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, select

from shopdb_hookspecs import Json, Parameter, Report
from shopdb_printers.panels import LOW_PERCENT
from shopdb_printers.tables import asset, device, supply


def supplies_below(connection: Connection, below: float) -> Iterator[Sequence[Json]]:
    """Yield the supplies of which less than `below` percent is left, the least first.

    A receptacle runs low when it is nearly full.
    """
    query = (
        select(
            asset.c.identityvalue,
            supply.c.name,
            supply.c.levelpercent,
            device.c.location,
            supply.c.supplyclass,
        )
        .join_from(supply, asset, asset.c.assetid == supply.c.assetid)
        .join(device, device.c.assetid == supply.c.assetid)
        .where(supply.c.leftpercent < below)
        .order_by(supply.c.leftpercent, supply.c.assetid, supply.c.position)
    )
    yield from map(tuple, connection.execute(query))


def pages_printed(connection: Connection) -> Iterator[Sequence[Json]]:
    """Yield the counters of each printer, oldest asset first."""
    query = (
        select(
            asset.c.identityvalue,
            device.c.model,
            device.c.location,
            device.c.pagecount,
            device.c.colorpagecount,
        )
        .join_from(device, asset, asset.c.assetid == device.c.assetid)
        .order_by(device.c.assetid)
    )
    yield from map(tuple, connection.execute(query))


REPORTS: Final[Sequence[Report]] = (
    Report(
        name="supplies_low",
        title="Supplies that run low",
        columns=("identityvalue", "supply", "levelpercent", "location", "class"),
        rows=supplies_below,
        parameters=(
            Parameter("below", "number", "Only if less than so many percent is left.", default=LOW_PERCENT),
        ),
    ),
    Report(
        name="pages",
        title="Pages printed",
        columns=("identityvalue", "model", "location", "pagecount", "colorpagecount"),
        rows=pages_printed,
    ),
)
