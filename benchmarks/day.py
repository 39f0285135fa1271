"""Measure a day of a large floor in minutes: many computers, nearly all of which report nothing new.

    python benchmarks/day.py
    python benchmarks/day.py --assets 100000 --seconds 60

A file is filled with computers that were created sixty days ago. Some of them were reported again that day;
these entries have expired. Then `shopdb serve` takes submissions at a fixed rate, in random order: 99 in 100
of computers that have not changed, 9 in 1,000 with another number, 1 in 1,000 of new computers. Meanwhile
`shopdb audit prune` deletes what has expired. The file is in the temporary directory (TMPDIR).
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from harness.loader import Driven, Load, Loader
from harness.payloads import Computers, requests, write_requests
from harness.processes import announcing
from harness.report import machine
from harness.servers import Setup
from harness.submitting import submit

from shopdb_core.settings import Settings
from shopdb_core.site import Site, upgrade_site

FILLED = timedelta(days=60)
"""The age of the entries of the filled file, of which noops expire after 30 days."""

TOGETHER = 500
"""How many computers are created together."""

IN_A_THOUSAND = {"created": 1, "updated": 9}
"""How many of the submissions create a computer, and change one; the others are noops."""


def main() -> None:
    """Fill the file, run the day, and print the figures."""
    options = _options()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="shopdb-benchmark-") as name:
        folder, setup = Path(name), Setup("", "")
        loader = Loader(folder)
        environ = setup.environ(SHOPDB_DATABASE_URL=f"sqlite:///{folder / 'site.sqlite3'}")
        computers = Computers(options.programs)
        _fill(environ, computers, options)
        load = Load(
            folder / "requests", options.clients, '"status":"ok"', seconds=options.seconds, rate=options.rate
        )
        day = _day(computers, options.assets, random.Random(1))  # the same in every run
        number = round(options.rate * options.seconds)
        write_requests(load.file, requests(setup.endpoint, islice(day, number), 1))
        command = [sys.executable, "-m", "shopdb_core"]
        with (
            announcing([*command, "serve"], folder / "serve.log", environ) as server,
            _pruning([*command, "audit", "prune"], environ) as pruning,
        ):
            before = server.resident_megabytes()
            driven = loader.drive(server.address, load)
            memory = f"resident memory {before:.0f} MB before, {server.resident_megabytes():.0f} MB after"
            is_pruning = "went on until the end" if pruning.poll() is None else "ended before"
        print(_figures(driven, options), memory, f"pruning {is_pruning}", sep="\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--assets", type=int, default=1_000_000, help="computers in the file (1000000)")
    parser.add_argument("--expired", type=int, default=500_000, help="expired noops in it (500000)")
    parser.add_argument("--programs", type=int, default=50, help="of each computer (50)")
    parser.add_argument("--rate", type=float, default=1_100, help="submissions a second (1100)")
    parser.add_argument("--seconds", type=float, default=600, help="that the day lasts (600)")
    parser.add_argument("--clients", type=int, default=32, help="that submit (32)")
    return parser.parse_args()


def _fill(environ: Mapping[str, str], computers: Computers, options: argparse.Namespace) -> None:
    """Create the computers as batches do, and submit some of them again, sixty days ago."""
    settings = Settings(
        secret_key=environ["SECRET_KEY"],
        database_url=environ["SHOPDB_DATABASE_URL"],
        audit_noop_retention_days=30,
    )
    upgrade_site(settings)
    started = time.perf_counter()
    with Site.open(settings, clock=lambda: datetime.now(UTC) - FILLED) as site:
        submit(site, map(computers.body, range(options.assets)), TOGETHER)
        again = (computers.body(number % options.assets) for number in range(options.expired))
        submit(site, again, TOGETHER)
    size = Path(settings.database_url.removeprefix("sqlite:///")).stat().st_size
    took = time.perf_counter() - started
    print(
        f"{options.assets:,} computers with {options.programs} programs, {options.expired:,} expired "
        f"entries: {size / 1e6:,.0f} MB, filled in {took:.0f} s",
        flush=True,
    )


def _day(computers: Computers, hosts: int, chance: random.Random) -> Iterator[bytes]:
    """Yield the bodies of the day without end; a computer that changed stays as it is then."""
    memory: dict[int, int] = {}
    new = hosts
    while True:
        number = chance.randrange(1_000)
        host = chance.randrange(hosts)
        if number < IN_A_THOUSAND["created"]:
            host = new
            new += 1
        elif number < sum(IN_A_THOUSAND.values()):
            memory[host] = memory.get(host, 0) + 1
        yield computers.body(host, memory.get(host, 0))


@contextmanager
def _pruning(command: list[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def _figures(driven: Driven, options: argparse.Namespace) -> str:
    p50, p99, longest = (each / 1000 for each in (driven.p50, driven.p99, driven.longest))
    return (
        f"{driven.requests:,} submissions, {driven.rate:,.0f} of {options.rate:,.0f} a second: "
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {longest:.0f} ms; "
        f"the loader took {driven.cpu / driven.seconds:.0%} of a core"
    )


if __name__ == "__main__":
    main()
