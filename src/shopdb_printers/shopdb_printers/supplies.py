"""Bring a list of supplies into canonical form."""

import json
from typing import Final

from shopdb_hookspecs import Json, JsonObject
from shopdb_printers.declaration import LEVEL_STATES

_OPTIONAL: Final = ("colorant", "levelpercent", "levelstate")


def canonical_supplies(supplies: list[Json]) -> list[Json]:
    """Return the supplies in canonical form, sorted by name.

    Equal items are kept, since a printer may have two equal supplies. A list with an item that is not a named
    object is returned unchanged, so that validation reports the item's place in the submitted list.
    """
    if not all(isinstance(supply, dict) and isinstance(supply.get("name"), str) for supply in supplies):
        return supplies
    return sorted(map(canonical_supply, supplies), key=_order)


def canonical_supply(supply: JsonObject) -> JsonObject:
    """Return a supply without null members, and with a levelstate for the special levels of RFC 3805.

    These values of prtMarkerSuppliesLevel are not percentages: -1 is without limit, -2 is unknown, -3 means
    that some remains.
    """
    canonical = {key: value for key, value in supply.items() if value is not None or key not in _OPTIONAL}
    level = canonical.get("levelpercent")
    if isinstance(level, int | float) and level in (-1, -2, -3):
        del canonical["levelpercent"]
        canonical["levelstate"] = LEVEL_STATES[-int(level) - 1]
    return canonical


def _order(supply: JsonObject) -> tuple[str, str]:
    return supply["name"], json.dumps(supply, sort_keys=True)
