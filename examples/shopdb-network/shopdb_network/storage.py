"""Write the plugin's rows of one asset when a submission changes it."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from shopdb_hookspecs import Json, JsonObject
from sqlalchemy import Connection, Table, delete, insert

from shopdb_network.tables import device, port

Rows: TypeAlias = list[dict[str, Json]]

_DEVICE_FIELDS: Final = ("sysname", "vendor", "model", "firmware", "location")
_PORT_FIELDS: Final = ("ifindex", "name", "adminstatus", "operstatus", "speedmbps", "vlan")


def store_device(connection: Connection, assetid: int, after: JsonObject) -> None:
    """Replace the asset's rows, in the submission's transaction, which ShopDB commits or rolls back.

    `after` is all fields of the asset, not only those of the submission. The rows do not depend on what was
    stored before: an asset may be older than these tables.
    """
    for table, rows_of in _ROWS.items():
        connection.execute(delete(table).where(table.c.assetid == assetid))
        if rows := rows_of(after):
            connection.execute(insert(table), [{"assetid": assetid, **row} for row in rows])


def _device_rows(attributes: JsonObject) -> Rows:
    return [{field: attributes.get(field) for field in _DEVICE_FIELDS}]


def _port_rows(attributes: JsonObject) -> Rows:
    return [
        {"position": position, **{field: port.get(field) for field in _PORT_FIELDS}}
        for position, port in enumerate(attributes.get("ports") or ())
    ]


_ROWS: Final[Mapping[Table, Callable[[JsonObject], Rows]]] = {device: _device_rows, port: _port_rows}
