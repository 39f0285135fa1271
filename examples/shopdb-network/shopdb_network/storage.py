"""Write the plugin's rows of assets that submissions change."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from shopdb_hookspecs import AssetWrite, Json, JsonObject
from sqlalchemy import Connection, Table, delete, insert

from shopdb_network.tables import device, port

Rows: TypeAlias = list[dict[str, Json]]

_DEVICE_FIELDS: Final = ("sysname", "vendor", "model", "firmware", "location")
_PORT_FIELDS: Final = ("ifindex", "name", "adminstatus", "operstatus", "speedmbps", "vlan")


def store_devices(connection: Connection, writes: Sequence[AssetWrite]) -> None:
    """Replace the rows of some assets, in the submissions' transaction, which ShopDB commits or rolls back.

    `after` is all fields of an asset, not only those of the submission. The rows do not depend on what was
    stored before: an asset may be older than these tables.
    """
    for table, rows_of in _ROWS.items():
        connection.execute(delete(table).where(table.c.assetid.in_([write.assetid for write in writes])))
        rows = [{"assetid": write.assetid, **row} for write in writes for row in rows_of(write.after)]
        if rows:
            connection.execute(insert(table), rows)


def remove_device(connection: Connection, assetid: int) -> None:
    """Delete the rows of one asset, in the transaction of the caller."""
    for table in _ROWS:
        connection.execute(delete(table).where(table.c.assetid == assetid))


def _device_rows(attributes: JsonObject) -> Rows:
    return [{field: attributes.get(field) for field in _DEVICE_FIELDS}]


def _port_rows(attributes: JsonObject) -> Rows:
    return [
        {"position": position, **{field: port.get(field) for field in _PORT_FIELDS}}
        for position, port in enumerate(attributes.get("ports") or ())
    ]


_ROWS: Final[Mapping[Table, Callable[[JsonObject], Rows]]] = {device: _device_rows, port: _port_rows}
