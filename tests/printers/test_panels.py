"""The panel of supplies: a bar for each, and which run low in words."""

import re
from typing import Any

from shopdb_core.plugins.panels import Panels
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import PluginSelection
from shopdb_printers import plugin


def drawn(*supplies: dict[str, Any]) -> str:
    """Return the panel of a printer with these supplies, its blanks as one each; empty without a panel."""
    panels = Panels(load_plugins(PluginSelection(), {"printers": plugin}))
    attributes = {"serialnumber": "D9J", **({"supplies": [*supplies]} if supplies else {})}
    found = panels.of("printers", attributes)
    assert all(not each.failure for each in found)
    return re.sub(r"\s+", " ", found[0].html) if found else ""


def test_a_bar_is_as_long_as_its_level() -> None:
    """The level stands beside it as a number."""
    html = drawn({"name": "Black", "colorant": "black", "levelpercent": 62.5})

    assert 'class="fill" width="75.0"' in html
    assert "62&nbsp;%" in html
    assert "low" not in html


def test_low_supplies_say_so() -> None:
    """Below 15 percent, and a receptacle that is nearly full; one that is nearly empty is not low."""
    assert "&#9888; low" in drawn({"name": "Cyan", "levelpercent": 14.5})
    assert "low" not in drawn({"name": "Cyan", "levelpercent": 15})
    full = {"name": "Waste", "class": "receptaclethatisfilled"}
    assert "&#9888; nearly full" in drawn({**full, "levelpercent": 95})
    assert "low" not in drawn({**full, "levelpercent": 5})


def test_a_level_that_is_no_percentage_is_in_words() -> None:
    """There is no bar then."""
    html = drawn({"name": "Drum", "levelstate": "someremaining"}, {"name": "Ink"})

    assert "some remains" in html
    assert "unknown" in html
    assert "<svg" not in html


def test_a_printer_without_supplies_has_no_panel() -> None:
    """Neither the heading nor an empty table."""
    assert drawn() == ""


def test_names_are_escaped() -> None:
    """A printer can be named anything."""
    html = drawn({"name": "<script>alert(1)</script>", "colorant": '"><b>', "levelpercent": 1})

    assert "<script" not in html
    assert "<b>" not in html
