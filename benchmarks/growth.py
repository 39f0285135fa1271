"""Measure whether a submission, a list and a report cost the same on a small and on a large site.

    python benchmarks/growth.py --assets 1000,100000
    python benchmarks/growth.py --assets 1000,1000000 --database-url postgresql://postgres@127.0.0.1/postgres

A site of each size is filled in bulk; then each operation runs on all of them in turn, in one process, the
lists by a request to the application without a network. Only the ratios to the smallest site can be compared
between runs. On a database server each site is a separate database, created and dropped by the account in the
URL; otherwise it is a file in the temporary directory (TMPDIR).
"""

import argparse
import logging
import random
import secrets
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from falcon.testing import TestClient
from harness.databases import empty_database
from harness.figures import percentile
from harness.report import machine
from harness.stock import (
    POOL,
    RARE,
    Stock,
    hostname,
    ipaddress,
    macaddress,
    serialnumber,
    submission,
)

from shopdb_core.app import create_app
from shopdb_core.audit.entries import AuditChain
from shopdb_core.search.checking import check_index
from shopdb_core.search.marking import index_marked
from shopdb_core.settings import Settings
from shopdb_core.site import Site, upgrade_site
from shopdb_core.submissions import Origin

SECRET_KEY = secrets.token_hex()
ORIGIN = Origin("benchmark", "growth")
BATCH = 64

SUBMISSIONS = (
    "created",
    "updated",
    "noop",
    *(f"{action}, {BATCH} at once" for action in ("updated", "noop")),
)

READS = (
    "/api/assets/{any}",
    "/api/assets/{any}/history",
    "/api/assets/{machine}/relationships",
    "/api/assets",
    "/api/assets?after={middle}",
    "/api/assets?assettype=computers&after={middle}",
    "/api/assets?sort=-assetid&after={middle}",
    "/api/assets?sort=identityvalue&after={middle}",
    "/api/assets?sort=-identityvalue&assettype=computers&after={middle}",
    "/api/assets?state=all&after={middle}",
    "/api/assets?state=retired",
    "/api/assets?state=retired&assettype=computers&after={middle}",
    "/api/assets?state=retired&identityvalue={name}",
    "/api/assets?assettype=machine",
    "/api/assets?identityvalue={name}",
    "/api/assets?identityvalue=Machine",
    "/api/assets?assettype=computers&identityvalue={name}",
    "/api/assets?assettype=computers&identityvalue={last_names}",
    "/api/assets?assettype=computers&identityvalue=PC-&after={middle}",
    "/api/assets?q={name}",
    "/api/assets?q={mac}",
    "/api/assets?q={ip}",
    "/api/assets?q=serialnumber:{serial}",
    "/api/assets?q=installedsoftware.name:{program}",
    '/api/assets?q="component runtime {program}"&after={middle}',
    "/api/assets?q=windows&after={middle}",
    "/api/assets?q=windows&sort=-assetid&after={middle}",
    "/api/assets?q=windows {mac}",
    "/api/assets?q=pc-&after={middle}",
    "/api/assets?q=pc memorygb>8&assettype=computers&after={middle}",
    "/api/assets?q={serial}&state=all",
    "/api/assets?q={serial}&state=retired",
    "/api/assets?q={serial}&identityvalue=PC-",
    "/api/assets?q=nothing has these words",
    "/api/assets?fields=identityvalue,installedsoftware.name&after={middle}",
    "/api/assets.csv?q=windows&after={middle}",
    "/api/audit",
    "/api/audit?after={middle}",
    "/api/audit?plugin=computers&after={middle}",
    "/api/audit?plugin=nobody",
    "/api/audit?action=created&after={middle}",
    "/api/audit?action=updated",
    "/api/audit?action=updated&after={last_update}",
    "/api/audit?action=noop",
    "/api/audit?action=related",
    "/api/audit?action=unrelated",
    "/api/audit?plugin=computers&action=noop",
    "/api/audit?plugin=computers&action=unrelated",
    "/api/audit?plugin=nobody&action=noop",
    "/api/audit?assetid={any}",
    "/api/audit?assetid={any}&action=updated",
    "/api/audit?assetid={any}&plugin=computers",
    "/api/audit?assetid={any}&plugin=computers&action=updated",
    "/api/changes",
    "/api/changes?after=newest",
    "/api/changes?kind=change",
    "/api/changes?plugin=nobody",
    "/api/changes?assettype=machine",
    "/api/duplicates",
    "/api/duplicates?kind=collision",
    "/api/duplicates?kind=swapped",
    "/api/merges",
    "/api/merges?assetid={any}",
    "/api/reports/computers/software",
    "/api/reports/computers/software?name=Component Runtime 01",
    "/api/reports/computers/software_on?name=Component Runtime 0042 (x64)",
    "/api/reports/computers/stale",
)
"""Every list with its filters, alone and together; `FilledSite.path` fills in what is in braces."""


