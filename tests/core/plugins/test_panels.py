"""Panels of plugins: drawn in a sandbox with every value escaped, and a failure is a notice and a line."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

from shopdb_core.plugins.panels import Panels
from shopdb_core.plugins.registry import Plugin, Plugins
from shopdb_hookspecs import Panel

HOSTILE = "<img src=x onerror=alert(1)>\"'"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;&#34;&#39;"

MakePanels = Callable[..., Panels]


@pytest.fixture
def panels(
    load: Callable[[object], Plugin], make_plugin: Callable[..., object], tmp_path: Path
) -> MakePanels:
    """Return a function that makes a plugin with panels of `(name, template, data)`, and their service."""

    def make(*given: tuple[str, str, Callable[..., Any]]) -> Panels:
        for name, template, _ in given:
            (tmp_path / f"{name}.html").write_text(template)
        made = [Panel(name, name.title(), tmp_path / f"{name}.html", data) for name, _, data in given]
        plugin = load(make_plugin(get_asset_panels=lambda: made))
        assert plugin.state == "active", plugin.reason
        return Panels(Plugins([plugin]))

    return make


def test_values_are_escaped(panels: MakePanels) -> None:
    """Also a value that says of itself that it is HTML, and one in an attribute."""
    service = panels(
        (
            "one",
            '<p title="{{ serial }}">{{ marked }}</p>',
            lambda given: {**given, "marked": Markup(HOSTILE)},
        )
    )
    (drawn,) = service.of("rack", {"serial": HOSTILE})
    assert drawn.html == f'<p title="{ESCAPED}">{ESCAPED}</p>'


def test_a_panel_gets_what_fits_the_declaration(panels: MakePanels) -> None:
    """A height that was entered by hand as a text, and an undeclared field, are left out."""
    service = panels(("fields", "{{ fields|join(' ') }}", lambda given: {"fields": sorted(given)}))

    (drawn,) = service.of("rack", {"serial": "r1", "height": "tall", "colour": "red"})

    assert (drawn.name, drawn.title, drawn.html) == ("fields", "Fields", "serial")


def test_panels_keep_their_order_and_may_be_left_out(panels: MakePanels) -> None:
    """`None` is no panel, an empty object is one, and other types of assets have none of them."""
    service = panels(
        ("zebra", "z", lambda _: {}), ("nothing", "n", lambda _: None), ("apple", "a", lambda _: {})
    )

    assert [each.name for each in service.of("rack", {"serial": "r1"})] == ["zebra", "apple"]
    assert service.of("computers", {"serial": "r1"}) == []


FAULTS = {
    "raises": ("x", lambda _: 1 / 0, "raised ZeroDivisionError"),
    "ends the process": ("x", sys.exit, "raised SystemExit"),
    "is no object": ("x", lambda _: [], "returned data that is not a dict"),
    "is no JSON": (
        "x",
        lambda _: {"a": {1}},
        "returned data that JSON cannot hold: use dict, list, str, int, float, bool or None",
    ),
    "lacks a name": ("{{ height }}", lambda _: {}, "raised UndefinedError"),
    "is no template": ("{% if %}", lambda _: {}, "has a template that cannot be read"),
    "includes what is not there": ("{% include 'x' %}", lambda _: {}, "has a template that cannot be read"),
    "leaves the sandbox": ("{{ a.__class__.__mro__ }}", lambda _: {"a": "b"}, "raised SecurityError"),
}


@pytest.mark.parametrize(("template", "data", "told"), FAULTS.values(), ids=FAULTS)
def test_a_panel_that_fails_is_a_notice(
    panels: MakePanels,
    caplog: pytest.LogCaptureFixture,
    template: str,
    data: Callable[..., Any],
    told: str,
) -> None:
    """The others are drawn, and the log has the same sentence, without the message of the exception."""
    service = panels(("broken", template, data), ("sound", "here", lambda _: {}))

    with caplog.at_level(logging.ERROR):
        broken, sound = service.of("rack", {"serial": "r1"})

    assert broken.failure == f"Plugin rack (distribution unknown): the panel broken {told}."
    assert (broken.html, sound.html, sound.failure) == ("", "here", "")
    (line,) = caplog.messages
    assert line.startswith(broken.failure)
    assert "division by zero" not in line
