"""Measure how long the pages of the console take on a large site, and what people who click cost submissions.

    python benchmarks/console.py
    python benchmarks/console.py --assets 10000 --entries 5 --times 20
    python benchmarks/console.py --database-url postgresql://postgres@127.0.0.1/postgres

A site is filled in bulk. Each page, and the address of the API that answers with the same data, are requested
in turn from the application without a network, each time for other assets; the ratio is that of the medians.
Then `shopdb serve` takes submissions from eight clients, in turns alone and while people open pages, each of
them another one every few seconds. Only ratios can be compared between machines. On a database server the
site is a separate database, created and dropped by the account in the URL; otherwise it is a file in the
temporary directory (TMPDIR).
"""

import argparse
import http.client
import logging
import random
import secrets
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Self

import orjson
from falcon.testing import TestClient
from growth import FilledSite
from harness.databases import empty_database
from harness.figures import percentile
from harness.loader import Load, Loader
from harness.payloads import write_requests
from harness.processes import ServerProcess, announcing
from harness.report import machine
from harness.servers import Setup
from harness.stock import Stock, submission

from shopdb_core.app import create_app
from shopdb_core.audit.entries import AuditChain
from shopdb_core.search.checking import check_index
from shopdb_core.settings import Settings
from shopdb_core.site import Site, upgrade_site

SECRET_KEY = secrets.token_hex()
CLIENTS = 8
UPDATES = 30_000
"""How many submissions are prepared; when they have all been sent, they are sent again."""

PROGRAM = "Component Runtime 0042 (x64)"
USUAL = "fields=identityvalue,assettype,createdat,updatedat,lastseenat&sort=-assetid"
COMPUTERS = "fields=identityvalue,osname,model,serialnumber,ipaddress,lastseenat&sort=-assetid"

PAGES = (
    ("/", "/api/counts"),
    ("/assets", f"/api/assets?{USUAL}"),
    ("/assets?assettype=computers", f"/api/assets?assettype=computers&{COMPUTERS}"),
    (
        "/assets?assettype=computers&after={middle}",
        f"/api/assets?{COMPUTERS}&assettype=computers&after={{middle}}",
    ),
    ("/assets?q=windows&after={middle}", f"/api/assets?q=windows&after={{middle}}&{USUAL}"),
    ("/assets?q={mac}", f"/api/assets?q={{mac}}&{USUAL}"),
    ("/assets/{any}", "/api/assets/{any} + /api/assets/{any}/relationships"),
    ("/assets/{any}/lists/installedsoftware", "/api/assets/{any}"),
    ("/assets/{any}/related", "/api/assets/{any} + /api/assets/{any}/relationships"),
    ("/assets/{any}/past", "/api/assets/{any} + /api/assets/{any}/history"),
    ("/changes", "/api/audit"),
    ("/changes?plugin=computers&action=updated", "/api/audit?plugin=computers&action=updated"),
    ("/software", "/api/reports/computers/software"),
    (f"/reports/computers/software_on?name={PROGRAM}", f"/api/reports/computers/software_on?name={PROGRAM}"),
    ("/reports", "/api/reports"),
    ("/collectors", "/api/collector/_schemas"),
    ("/collectors/computers", "/api/collector/_schemas/computers"),
    ("/refusals", "/api/refusals"),
    ("/duplicates", "/api/duplicates"),
    ("/merges", "/api/merges"),
    ("/admin/events", "/api/access-events"),
)
"""The pages, each with the addresses of the API that have the same data, or of the overview a part of it."""


