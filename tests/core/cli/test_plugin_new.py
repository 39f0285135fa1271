"""`shopdb plugin new`: what it asks, what it writes, what it refuses."""

import json
import os
import pty
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

Refused = Callable[[CompletedProcess[str]], str]


def files(folder: Path) -> set[str]:
    """Return the paths of all files below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def project(folder: Path) -> Mapping[str, Any]:
    """Return the table `project` of a distribution."""
    found: Mapping[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    return found


def test_defaults_ask_nothing(bare: Any) -> None:
    """Every file that it names is there and no other, and the first command that it advises works."""
    done = bare.run("plugin", "new", "paper_shredders", "--defaults", stdin=subprocess.DEVNULL)

    assert (done.returncode, done.stderr) == (0, "")
    first, *named = done.stdout.partition("Next:\n")[0].splitlines()
    assert first == "Wrote shopdb-paper-shredders:"
    assert {line.strip() for line in named} == files(bare.directory / "shopdb-paper-shredders")
    assert done.stdout.partition("Next:\n")[2].splitlines() == [
        "  cd shopdb-paper-shredders",
        "  python3 -m pip install -e '.[test]'",
        "  python3 -m pytest",
    ]
    assert [path.name for path in bare.directory.iterdir()] == ["shopdb-paper-shredders"]
    written = project(bare.directory / "shopdb-paper-shredders")
    assert written["authors"] == [{"name": "The shopdb-paper-shredders developers"}]
    assert written["description"] == "The ShopDB plugin that collects paper shredders"


def test_as_json_the_files_are_one_object(bare: Any) -> None:
    """Scripts get the folder and the paths in it."""
    done = bare.run("plugin", "new", "paper_shredders", "--defaults", "--json")

    printed = json.loads(done.stdout)
    assert printed["directory"] == "shopdb-paper-shredders"
    assert set(printed["files"]) == files(bare.directory / printed["directory"])


def test_no_tables_unless_asked_for(bare: Any) -> None:
    """Without `--with-tables` there are neither migrations nor a database library; with it there are."""
    for name, options in {"one": [], "two": ["--with-tables"]}.items():
        bare.run("plugin", "new", name, "--defaults", *options)

    one, two = bare.directory / "shopdb-one", bare.directory / "shopdb-two"
    added = {"migrations/0001_devices.py", "reports.py", "storage.py", "tables.py"}
    assert {name.replace("two", "one") for name in files(two)} - files(one) == {
        f"shopdb_one/{name}" for name in added
    }
    assert project(one)["dependencies"] == ["shopdb-hookspecs>=1.2,<2"]
    assert len(project(two)["dependencies"]) == 3


def test_options_are_answers(bare: Any) -> None:
    """Each is written to its file, even with quotes, braces and other special characters."""
    author, description = 'Zoë "Z" O\'Hara', "What {{ shreds }} \\ it ☃"
    place = bare.directory / "elsewhere"

    bare.run(
        *("plugin", "new", "shredders", "--defaults", "--identity-field", "assettag"),
        *("--author", author, "--description", description, "--directory", "elsewhere"),
    )

    assert project(place)["description"] == description
    assert project(place)["authors"] == [{"name": author}]
    assert f"Copyright (c) {author}\n" in (place / "LICENSE").read_text(encoding="utf-8")
    assert '"identityfield": "assettag"' in (place / "shopdb_shredders/declaration.py").read_text()


def test_a_terminal_is_asked_what_no_option_says(bare: Any) -> None:
    """Four questions, less those that options answer; an answer replaces the default, Enter takes it.

    An answer that is not valid is asked for again.
    """
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "shopdb_core", "plugin", "new", "shredders", "--author", "Ann"]
    process = subprocess.Popen(
        command, cwd=bare.directory, env=bare.environ, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, b"Shredders of paper\nAsset tag\nassettag\ny\n")

    shown = b"".join(iter(lambda: _read(ours), b"")).decode()

    assert process.wait(timeout=60) == 0, shown
    place = bare.directory / "shopdb-shredders"
    assert project(place)["description"] == "Shredders of paper"
    assert "Error: A field's name is a lower-case letter" in shown
    assert '"identityfield": "assettag"' in (place / "shopdb_shredders/declaration.py").read_text()
    assert project(place)["authors"] == [{"name": "Ann"}]
    assert "Who holds the copyright?" not in shown
    assert (place / "shopdb_shredders/reports.py").is_file()


def _read(descriptor: int) -> bytes:
    """Read from a terminal, which ends with an error."""
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


def test_a_name_of_an_installed_plugin_is_warned_of(bare: Any) -> None:
    """The distribution is written, since the author may want to replace the other."""
    done = bare.run("plugin", "new", "printers", "--defaults")

    assert done.returncode == 0
    assert done.stderr == (
        "shopdb: warning: shopdb-printers 1.1.0 is installed and has a plugin printers; a site cannot serve "
        "two plugins of one name.\n"
    )


def test_without_a_terminal_defaults_must_be_given(bare: Any) -> None:
    """The error names the option, and nothing is written."""
    done = bare.run("plugin", "new", "shredders", stdin=subprocess.DEVNULL)

    assert done.returncode == 2
    assert "Standard input is not a terminal: give --defaults" in done.stderr
    assert not list(bare.directory.iterdir())


@pytest.mark.parametrize(
    "name", ["Shredders", "paper-shredders", "pc", "core", "hookspecs", "log_file", "a" * 41]
)
def test_a_name_that_no_plugin_can_have_is_refused(bare: Any, name: str) -> None:
    """The rules are those by which a site loads plugins; wrong usage, and nothing is written."""
    done = bare.run("plugin", "new", name, "--defaults")

    assert done.returncode == 2
    assert f"Invalid value for NAME: {name!r}; " in done.stderr
    assert not list(bare.directory.iterdir())


@pytest.mark.parametrize("content", [None, "mine"])
def test_what_exists_is_not_overwritten(bare: Any, refused: Refused, content: str | None) -> None:
    """An empty folder and one with files are both left as they were."""
    place = bare.directory / "shopdb-shredders"
    place.mkdir()
    if content:
        (place / "README.md").write_text(content)

    line = refused(bare.run("plugin", "new", "shredders", "--defaults"))

    assert line == "shopdb-shredders exists and is not overwritten: choose another --directory."
    assert [path.read_text() for path in place.iterdir()] == ([content] if content else [])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--identity-field", "Serial"], "'identityfield': A field's name is a lower-case letter"),
        (["--identity-field", "parts"], "'identityfield': The template has that field already"),
        (["--author", "Ann\nBob"], "'author': It must be one line."),
        (["--directory", "there/is/none"], "there/is/none cannot be written: No such file or directory"),
    ],
)
def test_a_failure_leaves_nothing_behind(
    bare: Any, refused: Refused, options: list[str], message: str
) -> None:
    """One line names the question or the place."""
    line = refused(bare.run("plugin", "new", "shredders", "--defaults", *options))

    assert message in line
    assert not list(bare.directory.iterdir())


def test_without_copier_the_extra_is_named(bare: Any, refused: Refused) -> None:
    """A site does not install copier; the line is the command that does."""
    (bare.directory / "blocked").mkdir()
    (bare.directory / "blocked/copier.py").write_text("raise ModuleNotFoundError(name='copier')")
    bare.variables["PYTHONPATH"] = str(bare.directory / "blocked")

    line = refused(bare.run("plugin", "new", "shredders", "--defaults"))

    assert line.endswith("is not installed: python3 -m pip install 'shopdb-core[testing]'")
