"""Fixtures for an installation from nothing: the four wheels, and an environment without them."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
MEMBERS = ("hookspecs", "src/shopdb_core", "src/shopdb_computers", "src/shopdb_printers")


def pip(*arguments: str | Path) -> None:
    """Run pip without an index."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the four wheels, built before the tests or now."""
    if "SHOPDB_WHEELS" in os.environ:
        return Path(os.environ["SHOPDB_WHEELS"])
    folder = tmp_path_factory.mktemp("wheels")
    pip("wheel", "--no-deps", "--wheel-dir", folder, *(REPOSITORY / member for member in MEMBERS))
    return folder


@pytest.fixture(scope="session")
def newcomer(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Mapping[str, str]:
    """Return the environment variables of a Python whose package index is a folder of this machine.

    Third-party libraries come from the environment of the tests; pip installs our wheels.
    """
    libraries = tmp_path_factory.mktemp("libraries")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "shopdb" not in entry.name and entry.suffix != ".pth":
            (libraries / entry.name).symlink_to(entry)
    return {
        "PYTHONPATH": str(libraries),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_NO_BUILD_ISOLATION": "false",  # pip reads it as the value of `build isolation`
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
