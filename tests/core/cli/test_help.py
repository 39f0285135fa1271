"""The commands as a whole: help, wrong usage, and commands that plugins add."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import click
import pytest

from shopdb_core.cli import shopdb

MakeSite = Callable[..., Any]
Refused = Callable[[CompletedProcess[str]], str]

COMMANDS = [
    "asset",
    "audit",
    "backup",
    "changes",
    "collect",
    "config",
    "copy",
    "counts",
    "db",
    "demo",
    "doctor",
    "duplicates",
    "init",
    "plugin",
    "refusals",
    "report",
    "restore",
    "search",
    "serve",
    "submit",
    "token",
    "user",
    "validate",
    "webhooks",
]
LOADED = """
import sys
from shopdb_core.cli import main
sys.argv[1:] = ["--help"]
try:
    main()
finally:
    print(*sys.modules)
"""
HEAVY = {
    "alembic",
    "copier",
    "falcon",
    "httpx",
    "hypothesis",
    "jsonschema",
    "jsonschema_rs",
    "jwt",
    "orjson",
    "packaging",
    "pytest",
    "sqlalchemy",
    "waitress",
}


def install_command(folder: Path, module: str, name: str = "greeting") -> dict[str, str]:
    """Write a distribution with a plugin and the command `greet`; return the variables that install it."""
    (folder / f"{name}.py").write_text(module)
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        f"[shopdb]\n{name} = {name}\n[shopdb_commands]\ngreet = {name}:greet\n"
    )
    return {"PYTHONPATH": str(folder)}


def test_help_lists_every_command(make_site: MakeSite) -> None:
    """Those of the core and those of installed plugins, each with a line."""
    done = make_site().run("--help")

    assert done.returncode == 0
    listed = re.findall(r"(?m)^  (\w+) +\S", done.stdout.partition("Commands:")[2])
    assert listed == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(make_site: MakeSite, command: str) -> None:
    """`--help` needs no site."""
    done = make_site(variables={"SECRET_KEY": ""}).run(command, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: shopdb {command}") or "Usage: python -m" in done.stdout


def test_help_is_quick() -> None:
    """It imports none of the libraries that a server needs."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)

    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "click" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_the_version_is_the_distribution_s(make_site: MakeSite) -> None:
    """`--version` prints one line."""
    done = make_site().run("--version")

    assert done.stdout == "shopdb, version 1.0.0\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["nosuchcommand"],
        ["serve", "extra"],
        ["serve", "--nosuchoption"],
        ["submit", "computers"],
        ["token", "create"],
        ["token", "create", "--subject", "me", "--role", "root"],
        ["token", "create", "--subject", "me", "--ttl", "soon"],
        ["asset", "list", "--limit", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(make_site: MakeSite, arguments: list[str]) -> None:
    """The error names what was wrong, without a traceback."""
    done = make_site().run(*arguments)

    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plugin_adds_a_command(make_site: MakeSite, tmp_path: Path) -> None:
    """A click command under the entry points `shopdb_commands`."""
    variables = install_command(
        tmp_path, "import click\n\n@click.command()\ndef greet():\n    click.echo('Hello')\n"
    )

    assert make_site(variables=variables).run("greet").stdout == "Hello\n"


HEAVY_MODULE = """
import sys
import click
sys.stderr.write("imported")

@click.command("greet"{options})
@click.option("--loud", help="Not this.")
def greet(loud):
    '''Say hello to
    a machine. Not this either.

    Nor this.
    '''
"""


@pytest.mark.parametrize(
    ("module", "line"),
    [
        (HEAVY_MODULE.format(options=""), "Say hello to a machine. From greeting."),
        (HEAVY_MODULE.format(options=", help='Greet it. Twice.'"), "Greet it. From greeting."),
        (HEAVY_MODULE.format(options=", help='No', short_help='Greet.'"), "Greet. From greeting."),
        ("from elsewhere import greet", "From greeting."),
        ("this is not Python", "From greeting."),
    ],
)
def test_the_line_of_a_plugin_s_command_is_its_help(
    make_site: MakeSite, tmp_path: Path, module: str, line: str
) -> None:
    """It is read from the source: the module is not imported."""
    done = make_site(variables=install_command(tmp_path, module)).run("--help")

    assert done.stderr == ""
    assert re.search(rf"(?m)^  greet +{re.escape(line)}$", done.stdout), done.stdout


def test_the_commands_of_computers_have_a_line() -> None:
    """Neither the plugin nor its package is imported for it."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)

    printed, modules = done.stdout.rsplit("\n", 2)[:2]
    assert re.search(r"(?m)^  collect +Print this machine's inventory as a submission", printed)
    assert re.search(r"(?m)^  demo +Serve on SQLite in a temporary directory", printed)
    assert "shopdb_computers" not in modules


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield each command that is not a group, with the words that call it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from commands(command.get_command(context, name), f"{path} {name}".strip())


def test_every_command_of_the_core_takes_json() -> None:
    """Those of plugins are their own."""
    without = [
        path
        for path, command in commands(shopdb, "")
        if not any("--json" in each.opts for each in command.params)
    ]

    assert without == ["collect", "demo"]


def test_a_blocked_plugin_adds_no_command(make_site: MakeSite, tmp_path: Path) -> None:
    """What the site blocks is not imported for its command either."""
    variables = install_command(tmp_path, "raise OSError")

    done = make_site(variables={**variables, "SHOPDB_BLOCKED_PLUGINS": "greeting"}).run("greet")

    assert done.returncode == 2
    assert "No such command 'greet'" in done.stderr


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            "raise OSError('no switch')",
            "cannot be imported: OSError: no switch (greeting.py, line 1)",
        ),
        ("import sys\nsys.exit(3)", "cannot be imported: SystemExit: 3 (greeting.py, line 2)"),
        ("greet = print", "is not a click.Command: greeting:greet"),
    ],
)
def test_a_broken_command_of_a_plugin_is_named(
    make_site: MakeSite, refused: Refused, tmp_path: Path, module: str, message: str
) -> None:
    """The line names the command and its distribution."""
    site = make_site(variables=install_command(tmp_path, module))

    assert refused(site.run("greet")) == f"The command greet of greeting {message}"
    assert site.run("--help").returncode == 0


def test_a_command_of_two_plugins_is_nobody_s(make_site: MakeSite, refused: Refused, tmp_path: Path) -> None:
    """The line names both distributions, as the help does; the other commands work."""
    install_command(tmp_path, "", "aloha")
    site = make_site(variables=install_command(tmp_path, ""))

    assert refused(site.run("greet")) == (
        "The command greet is claimed by aloha and greeting: uninstall one, or leave its plugin out with "
        "SHOPDB_BLOCKED_PLUGINS"
    )
    assert "From aloha and greeting." in site.run("--help").stdout