@dataclass
class FilledSite:
    """One filled site, and the operations to measure on it."""

    assets: int
    programs: int
    site: Site
    new: int = 500_000_000
    build: int = 100

    @cached_property
    def client(self) -> TestClient:
        """The application, as a person with a token uses it."""
        token = self.site.tokens.issue("benchmark", "viewer", timedelta(days=1))
        return TestClient(create_app(self.site), headers={"Authorization": f"Bearer {token}"})

    def time(self, operation: str) -> float:
        """Run an operation on other assets than the last time; return how many milliseconds one item took."""
        if operation not in SUBMISSIONS:
            return self._time_reading(self.path(operation))
        action, _, batched = operation.partition(",")
        batch = self._submissions(action, BATCH if batched else 1)
        if action == "noop":  # the first time it is not one
            self._submit(batch, "noop", "updated")
        started = time.perf_counter()
        self._submit(batch, action)
        return (time.perf_counter() - started) * 1000 / len(batch)

    def path(self, template: str) -> str:
        """Return the address of an operation that reads."""
        one = random.randint(1, self.assets)
        return template.format(
            any=one,
            mac=macaddress(one),
            ip=ipaddress(one),
            serial=serialnumber(one),
            program=f"{random.randrange(POOL):04d}",
            middle=self.assets // 2,
            machine=self.assets + RARE,
            name=hostname(random.randint(1, self.assets))[:-1],
            last_names=hostname(self.assets - self.assets // 10)[
                : len(hostname(0)) - len(str(self.assets)) + 2
            ],
            last_update=self.assets * 2,
        )

    def _time_reading(self, path: str) -> float:
        started = time.perf_counter()
        answer = self.client.simulate_get(path)
        seconds = time.perf_counter() - started
        assert answer.status_code == 200, f"{path}: {answer.text}"
        return seconds * 1000

    def _submissions(self, action: str, number: int) -> Sequence[dict[str, object]]:
        if action == "created":
            self.new += number
            return [submission(self.new - each, self.programs, 1) for each in range(number)]
        if action == "updated":
            self.build += 1
        build = self.build if action == "updated" else 1
        chosen = random.sample(range(1, self.assets + 1), number)
        return [submission(each, self.programs, build) for each in chosen]

    def _submit(self, batch: Sequence[dict[str, object]], *expected: str) -> None:
        for result in self.site.submissions.submit_many("computers", batch, ORIGIN):
            assert getattr(result, "action", result) in expected, result


def main() -> None:
    """Fill the sites, run each operation, and print the medians."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    options = _options()
    print(machine(), flush=True)
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="shopdb-growth-") as folder:
        sites = [stack.enter_context(_site(options, assets, Path(folder))) for assets in options.assets]
        for operation in SUBMISSIONS:
            print(_line(operation, _measure(sites, operation, options.times)), flush=True)
        for each in sites:  # as the server does in the background, so that searches use the index
            deque(index_marked(each.site.store, lambda: None), maxlen=0)
        for operation in READS:
            print(_line(operation, _measure(sites, operation, options.times)), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--assets", type=_numbers, default=[1_000, 100_000], help="of each site (1000,100000)"
    )
    parser.add_argument("--entries", type=int, default=10, help="in the audit for each asset (10)")
    parser.add_argument("--programs", type=int, default=5, help="of each computer (5)")
    parser.add_argument("--times", type=int, default=200, help="that each operation runs (200)")
    parser.add_argument("--database-url", help="a database server; default: SQLite")
    return parser.parse_args()


def _numbers(listed: str) -> list[int]:
    return [int(number) for number in listed.split(",")]


@contextmanager
def _site(options: argparse.Namespace, assets: int, folder: Path) -> Iterator[FilledSite]:
    """Create and fill a site of one size."""
    with empty_database(options.database_url, f"shopdb_growth_{assets}", folder) as url:
        settings = Settings(secret_key=SECRET_KEY, database_url=url)
        upgrade_site(settings)
        started = time.monotonic()
        _fill(url, assets, options)
        filled = time.monotonic()
        with Site.open(settings) as site:
            deque(check_index(site.store, repair=True), maxlen=0)
            entries, seconds = assets * options.entries, (filled - started, time.monotonic() - filled)
            done = "filled in {:.0f} s, indexed in {:.0f} s".format(*seconds)
            print(f"{assets:,} assets, {entries:,} entries: {done}", flush=True)
            yield FilledSite(assets, options.programs, site)


def _fill(url: str, assets: int, options: argparse.Namespace) -> None:
    beginning = datetime.now(UTC) - timedelta(days=1)
    times = [beginning + timedelta(minutes=turn) for turn in range(options.entries)]
    Stock(AuditChain(SECRET_KEY), assets, times, options.programs).fill(url)


def _measure(sites: Sequence[FilledSite], operation: str, times: int) -> list[list[float]]:
    """Run one operation on each site in turn, and return the ordered latencies in milliseconds of each."""
    latencies: list[list[float]] = [[] for _ in sites]
    for _ in range(times):
        for site, own in zip(sites, latencies, strict=True):
            own.append(site.time(operation))
    return [sorted(own) for own in latencies]


def _line(operation: str, latencies: Sequence[Sequence[float]]) -> str:
    """Return the figures of each site, with the ratios of least and median to those of the first site."""
    first = latencies[0]
    cells = []
    for each in latencies:
        least, middle, tail = each[0], percentile(each, 0.5), percentile(each, 0.99)
        figures = f"least {least:8.2f}  p50 {middle:8.2f}  p99 {tail:8.2f} ms"
        cells.append(f"{figures}  x{least / first[0]:5.2f}  x{middle / percentile(first, 0.5):5.2f}")
    return f"{operation:70}" + " | ".join(cells)


if __name__ == "__main__":
    main()
