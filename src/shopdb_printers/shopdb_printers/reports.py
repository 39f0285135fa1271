"""The plugin's reports and their queries."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from sqlalchemy import Connection, and_, select, union

from shopdb_hookspecs import Json, Parameter, Report
from shopdb_printers.panels import LOW_PERCENT
from shopdb_printers.tables import asset, device, supply

_CHUNK: Final = 100


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

    Both are found by an index, and the rest is read a chunk at a time, so that a page costs what it shows.
    """
    found = union(
        select(supply.c.assetid).where(supply.c.leftpercent < below),
        select(device.c.assetid).where(device.c.needs.is_not(None)),
    )
    assetids = sorted(connection.scalars(found))
    for start in range(0, len(assetids), _CHUNK):
        yield from _needs_of(connection, assetids[start : start + _CHUNK], below)


def _needs_of(connection: Connection, assetids: Sequence[int], below: float) -> Iterator[Sequence[Json]]:
    is_low = and_(supply.c.assetid == device.c.assetid, supply.c.leftpercent < below)
    query = (
        select(
            device.c.assetid,
            asset.c.identityvalue,
            device.c.location,
            device.c.model,
            device.c.needs,
            supply.c.name,
            supply.c.levelpercent,
        )
        .join_from(device, asset, asset.c.assetid == device.c.assetid)
        .join(supply, is_low, isouter=True)
        .where(device.c.assetid.in_(assetids))
        .order_by(device.c.assetid, supply.c.leftpercent, supply.c.position)
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
        columns=("identityvalue", "location", "model", "errorstate", "supply", "levelpercent", "supplieslow"),
        rows=printers_in_need,
        parameters=(
            Parameter(
                "below",
                "number",
                "Also if less than so many percent of a supply is left.",
                default=LOW_PERCENT,
            ),
        ),
        attention="Printers that need toner or paper",
    ),
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
        category="identityvalue",
        number="pagecount",
    ),
)
