"""`shopdb plugin check` on wheels and source trees that are not installed."""

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
    """It is checked without any other plugin, and is not installed afterwards."""
    wheel = write_wheel("rackplugin", "rack", {"rackplugin/__init__.py": RACK}, "1.2")

    done = check(wheel)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[0].split() == ["declaration", "ok"]
    assert done.stdout.splitlines()[-1] == "rack 1.2 (rackplugin) conforms."
    assert "There is no plugin named 'rack'" in check("rack").stderr


def test_a_wheel_that_does_not_conform(check: Callable[..., Any], bad_wheel: Callable[..., Path]) -> None:
    """Every fault is reported, and the exit code is 1; scripts read JSON."""
    wheel = bad_wheel("invalid", "invalid")

    done, data = check(wheel), check(wheel, "--json")

    assert (done.returncode, data.returncode) == (1, 1)
    assert done.stdout.splitlines()[0].split() == ["declaration", "FAILED"]
    assert "    get_collector_schema at /fields/height/type: " in done.stdout
    assert done.stdout.splitlines()[-1] == "invalid 1.0 (invalid) does not conform: 1 fault."
    result = json.loads(data.stdout)
    assert (result["plugin"], result["conforms"]) == ("invalid", False)
    assert result["checks"][0]["findings"][0]["place"] == "get_collector_schema at /fields/height/type"


def test_a_source_tree_is_built_first(check: Callable[..., Any], tree: Path) -> None:
    """By its path, or as the working directory; what is checked is the wheel that pip builds."""
    (tree / "rackplugin.py").write_text("")

    for done in (check("./tree", directory=tree.parent), check(directory=tree)):
        assert done.returncode == 1
        assert "the plugin: it does not implement any hook" in done.stdout
        assert done.stdout.splitlines()[-1] == "rack 1.0 (rackplugin) does not conform: 1 fault."


def test_a_source_tree_that_does_not_build(check: Callable[..., Any], tree: Path) -> None:
    """The message has the next step, also for a machine without an index, and the last lines of pip."""
    (tree / "backend.py").write_text("raise RuntimeError('no such compiler')\n")

    done = check(tree)

    assert done.returncode == 1
    next_step = "correct its pyproject.toml or its sources. Without an index, install its build backend, run"
    assert done.stderr.startswith(f"shopdb: pip cannot install {tree}; {next_step}")
    assert f'`python -m pip wheel --no-deps --no-build-isolation "{tree}"` and give the wheel.' in done.stderr
    assert "no such compiler" in done.stderr


def test_a_source_tree_without_an_entry_point(check: Callable[..., Any], tree: Path) -> None:
    """The message says what to write into its pyproject.toml."""
    (tree / "backend.py").write_text(BACKEND.replace("[shopdb]", "[other]"))

    done = check(tree)

    assert (done.returncode, done.stdout) == (1, "")
    assert f"{tree} must have one entry point of the group shopdb" in done.stderr
    assert "it has none: write [project.entry-points.shopdb]" in done.stderr


def test_a_source_tree_shadows_what_is_installed(check: Callable[..., Any], tree: Path) -> None:
    """A new version is checked where another one of the same distribution is installed."""
    for file in list(tree.iterdir()):
        content = file.read_text().replace("rackplugin", "shopdb_printers").replace("rack =", "printers =")
        (tree / file.name.replace("rackplugin", "shopdb_printers")).write_text(content)

    done = check(tree)

    assert done.stdout.splitlines()[-1] == "printers 1.0 (shopdb_printers) conforms.", done.stderr


IMPORTS = {
    "lacks a library": (
        "import pysnmp_of_old",
        (
            "the plugin: its import raised ModuleNotFoundError: No module named 'pysnmp_of_old' "
            "(rackplugin.py, line 1): install it, and add it to the dependencies of rackplugin"
        ),
    ),
    "ends the process": (
        "import sys\nsys.exit('bye')",
        "the plugin: its import raised SystemExit: bye (rackplugin.py, line 2)",
    ),
}


@pytest.mark.parametrize(("source", "message"), IMPORTS.values(), ids=IMPORTS)
def test_a_wheel_whose_import_fails(
    check: Callable[..., Any], write_wheel: WriteWheel, source: str, message: str
) -> None:
    """The finding quotes the exception, with file and line."""
    done = check(write_wheel("rackplugin", "rack", {"rackplugin.py": source}))

    assert done.returncode == 1
    assert message in done.stdout
    assert done.stdout.splitlines()[-1] == "rack 1.0 (rackplugin) does not conform: 1 fault."


def test_a_wheel_that_ends_its_process(check: Callable[..., Any], write_wheel: WriteWheel) -> None:
    """The message has the exit code, and what the process printed."""
    source = "import os, sys\nsys.stderr.write('no such switch')\nsys.stderr.flush()\nos._exit(3)\n"

    done = check(write_wheel("rackplugin", "rack", {"rackplugin.py": source}))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "shopdb: The plugin rack cannot be checked: its process ended with exit code 3. It printed:\n"
        "    no such switch\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "The working directory has no pyproject.toml: give PATH (the folder of a plugin's source)"),
        (("racks",), "There is no plugin named 'racks'; installed are "),
        (("./racks",), "The folder ./racks does not exist."),
        (("dist/x.whl",), "The file dist/x.whl does not exist."),
        ((".",), ". has no pyproject.toml: give PATH (the folder of a plugin's source), WHEEL"),
        (("./notes.txt",), "'./notes.txt' is neither a folder, nor a .whl file, nor a plugin's name; write"),
    ],
)
def test_a_place_without_a_plugin(
    check: Callable[..., Any], tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    """The message has the place, and what to give instead."""
    (tmp_path / "notes.txt").touch()

    done = check(*arguments, directory=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"shopdb: {message}")


def test_a_file_that_is_not_a_plugin_wheel(
    check: Callable[..., Any], write_wheel: WriteWheel, tmp_path: Path
) -> None:
    """The message says what is wrong: its name, its content, its entry points."""
    garbled = tmp_path / "rack-1.0-py3-none-any.whl"
    garbled.write_bytes(b"no archive")
    misnamed = tmp_path / "rack.whl"
    misnamed.write_bytes(garbled.read_bytes())
    twofold = write_wheel("rackplugin", "rack = rackplugin\nshelf", {"rackplugin/__init__.py": RACK})

    next_step = "give a wheel that is complete and made for this Python. It printed:\n    ERROR: "
    assert f"shopdb: pip cannot install {garbled}; {next_step}" in check(garbled).stderr
    assert f"shopdb: pip cannot install {misnamed}; {next_step}" in check(misnamed).stderr
    assert "wheel filename" in check(misnamed).stderr
    assert (
        "must have one entry point of the group shopdb, which names the plugin; it has rack, shelf: write "
        in check(twofold).stderr
    )
