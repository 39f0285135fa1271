"""Measure submissions a second on servers side by side, compared with a no-op in the same run.

    python benchmarks/submissions.py --quick
    python benchmarks/submissions.py --servers sqlite,postgresql,mysql --clients 8
    python benchmarks/submissions.py --servers sqlite,baseline --baseline ../other/.venv/bin/python

Only ratios can be compared between runs. All servers of a round run beside each other, on new databases, and
each kind of load goes to all of them in turn. SQLite's files are in the temporary directory (TMPDIR), which
should be on a real disk; databases on a server are dropped afterwards. The clients are a program in C, which
needs a compiler. Linux only.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import get_args

from harness.figures import YARDSTICK, Measurement, summaries
from harness.loader import Loader
from harness.payloads import Group, Kind
from harness.report import Record, machine, table, today
from harness.rounds import Bench, Sizes
from harness.servers import OTHER_ENVIRONMENTS, SERVERS, Setup, is_installed, start, versions

BATCH_CLIENTS = 8
"""Clients of the no-op that batches are compared with."""

BATCH_KINDS: Sequence[Kind] = ("created", "updated", "noop")


def main() -> None:
    """Measure every group in each round, print the medians, and save them if asked to."""
    options = _options()
    # However the run ends, its servers are ended and its databases dropped.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    setup = Setup(options.postgresql, options.mysql, options.threads, options.baseline, options.datasette)
    names = [YARDSTICK, *_available(options)]
    before = machine()
    print(before, flush=True)
    with tempfile.TemporaryDirectory(prefix="shopdb-benchmark-") as folder:
        sizes = Sizes(options.seconds, options.requests, options.floor, options.own_versions)
        bench = Bench(Loader(Path(folder)), sizes, Path(folder))
        cells = summaries(_measurements(options, setup, names, bench))
    print(table(cells))
    if bench.faults:
        sys.exit("\n".join(["Runs that were not valid are left out, and nothing is saved:", *bench.faults]))
    if options.save:
        size = {name: vars(options)[name] for name in ("rounds", "seconds", "floor", "own_versions")}
        Record(today(), before, versions(names, setup), cells=cells, **size).save(options.save)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--servers", type=_words, default=["sqlite"], help=f"of {','.join(SERVERS)} (sqlite)")
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken over these (3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="load of each cell in a round (3)")
    parser.add_argument("--requests", type=int, default=20_000, help="that change, of each cell (20000)")
    parser.add_argument("--programs", type=_numbers, default=[0, 50, 300], help="in a payload (0,50,300)")
    parser.add_argument("--clients", type=_numbers, default=[1, 8, 32], help="at once (1,8,32)")
    parser.add_argument("--kinds", type=_words, default=list(get_args(Kind)), help="of submissions (all)")
    parser.add_argument("--floor", type=int, default=20_000, help="computers of the kind floor (20000)")
    parser.add_argument("--own-versions", action="store_true", help="no two computers share a version")
    parser.add_argument("--lines", type=int, default=500, help="of a batch (500); 1: no batches")
    parser.add_argument("--threads", type=int, help="of ShopDB and the no-op (what `shopdb serve` takes)")
    parser.add_argument("--postgresql", metavar="URL", default="postgresql://postgres@127.0.0.1/postgres")
    parser.add_argument("--mysql", metavar="URL", default="mysql://root@127.0.0.1/mysql")
    parser.add_argument(
        "--baseline", type=_python, metavar="PYTHON", help="of an environment with another ShopDB"
    )
    parser.add_argument(
        "--datasette", type=_python, metavar="PYTHON", help="of an environment with Datasette"
    )
    parser.add_argument("--quick", action="store_true", help="one round of 8 clients and 50 programs")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the figures as JSON")
    if parser.parse_known_args()[0].quick:
        parser.set_defaults(programs=[50], clients=[8], rounds=1, seconds=1.0, floor=1_000)
    options = parser.parse_args()
    for given, known in ((options.servers, SERVERS), (options.kinds, get_args(Kind))):
        if unknown := set(given).difference(known):
            parser.error(f"{', '.join(unknown)}: only {', '.join(known)} are known")
    return options


def _words(text: str) -> list[str]:
    return text.split(",")


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _python(text: str) -> str:
    """Return a path that holds in any directory; what a link leads to would not be the environment's."""
    return str(Path(text).absolute())


def _available(options: argparse.Namespace) -> Iterator[str]:
    """Yield the servers that can be measured, and print a note about each of the others."""
    for name in options.servers:
        if name in OTHER_ENVIRONMENTS and not is_installed(vars(options)[name], OTHER_ENVIRONMENTS[name]):
            print(f"{name} is left out: --{name} does not name the Python of an environment that has it")
        else:
            yield name


def _measurements(
    options: argparse.Namespace, setup: Setup, names: Sequence[str], bench: Bench
) -> Iterator[Measurement]:
    """Measure the rounds, each on servers and databases of its own."""
    for turn in range(options.rounds):
        print(f"Round {turn + 1} of {options.rounds}", flush=True)
        with ExitStack() as running, tempfile.TemporaryDirectory(prefix="shopdb-benchmark-") as folder:
            servers = [running.enter_context(start(name, setup, Path(folder))) for name in names]
            for number, group in enumerate(_groups(options), start=turn):
                first = number % len(servers)
                yield from bench.measure(group, [*servers[first:], *servers[:first]], turn)


def _groups(options: argparse.Namespace) -> Iterator[Group]:
    for programs, clients, kind in product(options.programs, options.clients, options.kinds):
        if programs or kind != "program":
            yield Group(programs, clients, kind)
    if options.lines > 1:
        for programs, kind in product(options.programs, BATCH_KINDS):
            yield Group(programs, BATCH_CLIENTS, kind, options.lines)


if __name__ == "__main__":
    main()