def main() -> None:
    """Fill a site, measure the pages, then the submissions, and print the figures."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    options = _options()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="shopdb-console-") as name, _filled(options, Path(name)) as url:
        with Site.open(Settings(secret_key=SECRET_KEY, database_url=url)) as site:
            _Pages(FilledSite(options.assets, options.programs, site)).measure(options.times)
        if options.turns:
            _Floor(url, options, Path(name)).measure()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--assets", type=int, default=100_000, help="of the site (100000)")
    parser.add_argument("--entries", type=int, default=10, help="in the audit for each asset (10)")
    parser.add_argument("--programs", type=int, default=5, help="of each computer (5)")
    parser.add_argument("--times", type=int, default=100, help="that each page is requested (100)")
    parser.add_argument("--people", type=int, default=20, help="who click (20)")
    parser.add_argument("--pause", type=float, default=3.0, help="seconds between two clicks of one (3)")
    parser.add_argument("--turns", type=int, default=5, help="with and without people; 0 leaves both out (5)")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each turn (6)")
    parser.add_argument("--database-url", help="a database server; default: SQLite")
    return parser.parse_args()


@contextmanager
def _filled(options: argparse.Namespace, folder: Path) -> Iterator[str]:
    """Create and fill a site whose entries are of the last eight weeks; yield the URL of its database."""
    with empty_database(options.database_url, "shopdb_console", folder) as url:
        settings = Settings(secret_key=SECRET_KEY, database_url=url)
        upgrade_site(settings)
        started, beginning = time.monotonic(), datetime.now(UTC) - timedelta(weeks=8)
        step = timedelta(weeks=8) / (options.entries + 1)
        times = [beginning + step * (turn + 1) for turn in range(options.entries)]
        Stock(AuditChain(SECRET_KEY), options.assets, times, options.programs).fill(url)
        with Site.open(settings) as site:
            deque(check_index(site.store, repair=True), maxlen=0)
        seconds = time.monotonic() - started
        print(f"{options.assets:,} assets, {options.assets * options.entries:,} entries: {seconds:.0f} s")
        yield url


class _Pages:
    """The pages of a site, and the API, as an admin requests them."""

    def __init__(self, filled: FilledSite) -> None:
        token = filled.site.tokens.issue("benchmark", "admin", timedelta(days=1))
        self._filled = filled
        self._client = TestClient(
            create_app(filled.site), headers={"Authorization": f"Bearer {token}", "Accept": "text/html"}
        )

    def measure(self, times: int) -> None:
        """Print the figures of each page."""
        print(f"{'page':<64}{'kB':>7}{'p50 ms':>9}{'p99 ms':>9}{'JSON p50':>10}{'ratio':>8}")
        for page, endpoint in PAGES:
            self._request(page)  # compiles its template
            taken = [(self._request(page), self._both(endpoint)) for _ in range(times)]
            own, others = sorted(each.ms for each, _ in taken), sorted(other for _, other in taken)
            middle, other = percentile(own, 0.5), percentile(others, 0.5)
            size = max(each.kilobytes for each, _ in taken)
            figures = f"{size:>7.1f}{middle:>9.2f}{percentile(own, 0.99):>9.2f}{other:>10.2f}"
            print(f"{page:<64}{figures}{middle / other:>8.2f}", flush=True)

    def _both(self, endpoints: str) -> float:
        """Return how long the answers of the API take together."""
        return sum(self._request(endpoint).ms for endpoint in endpoints.split(" + "))

    def _request(self, template: str) -> "_Answer":
        path = self._filled.path(template)
        started = time.perf_counter()
        answer = self._client.simulate_get(path)
        seconds = time.perf_counter() - started
        if answer.status_code != 200:
            sys.exit(f"{path} answered {answer.status_code}: {answer.text[:2000]}")
        return _Answer(seconds * 1000, len(answer.content) / 1000)


@dataclass(frozen=True, slots=True)
class _Answer:
    """How long an answer took, and how large it is."""

    ms: float
    kilobytes: float


class _Floor:
    """A server that takes submissions, in turns alone and while people open pages."""

    def __init__(self, url: str, options: argparse.Namespace, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._setup = Setup("", "")
        self._environ = self._setup.environ(SECRET_KEY=SECRET_KEY, SHOPDB_DATABASE_URL=url)
        with Site.open(Settings(secret_key=SECRET_KEY, database_url=url)) as site:
            self._token = site.tokens.issue("benchmark", "admin", timedelta(days=1))
            self._paths = [FilledSite(options.assets, 0, site).path(page) for page, _ in PAGES]

    def measure(self) -> None:
        """Print how many submissions a second there were in both kinds of turns."""
        loader, requests = Loader(self._folder), self._folder / "requests"
        write_requests(requests, self._requests())
        load = Load(requests, CLIENTS, '"status":"ok"', seconds=self._options.seconds, repeat=True)
        command = [sys.executable, "-m", "shopdb_core", "serve"]
        with announcing(command, self._folder / "server.log", self._environ) as server:
            loader.drive(server.address, load)  # warms up
            turns = [self._turn(server, loader, load) for _ in range(self._options.turns)]
        alone, clicks = median(each[0] for each in turns), sum(each[2] for each in turns)
        ratio = median(beside / quiet for quiet, beside, _ in turns)
        people, pause = self._options.people, self._options.pause
        print(f"submissions alone {alone:,.0f} a second, updates by {CLIENTS} clients")
        print(f"beside {people} people, a page each {pause} s: x {ratio:.3f}, {clicks} pages")

    def _requests(self) -> Iterator[bytes]:
        for number in range(UPDATES):
            computer = number % self._options.assets + 1
            build = 1 + (number // self._options.assets + 1) * 2
            body = submission(computer, self._options.programs, build)
            yield self._setup.endpoint.request([orjson.dumps(body)])

    def _turn(self, server: ServerProcess, loader: Loader, load: Load) -> tuple[float, float, int]:
        """Return the submissions a second without and with people, and how many pages they opened."""
        alone = loader.drive(server.address, load).rate
        with People(server.address, self._token, self._paths, self._options) as people:
            beside = loader.drive(server.address, load).rate
        return alone, beside, people.opened


class People:
    """Threads that open pages of a server, until the end of the block."""

    def __init__(
        self, address: tuple[str, int], token: str, paths: Sequence[str], options: argparse.Namespace
    ) -> None:
        self.opened = 0
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
        self._paths = [path.replace(" ", "%20") for path in paths]
        self._pause = options.pause
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._click) for _ in range(options.people)]

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._done.set()
        for each in self._threads:
            each.join()

    def _click(self) -> None:
        connection = http.client.HTTPConnection(*self._address, timeout=60)
        # Not all of them in the same moment.
        while not self._done.wait(random.uniform(0, self._pause * 2)):
            connection.request("GET", random.choice(self._paths), headers=self._headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.client.OK:
                raise SystemExit(f"a page answered {answer.status}")
            self.opened += 1
        connection.close()


if __name__ == "__main__":
    main()
