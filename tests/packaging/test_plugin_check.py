"""`shopdb plugin check` on wheels and source trees that are installed nowhere."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

WriteWheel = Callable[..., Path]
MakeSite = Callable[..., Any]

RACK = '''
"""A plugin for racks."""

from shopdb_hookspecs import hookimpl


@hookimpl
def get_collector_schema():
    return {"identityfield": "serial", "fields": {"serial": {"type": "string", "maxLength": 40}}}


@hookimpl
def get_example_submissions():
    return [{"serial": "R1"}]
'''
BACKEND = '''
"""A build backend that needs nothing: it packs one module."""

import zipfile

FILES = {
    "rackplugin.py": open("rackplugin.py").read(),
    "rackplugin-1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: rackplugin\\nVersion: 1.0\\n",
    "rackplugin-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "rackplugin-1.0.dist-info/entry_points.txt": "[shopdb]\\nrack = rackplugin\\n",
    "rackplugin-1.0.dist-info/RECORD": "",
}


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{wheel_directory}/rackplugin-1.0-py3-none-any.whl", "w") as wheel:
        for name, content in FILES.items():
            wheel.writestr(name, content)
    return "rackplugin-1.0-py3-none-any.whl"
'''
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "rackplugin"
version = "1.0"

[project.entry-points.shopdb]
rack = "rackplugin"
"""


@pytest.fixture
def check(make_site: MakeSite) -> Callable[..., CompletedProcess[str]]:
    """Run `shopdb plugin check` where no site is, with settings that would keep a site from loading it."""
    site = make_site()
    site.variables = {"SHOPDB_PLUGINS": "computers"}

    def run(*arguments: str | Path, directory: Path | None = None) -> CompletedProcess[str]:
        options = {"cwd": directory} if directory else {}
        site.directory = options.get("cwd", site.directory)
        done: CompletedProcess[str] = site.run("plugin", "check", *map(str, arguments))
        assert not list(site.directory.glob("*.sqlite3"))
        return done

    return run


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The source of a distribution, with a build backend of its own."""
    folder = tmp_path / "tree"
    folder.mkdir()
    for name, content in {"pyproject.toml": PROJECT, "backend.py": BACKEND, "rackplugin.py": RACK}.items():
        (folder / name).write_text(content)
    return folder


def test_a_wheel_that_conforms(check: Callable[..., Any], write_wheel: WriteWheel) -> None:
    """It is checked where it lies, without any other plugin, and nothing is installed."""
    wheel = write_wheel("rackplugin", "rack", {"rackplugin/__init__.py": RACK}, "1.2")

    done = check(wheel)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[0].split() == ["declaration", "ok"]
    assert done.stdout.splitlines()[-1] == "rack 1.2 (rackplugin) conforms."
    assert "There is no plugin named 'rack'" in check("rack").stderr


def test_a_wheel_that_does_not_conform(check: Callable[..., Any], bad_wheel: Callable[..., Path]) -> None:
    """Every fault is told, and the exit code is 1; scripts read JSON."""
    wheel = bad_wheel("invalid", "invalid")

    done, data = check(wheel), check(wheel, "--json")

    assert (done.returncode, data.returncode) == (1, 1)
    assert done.stdout.splitlines()[0].split() == ["declaration", "FAILED"]
    assert "    get_collector_schema at /fields/height/type: " in done.stdout
    assert done.stdout.splitlines()[-1] == "invalid 1.0 (invalid) does not conform: 1 fault."
    verdict = json.loads(data.stdout)
    assert (verdict["plugin"], verdict["conforms"]) == ("invalid", False)
    assert verdict["checks"][0]["findings"][0]["place"] == "get_collector_schema at /fields/height/type"


def test_a_source_tree_is_built_first(check: Callable[..., Any], tree: Path) -> None:
    """By its path, or as the working directory; what is checked is the wheel that pip builds."""
    (tree / "rackplugin.py").write_text("")

    for told in (check("./tree", directory=tree.parent), check(directory=tree)):
        assert told.returncode == 1
        assert "the plugin: it implements no hook" in told.stdout
        assert told.stdout.splitlines()[-1] == "rack 1.0 (rackplugin) does not conform: 1 fault."


def test_a_source_tree_that_cannot_be_built_is_told(check: Callable[..., Any], tree: Path) -> None:
    """With the last lines of the build."""
    (tree / "backend.py").write_text("raise RuntimeError('no such compiler')\n")

    done = check(tree)

    assert done.returncode == 1
    assert f"shopdb: {tree} cannot be built into a wheel: its process said" in done.stderr
    assert "no such compiler" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "The working directory holds no plugin's source: give PATH (a folder with a pyproject.toml)"),
        (("racks",), "There is no plugin named 'racks'; installed are "),
        (("./racks",), "there is no folder ./racks"),
        (("dist/x.whl",), "there is no file dist/x.whl"),
        ((".",), ". holds no pyproject.toml: give the folder of a distribution."),
    ],
)
def test_what_is_no_plugin_is_told(check: Callable[..., Any], arguments: tuple[str, ...], told: str) -> None:
    """In one line, with what to give instead."""
    done = check(*arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"shopdb: {told}")


def test_a_wheel_that_is_none_is_told(
    check: Callable[..., Any], write_wheel: WriteWheel, tmp_path: Path
) -> None:
    """Its name, its content, its entry point."""
    garbled = tmp_path / "rack-1.0-py3-none-any.whl"
    garbled.write_bytes(b"no archive")
    misnamed = tmp_path / "rack.whl"
    misnamed.write_bytes(garbled.read_bytes())
    twofold = write_wheel("rackplugin", "rack = rackplugin\nshelf", {"rackplugin/__init__.py": RACK})

    assert f"{garbled.name} cannot be read as a wheel: File is not a zip file" in check(garbled).stderr
    assert "rack.whl cannot be read as a wheel: Invalid wheel filename" in check(misnamed).stderr
    assert "has the entry points rack, shelf of the group shopdb, where one names" in check(twofold).stderr
