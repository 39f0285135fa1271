"""The reports on the plugin's tables."""

from collections.abc import Iterator, Sequence
from typing import Final

from shopdb_hookspecs import Json, Parameter, Report
from sqlalchemy import Connection, func, select

from shopdb_network.tables import asset, device, port


def ports_down(connection: Connection, location: str | None) -> Iterator[Sequence[Json]]:
    """Yield the ports that should be up and are not, device by device."""
    query = (
        select(asset.c.identityvalue, device.c.sysname, device.c.location, port.c.name, port.c.operstatus)
        .join_from(port, asset, asset.c.assetid == port.c.assetid)
        .join(device, device.c.assetid == port.c.assetid)
        .where(port.c.adminstatus == "up", port.c.operstatus != "up")
        .order_by(port.c.assetid, port.c.position)
    )
    if location is not None:
        query = query.where(device.c.location == location)
    yield from map(tuple, connection.execute(query))


def firmware(connection: Connection) -> Iterator[Sequence[Json]]:
    """Yield how many devices of each model run each version."""
    version = (device.c.vendor, device.c.model, device.c.firmware)
    query = select(*version, func.count()).group_by(*version).order_by(*version)
    yield from map(tuple, connection.execute(query))


REPORTS: Final[Sequence[Report]] = (
    Report(
        name="ports_down",
        title="Ports that should be up and are not",
        columns=("identityvalue", "sysname", "location", "port", "operstatus"),
        rows=ports_down,
        parameters=(Parameter("location", "string", "Only devices at this location."),),
    ),
    Report(
        name="firmware",
        title="Devices by model and version",
        columns=("vendor", "model", "firmware", "devices"),
        rows=firmware,
        category="model",
        number="devices",
    ),
)
