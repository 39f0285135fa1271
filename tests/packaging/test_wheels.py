"""The four wheels: what is in them, what is not, and that each is enough."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement

NAMES = ("shopdb_hookspecs", "shopdb_core", "shopdb_computers", "shopdb_printers")
CONTENTS = {
    "shopdb_hookspecs": ["specs.py"],
    "shopdb_core": [
        "access/sign_in/common_passwords.txt",
        "console/framework/base.html",
        "console/framework/htmx-2.0.11.min.js",
        "console/framework/style.css",
        "console/translations/de.po",
        "declarations/declaration.schema.json",
        "devkit/scaffold/template/copier.yml",
        "devkit/scaffold/template/distribution/.github/workflows/ci.yml.jinja",
        "devkit/scaffold/template/distribution/{{ package }}/migrations/0001_devices.py.jinja",
        "store/migrations/env.py",
        "store/migrations/versions/0001_assets_and_audit.py",
    ],
    "shopdb_computers": ["migrations/0001_software.py"],
    "shopdb_printers": ["migrations/0001_supplies.py", "supplies.html"],
}
OF_PAGES = {"shopdb_core": {".css", ".html", ".js", ".po", ".svg"}, "shopdb_printers": {".html"}}
IMPORTED = """
import json, sys
before = set(sys.modules)
import {module}
found = {{name.partition(".")[0] for name in set(sys.modules) - before}} - sys.stdlib_module_names
print(json.dumps([sorted(found), {module}.__file__]))
"""


@pytest.fixture(params=NAMES)
def wheel(request: pytest.FixtureRequest, wheels: Path) -> tuple[str, Path]:
    """One of the wheels, with the name of its package."""
    (path,) = wheels.glob(f"{request.param}-*.whl")
    return request.param, path


def metadata(path: Path) -> Message:
    """Return the core metadata of a wheel."""
    with zipfile.ZipFile(path) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(archive.read(name).decode())


def requirements(path: Path) -> set[str]:
    """Return the names of the distributions that a wheel requires."""
    return {Requirement(line).name for line in metadata(path).get_all("Requires-Dist", [])}


def imported_by(module: str, folder: Path) -> tuple[list[str], str]:
    """Import a module from a folder, in a process of its own; return what came along, and its file."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED.format(module=module)],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    libraries, file = json.loads(done.stdout)
    return libraries, file


def test_a_wheel_has_what_it_needs_at_run_time(wheel: tuple[str, Path]) -> None:
    """Types, migrations and schemas are packed beside the code."""
    package, path = wheel

    names = set(zipfile.ZipFile(path).namelist())

    assert {f"{package}/{name}" for name in ["__init__.py", "py.typed", *CONTENTS[package]]} <= names


def test_a_wheel_has_nothing_else(wheel: tuple[str, Path]) -> None:
    """One package and its metadata: no tests, no caches, no site's data; the template is not counted."""
    package, path = wheel

    names = [name for name in zipfile.ZipFile(path).namelist() if "/scaffold/template/" not in name]

    assert {name.partition("/")[0].partition("-")[0] for name in names} == {package}
    allowed = {".py", ".typed", ".json", ".txt"} | OF_PAGES.get(package, set())
    assert {Path(name).suffix for name in names if ".dist-info/" not in name} <= allowed
    unwanted = {"tests", "__pycache__"}
    assert not [
        name for name in names if unwanted & {*Path(name).parts} or Path(name).name.startswith("test_")
    ]


def test_a_wheel_says_what_people_need_to_know(wheel: tuple[str, Path]) -> None:
    """Licence, Python version, summary and description."""
    found = metadata(wheel[1])

    assert found["License-Expression"] == "MIT"
    assert found["Requires-Python"] == ">=3.11"
    assert found["Summary"]
    assert str(found.get_payload()).strip()


def test_a_wheel_is_enough_by_itself(wheel: tuple[str, Path], install: Callable[..., Path]) -> None:
    """Beside its dependencies it is imported, and imports no sibling that it does not require."""
    package, path = wheel
    required = {name.replace("-", "_") for name in requirements(path)}

    libraries, file = imported_by(package, folder := install(path))

    assert Path(file).is_relative_to(folder)
    assert {name for name in libraries if name.startswith("shopdb")} <= {package, *required}


def test_the_hooks_need_pluggy_only(wheels: Path, install: Callable[..., Path]) -> None:
    """A plugin's author gets no server along with the hooks."""
    (path,) = wheels.glob("shopdb_hookspecs-*.whl")

    libraries, _ = imported_by("shopdb_hookspecs", install(path))

    assert libraries == ["pluggy", "shopdb_hookspecs"]
    assert requirements(path) == {"pluggy"}


def test_what_is_installed_here_fits_together() -> None:
    """Every requirement of the four, and of their dependencies, is met."""
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
