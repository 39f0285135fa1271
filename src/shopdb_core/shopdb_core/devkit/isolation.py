"""Run a command for a plugin in a process of its own, so that no other loaded or installed code interferes.

`installed_plugin` gives an installed plugin, or installs a wheel or a source tree into a temporary folder.
`InstalledPlugin.run` starts `python -m shopdb_core.devkit.isolation COMMAND NAME OUTPUT`, which is `main`.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from shopdb_core.devkit import check_plugin
from shopdb_core.devkit.comparing import declared
from shopdb_core.devkit.databases import DatabaseServer
from shopdb_core.errors import ConfigurationError, ShopDBError
from shopdb_core.json_text import canonical
from shopdb_core.plugins.discovery import ENTRY_POINT_GROUP, NAME, installed_candidate
from shopdb_hookspecs import Json

Command = Literal["check", "declaration"]

MAX_OUTPUT_LINES = 20

# -P: a module in the working directory must not hide one of the same name.
_PYTHON = (sys.executable, "-P", "-m")
# --no-user: a pip.conf may set `user`, which pip refuses together with --target.
_INSTALL = ("pip", "install", "--quiet", "--disable-pip-version-check", "--no-user", "--no-deps", "--target")


@dataclass(frozen=True, slots=True)
class InstalledPlugin:
    """A plugin by its name; `folder` holds its distribution, `None` for one in the environment."""

    name: str
    folder: Path | None = None

    def run(self, command: Command, servers: Sequence[DatabaseServer] = ()) -> Json:
        """Return the JSON of `ConformanceResult` for `check`, the fields of `Declared` for `declaration`.

        The checks also run on the servers. Raises `ConfigurationError` with the message of the process, or
        with the last lines that it printed if it ended without a result.
        """
        with tempfile.TemporaryDirectory(prefix="shopdb-isolation-") as folder:
            output = Path(folder) / "result.json"
            # By standard input, since every user of the machine can list the arguments of a process.
            given = json.dumps([[server.name, server.url, server.prefix] for server in servers])
            arguments = (__name__, command, self.name, str(output))
            process = _python(*arguments, environ=self._environ(), given=given)
            if not output.exists():
                end = f"its process ended with exit code {process.returncode}"
                raise ConfigurationError(
                    f"The plugin {self.name} cannot be checked: {end}{_printed(process)}"
                )
            result = json.loads(output.read_bytes())
        if "error" in result:
            raise ConfigurationError(result["error"])
        return result

    def _environ(self) -> dict[str, str]:
        if self.folder is None:
            return dict(os.environ)
        path = [str(self.folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def main(command: str, name: str, output: Path, servers: Sequence[DatabaseServer]) -> None:
    """Write the result of a command as JSON to `output`, or `{"error": message}`."""
    # Without a handler of its own Python would write to stderr what the result says anyway.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        if command == "check":
            result = check_plugin(installed_candidate(name), servers).as_json()
        else:
            result = asdict(declared(name))
    except ShopDBError as error:
        result = {"error": str(error)}
    output.write_bytes(canonical(result))


@contextmanager
def installed_plugin(source: str | None) -> Iterator[InstalledPlugin]:
    """Give an installed plugin by its name, or install a wheel or a source tree until the end of the block.

    `None` is the source tree in the working directory. A name is not looked up before `InstalledPlugin.run`.
    Raises `ConfigurationError` for a path without a plugin, or one that pip cannot install.
    """
    if source is not None and NAME.fullmatch(source):
        yield InstalledPlugin(source)
        return
    path = _path(source)
    with tempfile.TemporaryDirectory(prefix="shopdb-plugin-") as folder:
        _install(path, folder)
        yield InstalledPlugin(_plugin_name(path, folder), Path(folder))


def _path(source: str | None) -> Path:
    """Return the path of a source tree or of a wheel."""
    path = Path(source or "")
    if path.is_dir():
        if not (path / "pyproject.toml").is_file():
            named = source or "The working directory"
            raise ConfigurationError(
                f"{named} has no pyproject.toml: give PATH (the folder of a plugin's source), WHEEL (a .whl "
                "file) or NAME (an installed plugin)."
            )
        return path
    if not path.exists():
        kind = "file" if path.suffix == ".whl" else "folder"
        raise ConfigurationError(f"The {kind} {source:.200} does not exist.")
    if path.suffix != ".whl":
        raise ConfigurationError(
            f"{source!r:.80} is neither a folder, nor a .whl file, nor a plugin's name; write ./folder for a "
            "folder in the working directory."
        )
    return path


def _install(path: Path, folder: str) -> None:
    if find_spec("pip") is None:
        raise ConfigurationError(
            f"Checking {path} needs pip, which is not installed here: run `python -m ensurepip`, or install"
            " the plugin and give its NAME."
        )
    # As an absolute path: pip looks for a bare name in an index.
    process = _python(*_INSTALL, folder, str(path.resolve()))
    if process.returncode:
        raise ConfigurationError(f"pip cannot install {path}; {_next_step(path)}{_printed(process)}")


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
        raise ConfigurationError(
            f"{path} must have one entry point of the group {ENTRY_POINT_GROUP}, which names the plugin; it "
            f"has {', '.join(names) or 'none'}: write [project.entry-points.{ENTRY_POINT_GROUP}] and a line "
            'such as network = "shopdb_network" in its pyproject.toml.'
        )
    return names[0]


def _python(
    *arguments: str, environ: dict[str, str] | None = None, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run Python with `given` as its standard input; an interrupt kills the process."""
    command = [*_PYTHON, *arguments]
    return subprocess.run(
        command, env=environ, input=given, capture_output=True, text=True, errors="replace", check=False
    )


def _printed(process: subprocess.CompletedProcess[str]) -> str:
    """Return the last lines that a process printed, as the end of a message."""
    lines = [line.rstrip() for line in (process.stderr + process.stdout).splitlines() if line.strip()]
    return "\n    ".join([". It printed:", *lines[-MAX_OUTPUT_LINES:]]) if lines else "."


if __name__ == "__main__":
    given_servers = [DatabaseServer(*each) for each in json.load(sys.stdin)]
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), given_servers)
