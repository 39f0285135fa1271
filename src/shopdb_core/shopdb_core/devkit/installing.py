"""A plugin for a process of its own: an installed one, or what pip puts into a temporary folder.

An installed plugin of the same name, and whatever else is loaded in this process, does not interfere.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path

from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.discovery import ENTRY_POINT_GROUP, NAME
from shopdb_hookspecs import Json

SHOWN_LINES = 20

# -P: a module in the working directory must not hide one of the same name.
_PYTHON = (sys.executable, "-P", "-m")
# --no-user: a pip.conf may set `user`, which pip refuses together with --target.
_INSTALL = ("pip", "install", "--quiet", "--disable-pip-version-check", "--no-user", "--no-deps", "--target")


@dataclass(frozen=True, slots=True)
class InstalledPlugin:
    """A plugin by its name; `folder` holds its distribution, `None` for one that Python finds anyway."""

    name: str
    folder: Path | None = None

    def ask(self, module: str) -> Json:
        """Run `python -m module NAME OUTPUT` with `folder` first on its path; return the JSON in OUTPUT.

        Raises `ConfigurationError` with the sentence of `{"refused": sentence}`, or with the last lines of a
        process that wrote nothing.
        """
        with tempfile.TemporaryDirectory(prefix="shopdb-asking-") as folder:
            output = Path(folder) / "answer.json"
            done = _run(module, self.name, str(output), environ=self._environ())
            if not output.exists():
                end = f"its process ended with exit code {done.returncode}"
                raise ConfigurationError(f"The plugin {self.name} cannot be checked: {end}{_printed(done)}")
            answer = json.loads(output.read_bytes())
        if "refused" in answer:
            raise ConfigurationError(answer["refused"])
        return answer

    def _environ(self) -> dict[str, str]:
        if self.folder is None:
            return dict(os.environ)
        path = [str(self.folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


@contextmanager
def installed_plugin(place: str | None) -> Iterator[InstalledPlugin]:
    """Give an installed plugin by its name, or install a wheel or a source tree until the end of the block.

    `None` is the source tree in the working directory. A name is not looked up before the plugin is asked.
    Raises `ConfigurationError` for a place that holds no plugin, or that pip cannot install.
    """
    if place is not None and NAME.fullmatch(place):
        yield InstalledPlugin(place)
        return
    path = _path(place)
    with tempfile.TemporaryDirectory(prefix="shopdb-plugin-") as folder:
        _install(path, folder)
        yield InstalledPlugin(_plugin_name(path, folder), Path(folder))


def _path(place: str | None) -> Path:
    """Return the path of a source tree or of a wheel."""
    path = Path(place or "")
    if path.is_dir():
        if not (path / "pyproject.toml").is_file():
            named = place or "The working directory"
            raise ConfigurationError(
                f"{named} has no pyproject.toml: give PATH (the folder of a plugin's source), WHEEL (a .whl "
                "file) or NAME (an installed plugin)."
            )
        return path
    if not path.exists():
        raise ConfigurationError(f"there is no {'file' if path.suffix == '.whl' else 'folder'} {place:.200}")
    if path.suffix != ".whl":
        raise ConfigurationError(
            f"{place!r:.80} is neither a folder, nor a .whl file, nor a plugin's name; write ./folder for a "
            "folder in the working directory."
        )
    return path


def _install(path: Path, folder: str) -> None:
    if find_spec("pip") is None:
        raise ConfigurationError(
            f"Checking {path} needs pip, which is not installed here: run `python -m ensurepip`, or install"
            " the plugin and give its NAME."
        )
    # As a whole path: pip looks for a bare name in an index.
    done = _run(*_INSTALL, folder, str(path.resolve()))
    if done.returncode:
        raise ConfigurationError(f"pip cannot install {path}; {_next_step(path)}{_printed(done)}")


def _next_step(path: Path) -> str:
    if path.is_file():
        return "give a wheel that is complete and made for this Python"
    command = f'python -m pip wheel --no-deps --no-build-isolation "{path.resolve()}"'
    return (
        "correct its pyproject.toml or its sources. Without an index, install its build backend, run "
        f"`{command}` and give the wheel"
    )


def _plugin_name(path: Path, folder: str) -> str:
    """Return the name of the one entry point of the group `shopdb` in a folder that pip filled."""
    points = [point for each in distributions(path=[folder]) for point in each.entry_points]
    names = sorted(point.name for point in points if point.group == ENTRY_POINT_GROUP)
    if len(names) != 1:
        found = f"the entry points {', '.join(names)}" if names else "no entry point"
        raise ConfigurationError(
            f"{path} has {found} of the group {ENTRY_POINT_GROUP}, where one names the plugin: "
            f'write [project.entry-points.{ENTRY_POINT_GROUP}] and a line such as network = "shopdb_network" '
            "in its pyproject.toml."
        )
    return names[0]


def _run(*arguments: str, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [*_PYTHON, *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, errors="replace", check=False)


def _printed(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last lines that a process printed, as the end of a message."""
    lines = [line.rstrip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    return "\n    ".join([". It printed:", *lines[-SHOWN_LINES:]]) if lines else "."
