"""A list of supplies in canonical form."""

import json
from typing import Final

from shopdb_hookspecs import Json, JsonObject
from shopdb_printers.declaration import LEVEL_STATES

_OPTIONAL: Final = ("colorant", "levelpercent", "levelstate")


def canonical_supplies(supplies: list[Json]) -> list[Json]:
    """Bring each supply into canonical form and sort them by name.

    Two supplies may be alike in all that is known of them, so none is taken for a duplicate. A list
    with anything but named objects in it stays as it is: validation then points at the item's place in
    the list that was submitted.
    """
    if not all(isinstance(supply, dict) and isinstance(supply.get("name"), str) for supply in supplies):
        return supplies
    return sorted(map(canonical_supply, supplies), key=_order)


def canonical_supply(supply: JsonObject) -> JsonObject:
    """Leave out what is null, and give the special levels of RFC 3805 their names.

    A prtMarkerSuppliesLevel of -1 places no restriction, -2 is unknown, -3 says that some remains:
    none of them is a percentage.
    """
    canonical = {key: value for key, value in supply.items() if value is not None or key not in _OPTIONAL}
    level = canonical.get("levelpercent")
    if isinstance(level, int | float) and level in (-1, -2, -3):
        del canonical["levelpercent"]
        canonical["levelstate"] = LEVEL_STATES[-int(level) - 1]
    return canonical


def _order(supply: JsonObject) -> tuple[str, str]:
    return supply["name"], json.dumps(supply, sort_keys=True)
