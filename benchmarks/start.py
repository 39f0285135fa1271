"""Measure how long `shopdb --help` and the server's start take, and the memory of a server.

    python benchmarks/start.py
    python benchmarks/start.py --rounds 20 --submissions 100000

Times are CPU times, medians of rounds in which every command runs once, and shown as ratios to that of
`python -c "import click"`. The memory is what Linux counts as resident (`Rss` in `smaps_rollup`), after the
first request and after submissions with 300 programs: a fifth of them create a computer, the others
alternately repeat it and change it.
"""

import argparse
import http.client
import json
import os
import resource
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CLIENTS = 8
PROGRAMS = 300
PRODUCTS = 2_000
SUBMISSIONS_OF_A_COMPUTER = 5
COLLECTOR = "/api/collector/computers"
MEGABYTE = 1_000_000

CLICK = (sys.executable, "-c", "import click")
HELP = (sys.executable, "-m", "shopdb_core", "--help")


def main() -> None:
    """Print one line for each figure, with its limit."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="shopdb-benchmark-") as name:
        site = BenchmarkSite.create(Path(name))
        times = [(site.cpu_of(CLICK), site.cpu_of(HELP), *site.start()) for _ in range(options.rounds)]
        click, listed, started, waited = map(statistics.median, zip(*times, strict=True))
        print(f"import click                {click * 1000:8.0f} ms of CPU time")
        print(f"shopdb --help               {listed / click:8.2f} of it, the limit is 2.5")
        print(f"shopdb serve, to listening  {started / click:8.2f} of it; {waited:.2f} s, the limit is 0.3")
        with site.served() as server:
            site.get_health(server)
            idle = server.resident()
            print(f"resident memory             {idle:8.1f} MB, the limit is 75")
            site.submit_all(server, options.submissions)
            loaded = server.resident()
            print(
                f"after {options.submissions:7,} submissions   {loaded / idle:8.2f} of it, the limit is 1.3"
            )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10, help="of each command (10)")
    parser.add_argument("--submissions", type=int, default=5_000, help="with 300 programs (5000)")
    return parser.parse_args()


@dataclass(frozen=True)
class Served:
    """A running server."""

    pid: int
    host: str
    port: int

    def cpu(self) -> float:
        """Return the CPU time of all threads in seconds."""
        files = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(file.read_text().split()[0]) for file in files) / 1e9

    def resident(self) -> float:
        """Return the resident memory in megabytes (10^6 bytes)."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Rss:")) / MEGABYTE


@dataclass(frozen=True)
class BenchmarkSite:
    """A new site, whose commands find their modules compiled, as those of an installed wheel."""

    directory: Path
    key: str
    environ: Mapping[str, str]

    @classmethod
    def create(cls, directory: Path) -> "BenchmarkSite":
        """Create the site, and compile what its commands import by running them once."""
        key = secrets.token_hex()
        own = {
            "SECRET_KEY": secrets.token_hex(),
            "COLLECTOR_API_KEY": key,
            "SHOPDB_LISTEN": "127.0.0.1:0",
            "PYTHONPYCACHEPREFIX": str(directory / "compiled"),
        }
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SHOPDB_", "COLLECTOR_", "SECRET_KEY", "PYTHONDONTWRITEBYTECODE"))
        }
        site = cls(directory, key, {**inherited, **own})
        for command in (CLICK, HELP, (sys.executable, "-m", "shopdb_core", "db", "upgrade")):
            site.cpu_of(command)
        site.start()
        return site

    def cpu_of(self, command: Sequence[str]) -> float:
        """Run a command to its end, and return its CPU time in seconds."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=self.directory, env=self.environ, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    @contextmanager
    def served(self) -> Iterator[Served]:
        """Run `shopdb serve`."""
        command = [sys.executable, "-m", "shopdb_core", "serve"]
        with (
            (self.directory / "server.log").open("w") as log,
            subprocess.Popen(
                command, cwd=self.directory, env=self.environ, stdout=subprocess.PIPE, stderr=log, text=True
            ) as process,
        ):
            assert process.stdout is not None
            try:
                url = urlsplit(process.stdout.readline().split()[-1])
                yield Served(process.pid, url.hostname or "", url.port or 0)
            finally:
                process.terminate()

    def start(self) -> tuple[float, float]:
        """Return the CPU time and the time in seconds that a server takes until it listens."""
        begun = time.perf_counter()
        with self.served() as server:
            return server.cpu(), time.perf_counter() - begun

    def get_health(self, server: Served) -> None:
        """Send one request, so that a server has done everything once."""
        with closing(http.client.HTTPConnection(server.host, server.port, timeout=60)) as connection:
            connection.request("GET", "/api/health")
            assert connection.getresponse().status == 200

    def submit_all(self, server: Served, submissions: int) -> None:
        """Send the submissions over `CLIENTS` connections."""
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(
                clients.map(
                    lambda client: self._submit(server, range(client, submissions, CLIENTS)), range(CLIENTS)
                )
            )

    def _submit(self, server: Served, numbers: range) -> None:
        headers = {"X-API-Key": self.key, "Content-Type": "application/json"}
        with closing(http.client.HTTPConnection(server.host, server.port, timeout=60)) as connection:
            for place, number in enumerate(numbers):
                turn = place % SUBMISSIONS_OF_A_COMPUTER
                # One computer is submitted by one client, several times in a row.
                computer = number - turn * CLIENTS
                connection.request("POST", COLLECTOR, _submission(computer, turn // 2), headers)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status not in (200, 201):
                    raise RuntimeError(f"The server answered {answer.status}: {body[:300]!r}")


def _submission(computer: int, change: int) -> bytes:
    programs = [
        {
            "name": f"Component Runtime {(computer * 7 + each * 13) % PRODUCTS:04}",
            "version": f"{each % 30}.{change}",
        }
        for each in range(PROGRAMS)
    ]
    submission = {"hostname": f"PC-{computer:08}", "memorygb": 16, "installedsoftware": programs}
    return json.dumps(submission).encode()


if __name__ == "__main__":
    main()
