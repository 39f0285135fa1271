"""Two releases of a plugin, compared in the form that people and scripts read."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest

from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.compatibility.comparison import compare_releases
from shopdb_core.plugins.compatibility.declared import Declared, read_declared

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
    """Every change has its step, a breaking one its remedy, and the least version is told."""
    found = compare_releases(OLD, release("1.1.0", depth={"type": "integer"}))

    assert list(found.lines()) == [
        "rack 1.1.0 against 1.0.0: these changes need a major version",
        "    major  /fields/height: is gone: what is submitted in it is dropped with a warning, and lost",
        '           keep the field, and mark it "deprecated": true until the next major version',
        "    minor  /fields/depth: is new: readers meet a field that they do not know",
    ]
    assert found.shortfall.endswith("release 2.0.0")
    shown = found.as_json()
    assert (shown["old"], shown["new"], shown["step"]) == ("1.0.0", "1.1.0", "major")
    assert shown["changes"][1] == {
        "place": "/fields/depth",
        "step": "minor",
        "sentence": "is new: readers meet a field that they do not know",
        "remedy": "",
    }


def test_a_version_that_says_enough() -> None:
    """Nothing is missing, whether much changed or nothing."""
    assert compare_releases(OLD, release("2.0.0")).shortfall == ""
    same = compare_releases(OLD, release("1.0.0", height={"type": "integer"}))
    assert (same.shortfall, list(same.lines())) == ("", ["rack 1.0.0 against 1.0.0: nothing changed"])


def test_two_plugins_are_not_compared() -> None:
    """Their releases are no releases of each other."""
    with pytest.raises(ConfigurationError, match="rack and tray are two plugins"):
        compare_releases(OLD, Declared("tray", "shop-tray", "1.0.0", OLD.declaration))


def ask(name: str, folder: Path) -> Declared:
    """Ask another process what an installed plugin declares."""
    output = folder / "answer.json"
    command = [sys.executable, "-m", "shopdb_core.plugins.compatibility", name, str(output)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")
    return read_declared(json.loads(output.read_bytes()))


def test_another_process_tells_what_a_plugin_declares(tmp_path: Path) -> None:
    """Its name, distribution, version and declaration; or why there is none."""
    found = ask("printers", tmp_path)

    assert (found.name, found.distribution, found.version) == ("printers", "shopdb-printers", "1.0.0")
    assert found.declaration["identityfield"] == "serialnumber"
    with pytest.raises(ConfigurationError, match="There is no plugin named 'nobody'; installed are "):
        ask("nobody", tmp_path)
