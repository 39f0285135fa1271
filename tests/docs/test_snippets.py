"""Whether the commands and programs that the documents show do what the documents say.

A document's blocks run in order, as one shell script in a directory of their own. `sh` runs; `console` holds
commands behind `$` and what they print; `python` is a program, and a `text` block behind it what it prints; a
block with a `title` is a file. `sh setup` changes the machine and runs in CI instead; `python plugin` is part
of a plugin, which a test of that document loads. In printed text, `…` matches anything, and times and
request ids may differ. A document that makes a virtual environment begins on a machine without ShopDB, in a
clone of the repository, and pip installs from the wheels.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from agreement import text_agrees

SHOWN_URL = "127.0.0.1:8080"

PRELUDE = """\
set -euo pipefail
serve() {
    : > serve.out
    shopdb serve >> serve.out 2> serve.log &
    server=$!
    trap 'kill $server; wait $server' EXIT
    until grep -q http serve.out; do kill -0 $server; sleep 0.1; done
    cat serve.out
}
trap 'echo "failed: $place" >&2' ERR
place=prelude
"""


@dataclass
class Printed:
    """What one command should print."""

    place: str
    expected: str | None
    file: Path

    def __str__(self) -> str:
        return f"{self.place} printed {self.file.read_text() if self.file.exists() else 'nothing'}"

    def is_as_shown(self) -> bool:
        """Whether the command printed what the document shows, if it shows anything."""
        return not self.expected or text_agrees(self.expected, self.file.read_text())


@dataclass
class Script:
    """The blocks of one document, as a shell script that keeps what each command prints."""

    directory: Path
    address: str
    lines: list[str] = field(default_factory=list)
    printed: list[Printed] = field(default_factory=list)
    importable: list[str] = field(default_factory=list)
    previous: str = ""

    def add(self, block) -> None:
        """Append the next block of the document."""
        text = block.text.replace(SHOWN_URL, self.address)
        self.lines.append(f"place={block.place}")
        if block.title:
            self.write(block.title, text)
        elif block.language == "console":
            self.add_console(block.place, text)
        elif block.language == "sh" and block.runs:
            self.lines.append(re.sub("(?m)^shopdb serve$", "serve", text))
        elif block.language == "python" and block.runs:
            program = self.directory / "programs" / f"{len(self.lines)}.py"
            program.parent.mkdir(exist_ok=True)
            program.write_text(text, encoding="utf-8")
            self.keep(block.place, f"python3 -W error {program}", None)
        elif block.language == "text" and self.previous == "python":
            self.printed[-1].expected = text
        self.previous = block.language

    def add_console(self, place: str, text: str) -> None:
        """Append commands, each with what it prints."""
        for part in re.split(r"(?m)^\$ ", text)[1:]:
            command, expected = re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*)\n(.*)", part, re.DOTALL).groups()
            self.keep(place, re.sub("^shopdb serve$", "serve", command.strip()), expected)

    def keep(self, place: str, command: str, expected: str | None) -> None:
        """Run `command`, keep what it prints; it may fail only where the document shows what it prints."""
        file = self.directory / f"printed-{len(self.printed)}"
        self.printed.append(Printed(place, expected, file))
        self.lines.append(f"{{ {command}\n}} > {file} 2>&1 {'|| true' if expected else ''}")

    def write(self, title: str, text: str) -> None:
        """Write a file of the document at its place in the script; a distribution becomes importable."""
        stage = self.directory / "files" / str(len(self.lines))
        file = stage / title
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
        if file.name == "pyproject.toml":
            publish(file.parent, tomllib.loads(text)["project"])
            self.importable.append(str(self.directory / Path(title).parent))
        self.lines.append(f"cp -r {stage}/. {self.directory}")

    def run(self, *, initialised: bool, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the script; a document that does not set up a site gets one, with a running server."""
        start = "" if initialised else "shopdb init > init.out\nserve > served.out\n"
        environ = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.directory),
            "LANG": "C.UTF-8",
            "SHOPDB_LISTEN": self.address,
            "PYTHONPATH": os.pathsep.join(self.importable),
            **variables,
        }
        return subprocess.run(
            ["bash", "-c", "\n".join([PRELUDE, start, *self.lines])],
            cwd=self.directory,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


def publish(folder: Path, project: dict) -> None:
    """Write the metadata that an installer writes: name, version and entry points."""
    record = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    groups = project["entry-points"].items()
    lines = [f"[{group}]\n{name} = {value}\n" for group, points in groups for name, value in points.items()]
    (record / "entry_points.txt").write_text("".join(lines))


@pytest.fixture
def script(tmp_path) -> Script:
    """Return an empty script with a free address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Script(tmp_path, f"127.0.0.1:{probe.getsockname()[1]}")


def test_what_is_shown_runs_and_prints_what_is_shown(runnable, blocks_of, script, repository, request):
    """Every command and program of a document succeeds and prints what the document says."""
    blocks = blocks_of(runnable)
    for block in blocks:
        script.add(block)
    from_nothing = any("-m venv" in block.text for block in blocks if block.runs)
    if from_nothing:
        for folder in ("hookspecs", "src"):
            (script.directory / folder).symlink_to(repository / folder)

    done = script.run(
        initialised=any("shopdb init" in block.text for block in blocks if block.runs),
        variables=request.getfixturevalue("newcomer") if from_nothing else {},
    )

    assert done.returncode == 0, "\n".join([done.stderr, *map(str, script.printed)])
    assert not [str(kept) for kept in script.printed if not kept.is_as_shown()]


def test_json_blocks_are_json(document, blocks_of):
    """Every JSON block of a document can be parsed."""
    for block in blocks_of(document):
        if block.language == "json":
            assert json.loads(block.text) is not None, block.place
