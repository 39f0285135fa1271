"""`shopdb demo`, run as a person runs it: what it prints, what of it works, and what it leaves behind."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from shopdb_computers.demo import DEMO_PROGRAM

DEMO = (sys.executable, "-m", "shopdb_core", "demo")
SERVES = "ShopDB listens on "
LAST_LINE = "Open http://"
COMMAND = re.compile(r"(?:curl|cd) .+")


@dataclass
class RunningDemo:
    """A demo in a process of its own, and what it has printed so far."""

    process: subprocess.Popen[str]
    temporary: Path
    printed: str = ""

    def read_until(self, start: str) -> None:
        """Read to the line that begins with `start`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed += line
            if line.startswith(start):
                return
        pytest.fail(f"no line begins with {start!r} in:\n{self.printed}")

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal, read to the end, and return the exit code and what came on stderr."""
        self.process.send_signal(number)
        printed, errors = self.process.communicate(timeout=20)
        self.printed += printed
        return self.process.returncode, errors

    def serves(self) -> bool:
        """Whether its server accepts connections."""
        port = int(re.search(rf"{SERVES}http://127\.0\.0\.1:(\d+)", self.printed)[1])
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def left_behind(self) -> list[str]:
        """Return what is in the directory for temporary files."""
        return [path.name for path in self.temporary.iterdir()]


@pytest.fixture
def start_demo(tmp_path: Path) -> Iterator[Callable[..., RunningDemo]]:
    """Return a function that starts the demo, by another command if one is given; it is ended afterwards."""
    demos: list[RunningDemo] = []
    temporary = tmp_path / "temporary files"
    temporary.mkdir()

    def start(*command: str) -> RunningDemo:
        process = subprocess.Popen(
            command or DEMO,
            env={**os.environ, "TMPDIR": str(temporary), "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        demos.append(RunningDemo(process, temporary))
        return demos[-1]

    yield start
    for demo in demos:
        with demo.process:
            demo.process.terminate()


def test_every_command_that_it_prints_at_the_end_works(start_demo, tmp_path) -> None:
    """Each works in a shell without the demo's environment; curl fails on an error. The link signs in."""
    (tmp_path / ".curlrc").write_text("fail\n")
    shell = {"HOME": str(tmp_path), "PATH": os.defpath}
    demo = start_demo()
    demo.read_until(LAST_LINE)

    commands = [line for line in demo.printed.splitlines() if COMMAND.fullmatch(line)]
    done = {
        command: subprocess.run(
            command, shell=True, cwd=tmp_path, env=shell, capture_output=True, text=True, check=False
        )
        for command in commands
    }

    link = demo.printed.splitlines()[-1].partition(" ")[2]
    opened = httpx.get(link, timeout=30, trust_env=False)

    assert (opened.status_code, opened.headers["location"]) == (303, "/")
    overview = httpx.get(httpx.URL(link).join("/"), cookies=opened.cookies, timeout=30, trust_env=False)
    assert overview.status_code == 200
    assert len(commands) == 7
    assert [(command, one.stderr) for command, one in done.items() if one.returncode != 0] == []
    assert all(one.stdout for one in done.values())
    assert DEMO_PROGRAM["name"] in "".join(one.stdout for one in done.values())


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.full_size)]
)
def test_a_signal_ends_it(start_demo, number) -> None:
    """The server and the directory are gone when the demo that serves ends, with exit code 0."""
    demo = start_demo()
    demo.read_until(LAST_LINE)
    assert demo.serves()
    assert len(demo.left_behind()) == 1

    assert demo.end(number) == (0, "")

    assert demo.printed.endswith("\nStopped.\n")
    assert not demo.serves()
    assert demo.left_behind() == []


def test_sigterm_ends_a_demo_that_has_not_finished(start_demo) -> None:
    """It leaves as little behind, and exits with 1 since not everything was shown."""
    demo = start_demo()
    demo.read_until(SERVES)

    assert demo.end(signal.SIGTERM) == (1, "\nAborted!\n")

    assert not demo.serves()
    assert demo.left_behind() == []


def test_under_nohup_it_outlives_its_terminal(start_demo) -> None:
    """SIGHUP stays ignored where it is ignored already."""
    demo = start_demo("sh", "-c", 'trap "" HUP; exec "$@"', "sh", *DEMO)
    demo.read_until(SERVES)

    demo.process.send_signal(signal.SIGHUP)

    demo.read_until(LAST_LINE)
    assert demo.serves()


def test_once_shows_no_command_for_a_server_that_ends(start_demo) -> None:
    """With `--once` it ends by itself, with exit code 0 and nothing left behind."""
    demo = start_demo(*DEMO, "--once")

    printed, errors = demo.process.communicate(timeout=120)

    assert (demo.process.returncode, errors) == (0, "")
    assert [line for line in printed.splitlines() if COMMAND.fullmatch(line)] == []
    assert printed.splitlines()[-1].startswith(LAST_LINE)
    assert demo.left_behind() == []


def test_a_server_that_ends_by_itself_is_an_error(start_demo) -> None:
    """The demo exits with 1, prints the reason and removes its directory."""
    demo = start_demo()
    demo.read_until(LAST_LINE)
    (server,) = Path(f"/proc/{demo.process.pid}/task/{demo.process.pid}/children").read_text().split()
    os.kill(int(server), signal.SIGKILL)

    _, errors = demo.process.communicate(timeout=20)

    assert demo.process.returncode == 1
    assert errors.startswith("Error: the server ended")
    assert demo.left_behind() == []
