"""The processes under load: `shopdb serve` on a site of its own, and the no-op."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

_OWN_SETTINGS = ("SHOPDB_", "COLLECTOR_API_KEY", "SECRET_KEY")
_YARDSTICK = Path(__file__).parents[1] / "yardstick.py"
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_MEGABYTE_PAGES = 1_000_000 / os.sysconf("SC_PAGE_SIZE")


class ServerProcess:
    """One running server, and what it has cost so far (from Linux's /proc)."""

    def __init__(self, process: subprocess.Popen[str], address: tuple[str, int]) -> None:
        self.process = process
        self.address = address
        self._proc = Path("/proc", str(process.pid))

    def cpu_seconds(self) -> float:
        """Return the CPU time of all its threads, user and system, in steps of a tick (10 ms)."""
        fields = self._proc.joinpath("stat").read_text().rpartition(")")[2].split()
        user, system = fields[11:13]
        return (int(user) + int(system)) / _TICKS_A_SECOND

    def resident_megabytes(self) -> float:
        """Return its resident memory in megabytes (10^6 bytes)."""
        return int(self._proc.joinpath("statm").read_text().split()[1]) / _MEGABYTE_PAGES


def site_environment(key: str, threads: int | None) -> dict[str, str]:
    """Return the environment of a site; `None` threads are as many as the server takes by itself."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN_SETTINGS)}
    settings = {
        "SECRET_KEY": secrets.token_hex(),
        "COLLECTOR_API_KEY": key,
        "SHOPDB_LISTEN": "127.0.0.1:0",
    }
    return {**inherited, **settings, **({"SHOPDB_THREADS": str(threads)} if threads else {})}


@contextmanager
def shopdb(directory: Path, environ: Mapping[str, str]) -> Iterator[ServerProcess]:
    """Run ShopDB on a new database in `directory`."""
    upgrade = [sys.executable, "-m", "shopdb_core", "db", "upgrade"]
    subprocess.run(upgrade, cwd=directory, env=environ, check=True, stdout=subprocess.DEVNULL, timeout=120)
    with _running("-m", "shopdb_core", "serve", directory=directory, environ=environ) as server:
        yield server


@contextmanager
def yardstick(directory: Path, environ: Mapping[str, str]) -> Iterator[ServerProcess]:
    """Run the no-op."""
    with _running(str(_YARDSTICK), directory=directory, environ=environ) as server:
        yield server


@contextmanager
def _running(*arguments: str, directory: Path, environ: Mapping[str, str]) -> Iterator[ServerProcess]:
    """Run a Python program that prints its URL once it listens; its log stays in `directory`."""
    log = directory / f"{Path(arguments[-1]).stem}.log"
    command = [sys.executable, *arguments]
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            command, cwd=directory, env=environ, stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        try:
            yield ServerProcess(process, _address(process, log))
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str], log: Path) -> tuple[str, int]:
    assert process.stdout is not None
    url = urlsplit(process.stdout.readline().rpartition(" ")[2].strip())
    if not url.hostname or not url.port:
        raise RuntimeError(f"{process.args!s:.200} did not start: {log.read_text()[-500:]}")
    return url.hostname, url.port
