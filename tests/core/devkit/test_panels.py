"""The findings of the check `panels`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shopdb_core.devkit.checks.panels import check_panels
from shopdb_core.devkit.subject import Subject
from shopdb_hookspecs import Panel

FAULTS = {
    "needs a field that may be missing": ("{{ place }}", dict, "raised UndefinedError: 'place' is undefined"),
    "raises for some": ("x", lambda given: {"n": given["trays"]}, "raised KeyError: 'trays'"),
    "marks a text as safe": ("{{ serial|safe }}", dict, "shows a text as HTML"),
    "has a script": ("<script>1</script>", dict, "has the element script"),
    "has a style": ('<p style="color: red">x</p>', dict, "has the attribute style in p"),
    "handles an event": ('<p onclick="x()">x</p>', dict, "has the attribute onclick in p"),
    "loads from elsewhere": (
        '<img src="https://example.org/x.png">',
        dict,
        "has the address 'https://example.org/x.png', which is not of this site",
    ),
    "loads from another host": (
        '<a href="//x">y</a>',
        dict,
        "has the address '//x', which is not of this site",
    ),
}


def panel(tmp_path: Path, template: str, data: Callable[..., Any]) -> list[Panel]:
    (tmp_path / "tall.html").write_text(template)
    return [Panel("tall", "Tall", tmp_path / "tall.html", data)]


@pytest.mark.parametrize(("template", "data", "what"), FAULTS.values(), ids=FAULTS)
def test_a_panel_that_cannot_be_shown(
    subject: Callable[..., Subject], tmp_path: Path, template: str, data: Callable[..., Any], what: str
) -> None:
    """The finding has the panel and the first asset that shows the fault."""
    (fault,) = check_panels(subject(get_asset_panels=lambda: panel(tmp_path, template, data)))

    assert fault.place.startswith("panel tall of ")
    assert fault.what.startswith(what)
    assert fault.hint


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("<ul>\n{% for tray %}", "has a template that cannot be read: expected token 'in', got 'end of"),
        ("<ul>\n{{ trays.x }}", "raised UndefinedError: 'trays' is undefined"),
        ("<ul>\n{% include 'x' %}", "has a template that cannot be read: 'x' not found in search path: "),
    ],
)
def test_the_line_of_a_template(
    subject: Callable[..., Subject], tmp_path: Path, template: str, what: str
) -> None:
    """A fault of a template has its file and line."""
    faulty = panel(tmp_path, template, lambda _: {})

    (fault,) = check_panels(subject(get_asset_panels=lambda: faulty))

    assert fault.what.startswith(what)
    assert fault.what.endswith(" (tall.html, line 2)")


def test_data_that_is_not_json_has_no_hint_about_fields(
    subject: Callable[..., Subject], tmp_path: Path
) -> None:
    """The text itself has the next step."""
    faulty = panel(tmp_path, "x", lambda _: {"trays": {1}})

    (fault,) = check_panels(subject(get_asset_panels=lambda: faulty))

    assert (fault.what.partition(" that ")[0], fault.hint) == ("returned data", "")


def test_a_sound_panel(subject: Callable[..., Subject], tmp_path: Path) -> None:
    """It is drawn for the examples and for generated assets, of which some lack every optional field."""
    seen: list[frozenset[str]] = []

    def data(attributes: dict[str, Any]) -> dict[str, Any]:
        seen.append(frozenset(attributes))
        return {"serial": attributes["serial"]}

    template = '<svg width="10"><rect width="3"/></svg> <a href="/assets">{{ serial }}</a>'
    findings = check_panels(subject(get_asset_panels=lambda: panel(tmp_path, template, data)))

    assert list(findings) == []
    assert frozenset({"serial"}) in seen
    assert frozenset({"serial", "place", "installedat", "trays"}) in seen
