"""Measure whether a submission, a list and a report cost the same on a small and on a large site.

    python benchmarks/growth.py --assets 1000,100000
    python benchmarks/growth.py --assets 1000,1000000 --database-url postgresql://postgres@127.0.0.1/postgres

A site of each size is filled in bulk; then each operation runs on all of them in turn, in one process. Only
the ratios to the smallest site can be compared between runs. On a database server each site is a separate
database, created and dropped by the account in the URL; otherwise it is a file in the temporary directory
(TMPDIR).
"""

import argparse
import logging
import random
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.databases import empty_database
from harness.figures import percentile
from harness.report import machine
from harness.stock import Stock, hostname, submission
from sqlalchemy import create_engine, text

from shopdb_computers.tables import metadata
from shopdb_core.assets.duplicates import list_duplicates
from shopdb_core.assets.listing import get_asset, list_assets
from shopdb_core.audit.entries import AuditChain, list_entries
from shopdb_core.settings import Settings
from shopdb_core.site import Site, upgrade_site
from shopdb_core.submissions import Origin

SECRET_KEY = secrets.token_hex()
ORIGIN = Origin("benchmark", "growth")
PAGE = 100

Operation = Callable[[], object]


@dataclass
class FilledSite:
    """One filled site, and the operations to measure on it."""

    assets: int
    programs: int
    site: Site
    new: int = 500_000_000
    build: int = 100

    def operations(self) -> Mapping[str, Operation]:
        """Return the operations by name; each call of one uses another asset."""
        return {
            "created": self._create,
            "updated": self._update,
            "noop": self._see_again,
            "GET /api/assets/{id}": lambda: self.site.store.read(partial(get_asset, assetid=self._any())),
            "GET /api/assets": self._list,
            "GET /api/assets?identityvalue=": self._search,
            "GET /api/assets/{id}/history": lambda: self._entries(assetid=self._any()),
            "GET /api/audit": lambda: self._entries(after=self.assets // 2),
            "GET /api/audit?plugin=": lambda: self._entries(plugin="computers", after=self.assets // 2),
            "GET /api/audit?action=updated": lambda: self._entries(action="updated"),
            "GET /api/duplicates": self._duplicates,
            "report software": lambda: self._report("software"),
            "report software?name=": lambda: self._report("software", name="Component Runtime 01"),
            "report software_on": lambda: self._report("software_on", name="Component Runtime 0042 (x64)"),
            "report stale": lambda: self._report("stale"),
        }

    def _any(self) -> int:
        return random.randint(1, self.assets)

    def _submit(self, number: int, build: int) -> None:
        self.site.submissions.submit("computers", submission(number, self.programs, build), ORIGIN)

    def _create(self) -> None:
        self.new += 1
        self._submit(self.new, 1)

    def _update(self) -> None:
        self.build += 1
        self._submit(self._any(), self.build)

    def _see_again(self) -> None:
        """Submit twice: the first makes sure that the second is a noop; only that is timed (see `_time`)."""
        number = self._any()
        self._submit(number, 1)
        self.again = partial(self._submit, number, 1)

    def _list(self) -> object:
        return self.site.store.read(
            partial(
                list_assets, assettype="computers", identityprefix=None, after=self.assets // 2, limit=PAGE
            )
        )

    def _search(self) -> object:
        prefix = hostname(self._any())[:-1]
        return self.site.store.read(
            partial(list_assets, assettype="computers", identityprefix=prefix, after=0, limit=PAGE)
        )

    def _entries(self, after: int = 0, **wanted: object) -> object:
        return self.site.store.read(partial(list_entries, after=after, limit=PAGE, **wanted))  # type: ignore[arg-type]

    def _duplicates(self) -> object:
        return self.site.store.read(partial(list_duplicates, after=0, limit=PAGE))

    def _report(self, report: str, /, **given: str) -> object:
        return self.site.reports.rows(
            "computers", self.site.reports.get("computers", report), given, count=PAGE
        )


def main() -> None:
    """Fill the sites, run each operation, and print the medians."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    options = _options()
    print(machine(), flush=True)
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="shopdb-growth-") as folder:
        sites = [stack.enter_context(_site(options, assets, Path(folder))) for assets in options.assets]
        for name in sites[0].operations():
            print(_line(name, _measure(sites, name, options.times)), flush=True)


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
        _fill(url, Stock(AuditChain(SECRET_KEY), assets, options.entries, options.programs))
        entries = assets * options.entries
        print(
            f"{assets:,} assets, {entries:,} entries: filled in {time.monotonic() - started:.0f} s",
            flush=True,
        )
        with Site.open(settings) as site:
            yield FilledSite(assets, options.programs, site)


def _fill(url: str, stock: Stock) -> None:
    engine = create_engine(url)
    stock.fill(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        tables = ", ".join(
            ["asset", "assetattributes", "assetevidence", "auditentry", *sorted(metadata.tables)]
        )
        connection.execute(text(f"ANALYZE TABLE {tables}" if engine.dialect.name == "mysql" else "ANALYZE"))
    engine.dispose()


def _measure(sites: Sequence[FilledSite], name: str, times: int) -> list[list[float]]:
    """Run one operation on each site in turn, and return the ordered latencies in milliseconds of each."""
    latencies: list[list[float]] = [[] for _ in sites]
    for _ in range(times):
        for site, own in zip(sites, latencies, strict=True):
            own.append(_time(site, name))
    return [sorted(own) for own in latencies]


def _time(site: FilledSite, name: str) -> float:
    operation = site.operations()[name]
    if name == "noop":
        operation()
        operation = site.again
    started = time.perf_counter()
    operation()
    return (time.perf_counter() - started) * 1000


def _line(name: str, latencies: Sequence[Sequence[float]]) -> str:
    medians = [percentile(each, 0.5) for each in latencies]
    cells = [
        f"p50 {p50:8.2f} ms  p99 {percentile(each, 0.99):8.2f} ms  x{p50 / medians[0]:5.2f}"
        for p50, each in zip(medians, latencies, strict=True)
    ]
    return f"{name:32}" + " | ".join(cells)


if __name__ == "__main__":
    main()
