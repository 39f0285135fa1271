"""The plugin's reports and their queries."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from sqlalchemy import Connection, and_, select, union

from shopdb_hookspecs import Json, Parameter, Report
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


def printers_in_need(connection: Connection, below: float) -> Iterator[Sequence[Json]]:
    """Yield each printer that says so, or has a supply of which less than `below` percent is left.

    Both are found by an index, so that a site with many printers of which few need something pays for those.
    """
    is_low = supply.c.leftpercent < below
    found = union(
        select(supply.c.assetid).where(is_low), select(device.c.assetid).where(device.c.needs.is_not(None))
    ).subquery()
    query = (
        select(
            found.c.assetid,
            asset.c.identityvalue,
            device.c.location,
            device.c.model,
            device.c.needs,
            supply.c.name,
            supply.c.levelpercent,
        )
        .join_from(found, asset, asset.c.assetid == found.c.assetid)
        .join(device, device.c.assetid == found.c.assetid)
        .join(supply, and_(supply.c.assetid == found.c.assetid, is_low), isouter=True)
        .order_by(found.c.assetid, supply.c.leftpercent, supply.c.position)
    )
    for _, rows in groupby(connection.execute(query), attrgetter("assetid")):
        emptiest, *others = rows
        low = 0 if emptiest.name is None else 1 + len(others)
        yield (*emptiest[1:], low)


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
        name="needs",
        title="Printers that need toner or paper",
        columns=("identityvalue", "location", "model", "errors", "supply", "levelpercent", "supplieslow"),
        rows=printers_in_need,
        parameters=(
            Parameter(
                "below", "number", "Also if less than so many percent of a supply is left.", default=15
            ),
        ),
        attention="Printers that need toner or paper",
    ),
    Report(
        name="supplies_low",
        title="Supplies that run low",
        columns=("identityvalue", "supply", "levelpercent", "location", "class"),
        rows=supplies_below,
        parameters=(Parameter("below", "number", "Only if less than so many percent is left.", default=15),),
    ),
    Report(
        name="pages",
        title="Pages printed",
        columns=("identityvalue", "model", "location", "pagecount", "colorpagecount"),
        rows=pages_printed,
        category="identityvalue",
        number="pagecount",
    ),
)
