"""The clients: a small program in C, which leaves the processor to the server that it loads."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "loader/loader.c"
_OPTIONS = ("-std=c11", "-O2", "-Wall", "-Wextra")
_MOST_SECONDS = 3600


class InvalidRun(Exception):
    """A server answered something else than the load should cause."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the clients send: the requests of a file, again from its start if `repeat`, for some seconds.

    With a `rate` so many requests are due each second. Each request holds `lines` submissions; the answer to
    each of these contains `expected`.
    """

    file: Path
    clients: int
    expected: str
    lines: int = 1
    seconds: float = _MOST_SECONDS
    repeat: bool = False
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Driven:
    """What the clients saw: latencies in microseconds, the loader's CPU time in seconds, bytes of answers."""

    statuses: dict[str, int]
    requests: int
    expected: int
    bytes: int
    seconds: float
    rate: float
    p50: int
    p99: int
    longest: int
    cpu: float


class Loader:
    """Loads servers; raises `SystemExit` if it cannot be compiled into `folder`."""

    def __init__(self, folder: Path) -> None:
        self._program = folder / "loader"
        compiler = os.environ.get("CC", "cc")
        if not shutil.which(compiler):
            raise SystemExit(
                f"The loader of the benchmark needs a C compiler, and {compiler} was not found: "
                "install one (on Debian: apt-get install gcc libc6-dev), or name yours in the variable CC."
            )
        done = subprocess.run(
            [compiler, *_OPTIONS, "-o", self._program, SOURCE], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{compiler} could not compile {SOURCE.name}:\n{done.stderr}")

    def drive(self, address: tuple[str, int], load: Load) -> Driven:
        """Run one load; raises `InvalidRun` for an answer that is missing, not 2xx, or not as expected."""
        host, port = address
        options = [f"--clients={load.clients}", f"--seconds={load.seconds}", f"--expect={load.expected}"]
        if load.repeat:
            options.append("--repeat")
        if load.rate:
            options.append(f"--rate={load.rate}")
        done = subprocess.run(
            [self._program, *options, f"{host}:{port}", load.file],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise InvalidRun(f"{done.stderr.strip()} {done.stdout.strip()}")
        driven = Driven(**json.loads(done.stdout))
        if driven.expected != driven.requests * load.lines:
            raise InvalidRun(
                f"{load.expected} was expected {driven.requests * load.lines} times, "
                f"and {driven.expected} answers had it"
            )
        return driven
