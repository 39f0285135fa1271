"""A source tree, built into a wheel as pip would build it for an installation."""

import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

from shopdb_core.errors import ConfigurationError
from shopdb_core.locating.located import last_lines
from shopdb_core.plugins.candidates import ENTRY_POINT_GROUP

PROJECT_FILE = "pyproject.toml"


def built(tree: Path, folder: Path) -> Path:
    """Build the wheel of a source tree into an empty folder; raises `ConfigurationError` where pip cannot."""
    if not (tree / PROJECT_FILE).is_file():
        raise ConfigurationError(f"{tree} holds no {PROJECT_FILE}: give the folder of a distribution.")
    if find_spec("pip") is None:
        raise ConfigurationError(
            f"Building {tree} needs pip, which is missing here: run `python -m ensurepip`, or give a wheel."
        )
    # As a whole path: what pip is given without one may be a name, to be looked for in an index.
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*command, "--wheel-dir", str(folder), str(tree.resolve())],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise ConfigurationError(f"{tree} cannot be built into a wheel: {last_lines(done)}")
    return wheels[0]


def names_plugin(tree: Path) -> bool:
    """Whether a folder holds the source of a plugin's distribution."""
    try:
        project = tomllib.loads((tree / PROJECT_FILE).read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return False
    return bool(project.get("entry-points", {}).get(ENTRY_POINT_GROUP))
