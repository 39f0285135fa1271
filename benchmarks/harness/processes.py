"""Server processes: started on a free port, with their log in a file, and what they cost (Linux's /proc)."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

_START_SECONDS = 60
_STOP_SECONDS = 30
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_MEGABYTE_PAGES = 1_000_000 / os.sysconf("SC_PAGE_SIZE")


class ServerProcess:
    """One running server with the processes that it started."""

    def __init__(self, process: subprocess.Popen[str], address: tuple[str, int]) -> None:
        self._process = process
        self.address = address

    def cpu_seconds(self) -> float:
        """Return the CPU time of all threads, user and system, in steps of a tick (10 ms)."""
        return sum(map(_cpu_seconds, _family(self._process.pid)))

    def resident_megabytes(self) -> float:
        """Return the resident memory in megabytes (10^6 bytes)."""
        return sum(map(_resident_megabytes, _family(self._process.pid)))


@contextmanager
def announcing(
    command: Sequence[str], log: Path, environ: Mapping[str, str] | None = None
) -> Iterator[ServerProcess]:
    """Run a server whose first line of output ends with its URL."""
    with _started(command, log, environ, subprocess.PIPE) as process:
        assert process.stdout is not None
        url = urlsplit(process.stdout.readline().rpartition(" ")[2].strip())
        if not url.hostname or not url.port:
            raise RuntimeError(f"{log.stem} did not start: {log.read_text()[-500:]}")
        yield ServerProcess(process, (url.hostname, url.port))


@contextmanager
def listening(
    command: Sequence[str], log: Path, environ: Mapping[str, str] | None = None
) -> Iterator[ServerProcess]:
    """Run a server with its port in place of `{port}` in the command; wait until it accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [part.format(port=port) for part in command]
    with _started(command, log, environ, subprocess.DEVNULL) as process:
        give_up_at = time.monotonic() + _START_SECONDS
        while not _accepts(port):
            if time.monotonic() > give_up_at or process.poll() is not None:
                raise RuntimeError(f"{log.stem} did not start: {log.read_text()[-500:]}")
            time.sleep(0.05)
        yield ServerProcess(process, ("127.0.0.1", port))


@contextmanager
def _started(
    command: Sequence[str], log: Path, environ: Mapping[str, str] | None, stdout: int
) -> Iterator[subprocess.Popen[str]]:
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            command, cwd=log.parent, env=environ, stdout=stdout, stderr=stderr, text=True
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


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
