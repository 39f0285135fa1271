"""Write the changes of printers' page counts and supplies."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final, TypeAlias

from sqlalchemy import Connection

from shopdb_hookspecs import AssetWrite, Json, JsonObject
from shopdb_printers.statements import Writer
from shopdb_printers.terms import RECEPTACLE, REFILLS

Values: TypeAlias = tuple[Json, ...]
"""The values of one device or supply; None for a missing member."""

_TEXTS: Final = ("model", "location")
_COUNTERS: Final = ("pagecount", "colorpagecount")
_SUPPLY_FIELDS: Final = ("name", "colorant", "levelpercent", "levelstate", "class")
_FULL: Final = 100


def store_printers(connection: Connection, writes: Sequence[AssetWrite]) -> None:
    """Write what changed of some printers, in the caller's transaction; the caller commits."""
    devices: list[Values] = []
    changed: list[Values] = []
    removed: list[Values] = []
    for write in sorted(writes, key=attrgetter("assetid")):
        assetid = write.assetid
        if write.before is None or _device(write.before) != _device(write.after):
            devices.append((assetid, *_device(write.after)))
        old, new = _supplies(write.before or {}), _supplies(write.after)
        changed += [(assetid, key, *supply) for key, supply in new.items() if old.get(key) != supply]
        removed += [(assetid, key) for key in old if key not in new]
    writer = Writer(connection)
    writer.put_devices(devices)
    writer.put_supplies(changed)
    writer.remove_supplies(removed)


def remove_printer(connection: Connection, assetid: int) -> None:
    """Delete the rows of one printer, in the caller's transaction; the caller commits."""
    Writer(connection).remove_printer(assetid)


def _device(attributes: JsonObject) -> Values:
    counters = (_whole(attributes.get(name)) for name in _COUNTERS)
    return (*map(attributes.get, _TEXTS), *counters, _needs(attributes))


def _needs(attributes: JsonObject) -> Json:
    """Return the errors that somebody ends by refilling, such as `lowtoner, nopaper`; None without any."""
    return ", ".join(error for error in attributes.get("errorstate") or () if error in REFILLS) or None


def _whole(count: Json) -> Json:
    """Return a count as an integer: JSON Schema also takes 7.0 for one, and PostgreSQL does not."""
    return int(count) if isinstance(count, float) else count


def _supplies(attributes: JsonObject) -> dict[int, Values]:
    """Return the supplies by their positions."""
    supplies = attributes.get("supplies") or ()
    return dict(enumerate((*map(supply.get, _SUPPLY_FIELDS), left_percent(supply)) for supply in supplies))


def left_percent(supply: JsonObject) -> Json:
    """Return how much is left in percent; of a receptacle, the room."""
    level: Json = supply.get("levelpercent")
    return _FULL - level if level is not None and supply.get("class") == RECEPTACLE else level
