"""Two releases of a plugin, compared in the form that people and scripts read."""

import copy
from dataclasses import replace

import pytest

from shopdb_core.devkit.comparing import Declared, compare_releases
from shopdb_core.devkit.isolation import InstalledPlugin
from shopdb_core.errors import ConfigurationError

OLD = Declared(
    "rack",
    "shop-rack",
    "1.0.0",
    {"identityfield": "serial", "fields": {"serial": {"type": "string"}, "height": {"type": "integer"}}},
)


def release(version: str, **fields: object) -> Declared:
    """Return a later release, with these fields besides the identity."""
    declaration = copy.deepcopy({**OLD.declaration, "fields": {"serial": {"type": "string"}, **fields}})
    return Declared("rack", "shop-rack", version, declaration)


def test_a_version_that_says_too_little() -> None:
    """Every change has its step, a breaking one its remedy; the smallest version that is enough is named."""
    found = compare_releases(OLD, release("1.1.0", depth={"type": "integer"}))

    assert list(found.lines()) == [
        "rack 1.1.0 against 1.0.0: these changes need a major version",
        "    major  /fields/height: was removed: its values are dropped with a warning",
        '           keep the field, and mark it "deprecated": true until the next major version',
        "    minor  /fields/depth: is new: readers may receive an unknown field",
    ]
    assert found.shortfall.endswith("release 2.0.0")
    shown = found.as_json()
    assert (shown["old"], shown["new"], shown["step"]) == ("1.0.0", "1.1.0", "major")
    assert shown["changes"][1] == {
        "place": "/fields/depth",
        "step": "minor",
        "sentence": "is new: readers may receive an unknown field",
        "remedy": "",
    }


def test_a_version_that_says_enough() -> None:
    """Nothing is missing, whether much changed or nothing."""
    assert compare_releases(OLD, release("2.0.0")).shortfall == ""
    same = compare_releases(OLD, release("1.0.0", height={"type": "integer"}))
    assert (same.shortfall, list(same.lines())) == ("", ["rack 1.0.0 against 1.0.0: nothing changed"])


def test_two_plugins_are_not_compared() -> None:
    """Releases of two plugins are refused by name."""
    with pytest.raises(ConfigurationError, match="rack and tray are two plugins"):
        compare_releases(OLD, Declared("tray", "shop-tray", "1.0.0", OLD.declaration))


def declared(name: str) -> Declared:
    """Load an installed plugin in another process."""
    return Declared(**InstalledPlugin(name).run("declaration"))


def test_another_process_loads_a_release() -> None:
    """Its name, distribution, version, declaration and examples; or the reason why there is none."""
    found = declared("printers")

    assert (found.name, found.distribution, found.version) == ("printers", "shopdb-printers", "1.1.0")
    assert found.declaration["identityfield"] == "serialnumber"
    assert "serialnumber" in found.examples[0]
    with pytest.raises(ConfigurationError, match="There is no plugin named 'nobody'; installed are "):
        declared("nobody")


def test_an_example_of_the_older_release_that_is_refused() -> None:
    """It is a major change at the field, with the message that a submission gets."""
    older = replace(OLD, examples=[{"serial": "1", "height": 3}, {"serial": "2", "height": "tall"}])
    newer = replace(release("2.0.0", height={"type": "integer", "maximum": 2}), examples=[{"serial": 5}])

    changes = compare_releases(older, newer).changes

    assert [(str(change.step), change.place) for change in changes] == [
        ("major", "/fields/height"),
        ("major", "/fields/height/maximum"),
    ]
    assert changes[0].sentence.startswith(
        "example 1 of the older release is refused: /height must be at most 2"
    )
