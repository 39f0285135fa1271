"""The plugin's panel on the page of a printer: a bar for each supply."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from shopdb_hookspecs import Json, JsonObject, Panel
from shopdb_printers.storage import left_percent
from shopdb_printers.terms import RECEPTACLE

LOW_PERCENT: Final = 15
"""Less than this is low, as in the report `supplies_low`."""

_WORDS: Final = {
    "other": "not limited",
    "unknown": "unknown",
    "someremaining": "some remains",
}
"""What a `levelstate` means."""


def supply_bars(attributes: JsonObject) -> JsonObject | None:
    """Return the supplies of a printer for the template, `None` if it reported none.

    `percent` is the length of the bar, or `None` if the level is not a percentage, and `words` says why.
    """
    supplies = attributes.get("supplies")
    return {"supplies": [*map(_bar, supplies)]} if supplies else None


def _bar(supply: JsonObject) -> JsonObject:
    left: Json = left_percent(supply)
    return {
        "name": supply["name"],
        "colorant": supply.get("colorant"),
        "percent": supply.get("levelpercent"),
        "words": _WORDS[supply.get("levelstate") or "unknown"],
        "isfilled": supply.get("class") == RECEPTACLE,
        "islow": left is not None and left < LOW_PERCENT,
    }


PANELS: Final[Sequence[Panel]] = (
    Panel("supplies", "Supplies", Path(__file__).parent / "supplies.html", supply_bars),
)
