"""The server processes to measure: `shopdb serve` on a new site, another WSGI server, and the no-op."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

_OWN_SETTINGS = ("SHOPDB_", "COLLECTOR_API_KEY", "SECRET_KEY")
_START_SECONDS = 60
_YARDSTICK = Path(__file__).parents[1] / "yardstick.py"
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_MEGABYTE_PAGES = 1_000_000 / os.sysconf("SC_PAGE_SIZE")


OTHER_SERVERS: Mapping[str, Sequence[str]] = {
    "gunicorn": (
        "gunicorn", "--threads", "8", "--no-control-socket", "--bind", "127.0.0.1:{port}",
        "shopdb_core.server.wsgi:application",
    ),
    "granian": (
        "granian", "--interface", "wsgi", "--blocking-threads", "8", "--port", "{port}",
        "shopdb_core.server.wsgi:application",
    ),
}  # fmt: skip
"""Other WSGI servers, with the same number of threads in one process."""


class ServerProcess:
    """One running server with the processes that it started, and what they have cost (from Linux's /proc)."""

    def __init__(self, process: subprocess.Popen[str], address: tuple[str, int]) -> None:
        self.process = process
        self.address = address

    def cpu_seconds(self) -> float:
        """Return the CPU time of all threads, user and system, in steps of a tick (10 ms)."""
        return sum(map(_cpu_seconds, _family(self.process.pid)))

    def resident_megabytes(self) -> float:
        """Return the resident memory in megabytes (10^6 bytes)."""
        return sum(map(_resident_megabytes, _family(self.process.pid)))


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in task.joinpath("children").read_text().split():
            yield from _family(int(child))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = fields[11:13]
    return (int(user) + int(system)) / _TICKS_A_SECOND


def _resident_megabytes(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) / _MEGABYTE_PAGES


def site_environment(key: str, threads: int | None) -> dict[str, str]:
    """Return the environment of a site; with `threads` of `None` the server uses its default."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN_SETTINGS)}
    settings = {
        "SECRET_KEY": secrets.token_hex(),
        "COLLECTOR_API_KEY": key,
        "SHOPDB_LISTEN": "127.0.0.1:0",
    }
    return {**inherited, **settings, **({"SHOPDB_THREADS": str(threads)} if threads else {})}


@contextmanager
def shopdb(directory: Path, environ: Mapping[str, str], server: str | None = None) -> Iterator[ServerProcess]:
    """Run ShopDB on a new database in `directory`, on its own server or on one of `OTHER_SERVERS`."""
    upgrade = [sys.executable, "-m", "shopdb_core", "db", "upgrade"]
    subprocess.run(upgrade, cwd=directory, env=environ, check=True, stdout=subprocess.DEVNULL, timeout=120)
    if server is None:
        running = _running("-m", "shopdb_core", "serve", directory=directory, environ=environ)
    else:
        running = _other(OTHER_SERVERS[server], directory, environ)
    with running as process:
        yield process


@contextmanager
def yardstick(directory: Path, environ: Mapping[str, str]) -> Iterator[ServerProcess]:
    """Run the no-op."""
    with _running(str(_YARDSTICK), directory=directory, environ=environ) as server:
        yield server


@contextmanager
def _running(*arguments: str, directory: Path, environ: Mapping[str, str]) -> Iterator[ServerProcess]:
    """Run a Python program that prints its URL once it listens; its log stays in `directory`."""
    log = directory / f"{Path(arguments[-1]).stem}.log"
    with _started([sys.executable, *arguments], log, environ) as process:
        yield ServerProcess(process, _address(process, log))


@contextmanager
def _other(command: Sequence[str], directory: Path, environ: Mapping[str, str]) -> Iterator[ServerProcess]:
    """Run a server that prints no URL: wait until its port accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    arguments = [sys.executable, "-m", *(each.format(port=port) for each in command)]
    log = directory / f"{command[0]}.log"
    with _started(arguments, log, environ) as process:
        give_up_at = time.monotonic() + _START_SECONDS
        while not _listens(port):
            if time.monotonic() > give_up_at or process.poll() is not None:
                raise RuntimeError(f"{command[0]} did not start: {log.read_text()[-500:]}")
            time.sleep(0.05)
        yield ServerProcess(process, ("127.0.0.1", port))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _started(
    command: Sequence[str], log: Path, environ: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            command, cwd=log.parent, env=environ, stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str], log: Path) -> tuple[str, int]:
    assert process.stdout is not None
    url = urlsplit(process.stdout.readline().rpartition(" ")[2].strip())
    if not url.hostname or not url.port:
        raise RuntimeError(f"{process.args!s:.200} did not start: {log.read_text()[-500:]}")
    return url.hostname, url.port
