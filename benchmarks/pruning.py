"""Measure how pruning the audit slows down writers.

    python benchmarks/pruning.py
    python benchmarks/pruning.py --entries 200000 --clients 32

Nearly half of the entries are noops that are old enough to be pruned. Clients submit updates all the time,
while pruning runs and pauses in turn; the figures with and without it are from the same run. Everything is in
one process, as in `shopdb serve`. The database is in the temporary directory (TMPDIR).
"""

import argparse
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from harness.figures import percentile
from harness.stock import Stock, hostname

from shopdb_core.audit.entries import AuditChain
from shopdb_core.audit.prune import Pruned, expiries, prune
from shopdb_core.audit.verifying.verify import verify
from shopdb_core.settings import Settings
from shopdb_core.site import Site, upgrade_site
from shopdb_core.submissions import Origin

SECRET_KEY = secrets.token_hex()
OLD, YOUNG = timedelta(60), timedelta(20)
"""The age of the first half of the entries, and of the second; noops expire after 30 days."""


def main() -> None:
    """Create the database, prune it beside writers, verify the rest, and print the figures."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="shopdb-benchmark-") as name:
        url = f"sqlite:///{Path(name, 'site.sqlite3')}"
        settings = Settings(secret_key=SECRET_KEY, database_url=url, audit_noop_retention_days=30)
        upgrade_site(settings)
        Stock(AuditChain(SECRET_KEY), options.assets, _times(options), programs=0).fill(url)
        print(f"{options.entries} entries, {options.clients} clients", flush=True)
        _Bench(settings, options).run()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--assets", type=int, default=10_000, help="that have these entries (10000)")
    parser.add_argument("--entries", type=int, default=2_000_000, help="of which half are pruned (2000000)")
    parser.add_argument("--clients", type=int, default=8, help="that submit all the time (8)")
    parser.add_argument("--turn", type=float, default=4.0, help="seconds with and without pruning (4)")
    parser.add_argument("--seconds", type=float, default=3600.0, help="of pruning at most (3600)")
    return parser.parse_args()


def _times(options: argparse.Namespace) -> list[datetime]:
    """Return the times of the entries of each asset."""
    now, number = datetime.now(UTC), options.entries // options.assets
    return [now - (OLD if turn < number // 2 else YOUNG) + timedelta(minutes=turn) for turn in range(number)]


class _Bench:
    """Runs clients beside pruning, and records their latencies in seconds with and without it."""

    def __init__(self, settings: Settings, options: argparse.Namespace) -> None:
        self._settings = settings
        self._site = Site.open(settings, record_served=False)
        self._assets: int = options.assets
        self._clients: int = options.clients
        self._turn: float = options.turn
        self._most_seconds: float = options.seconds
        self._pruning = False
        self._done = threading.Event()
        self._latencies: dict[bool, list[float]] = {True: [], False: []}

    def run(self) -> None:
        """Prune everything, in turns, and print the figures."""
        with ThreadPoolExecutor(self._clients) as clients:
            running = [clients.submit(self._submit, number) for number in range(self._clients)]
            seconds, entries = self._prune_in_turns()
            self._done.set()
        for each in running:
            each.result()
        print(f"pruned {entries} entries in {seconds:.1f} s, {entries / seconds:,.0f} a second")
        self._report()
        faults = [fault for batch in verify(self._site.store, self._site.chain) for fault in batch.faults]
        print(f"{len(faults)} faults in what is left", *faults[:1])
        self._site.close()

    def _prune_in_turns(self) -> tuple[float, int]:
        expiring = expiries(self._settings, datetime.now(UTC), force=True)
        batches = prune(self._site.store, self._site.chain, expiring)
        seconds, entries = 0.0, 0
        while True:
            time.sleep(self._turn)
            self._pruning, started = True, time.perf_counter()
            done = [batch.entries for batch in self._one_turn(batches)]
            self._pruning = False
            seconds, entries = seconds + time.perf_counter() - started, entries + sum(done)
            if not done or seconds > self._most_seconds:
                return seconds, entries

    def _one_turn(self, batches: Iterator[Pruned]) -> Iterator[Pruned]:
        until = time.perf_counter() + self._turn
        while time.perf_counter() < until and (batch := next(batches, None)):
            yield batch

    def _submit(self, client: int) -> None:
        for number in count():
            if self._done.is_set():
                return
            computer = (number * self._clients + client) % self._assets + 1
            submission = {"hostname": hostname(computer), "memorygb": number % 997 + 1}
            pruning, started = self._pruning, time.perf_counter()
            self._site.submissions.submit("computers", submission, Origin("benchmark", "benchmark"))
            if pruning is self._pruning:
                self._latencies[pruning].append(time.perf_counter() - started)

    def _report(self) -> None:
        print("               a client's submissions  p50 ms  p99 ms  max ms  p99/p50")
        for pruning, name in ((False, "without pruning"), (True, "beside pruning")):
            found = sorted(self._latencies[pruning])
            middle, tail = percentile(found, 0.5), percentile(found, 0.99)
            figures = (middle * 1000, tail * 1000, found[-1] * 1000, tail / middle)
            print(f"{name:15}{len(found):23}" + "".join(f"{figure:8.1f}" for figure in figures))


if __name__ == "__main__":
    main()
