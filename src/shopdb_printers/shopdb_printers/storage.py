"""Write the changes of a printer's page counts and supplies."""

import json
from typing import Final, TypeAlias

from sqlalchemy import Connection

from shopdb_hookspecs import Json, JsonObject
from shopdb_printers.statements import Statements, statements_for

Supply: TypeAlias = tuple[Json, ...]
"""Name, colorant, levelpercent and levelstate of one supply; None for a missing member."""

_DEVICE_FIELDS: Final = ("model", "location", "pagecount", "colorpagecount")
_SUPPLY_FIELDS: Final = ("name", "colorant", "levelpercent", "levelstate")


def store_printer(connection: Connection, assetid: int, before: JsonObject | None, after: JsonObject) -> None:
    """Write what changed, in the caller's transaction; the caller commits."""
    statements = statements_for(connection.dialect.name)
    device = _device(after)
    if before is None or _device(before) != device:
        connection.execute(statements.put_device, {"assetid": assetid, **device})
    _store_supplies(connection, statements, assetid, _supplies(before or {}), _supplies(after))


def _store_supplies(
    connection: Connection,
    statements: Statements,
    assetid: int,
    old: dict[int, Supply],
    new: dict[int, Supply],
) -> None:
    changed = [(position, *supply) for position, supply in new.items() if old.get(position) != supply]
    if changed:
        connection.execute(statements.put_supplies, {"assetid": assetid, "supplies": json.dumps(changed)})
    removed = [position for position in old if position not in new]
    if removed:
        connection.execute(statements.remove_supplies, {"assetid": assetid, "positions": json.dumps(removed)})


def _device(attributes: JsonObject) -> dict[str, Json]:
    return {field: attributes.get(field) for field in _DEVICE_FIELDS}


def _supplies(attributes: JsonObject) -> dict[int, Supply]:
    supplies = attributes.get("supplies") or ()
    return dict(enumerate(tuple(map(supply.get, _SUPPLY_FIELDS)) for supply in supplies))
