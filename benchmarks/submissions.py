"""Measure submissions a second, single and in batches, compared with a no-op in the same run.

    python benchmarks/submissions.py --quick
    python benchmarks/submissions.py --json before.json
    python benchmarks/submissions.py --compare before.json

Only the ratios can be compared between runs: of single posts to the no-op, and of batches to single posts.
The table also shows the ratios of the last run on the same kind of database, which `.benchmarks/` in the
working directory keeps. Each round has a new database: a SQLite file in the temporary directory (TMPDIR),
which should be on a real disk, or one on the server that `--database-url` names. Linux only.
"""

import argparse
import multiprocessing
import secrets
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path
from typing import get_args

from harness.databases import empty_database
from harness.figures import BATCH, Measurement, summaries
from harness.measuring import LOADERS, Bench, Cell
from harness.payloads import Action, Template
from harness.report import load_ratios, machine, save, table
from harness.servers import OTHER_SERVERS, shopdb, site_environment, yardstick
from sqlalchemy import make_url

LAST_RUNS = Path(".benchmarks")


def main() -> None:
    """Measure every cell in each round, and print the medians."""
    options = _options()
    last = LAST_RUNS / f"{make_url(options.database_url or 'sqlite://').get_backend_name()}.json"
    compared = options.compare or last
    before = load_ratios(compared) if compared.exists() else {}
    where = machine()
    print(where, flush=True)
    measurements = list(_measurements(options))
    print(table(summaries(measurements), before))
    for file in filter(None, (last, options.json)):
        save(file, measurements, where)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken over these (3)")
    parser.add_argument("--seconds", type=float, default=2.0, help="load of each cell in a round (2)")
    parser.add_argument("--programs", type=_numbers, default=[0, 50, 300], help="in a payload (0,50,300)")
    parser.add_argument("--clients", type=_numbers, default=[1, 8, 32], help="at once (1,8,32)")
    parser.add_argument("--actions", type=_actions, default=list(get_args(Action)), help="of the submissions")
    parser.add_argument("--lines", type=int, default=500, help="of a batch (500); 1: no batches")
    parser.add_argument("--threads", type=int, help="of both servers (what `shopdb serve` takes by itself)")
    parser.add_argument("--workers", type=int, default=1, help="processes that serve ShopDB (1)")
    parser.add_argument("--server", choices=OTHER_SERVERS, help="another WSGI server for ShopDB")
    parser.add_argument("--database-url", metavar="URL", help="a database server; default: SQLite")
    parser.add_argument("--quick", action="store_true", help="8 clients, 50 programs, half a second")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="show the ratios kept in FILE beside")
    options = parser.parse_args()
    if options.quick:
        options.programs, options.clients, options.seconds = [50], [8], 0.5
    return options


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _actions(text: str) -> list[str]:
    actions = text.split(",")
    if unknown := set(actions).difference(get_args(Action)):
        raise argparse.ArgumentTypeError(f"no such action: {', '.join(unknown)}")
    return actions


def _measurements(options: argparse.Namespace) -> Iterator[Measurement]:
    """Measure the rounds, each on servers and a database of its own."""
    key = secrets.token_hex()
    templates = {programs: Template(programs, key) for programs in options.programs}
    environ = site_environment(key, options.threads)
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(LOADERS, mp_context=spawning) as loaders:
        bench = Bench(loaders, templates, options.seconds)
        for turn in range(options.rounds):
            with (
                tempfile.TemporaryDirectory(prefix="shopdb-benchmark-") as name,
                empty_database(options.database_url, "shopdb_benchmark", Path(name)) as url,
                shopdb(Path(name), {**environ, **_site(options, url)}, options.server) as site,
                yardstick(Path(name), environ) as unit,
            ):
                for cell in _cells(options):
                    yield bench.measure(unit if cell.kind == "yardstick" else site, cell, turn)


def _site(options: argparse.Namespace, url: str) -> dict[str, str]:
    return {"SHOPDB_DATABASE_URL": url, "SHOPDB_WORKERS": str(options.workers)}


def _cells(options: argparse.Namespace) -> Iterator[Cell]:
    """Yield each cell after the one that it is compared with: the no-op, and for batches single posts."""
    for programs, clients in product(options.programs, options.clients):
        yield Cell(programs, clients, "yardstick", "noop")
        for action in options.actions:
            if programs or action != "program":
                yield Cell(programs, clients, action, action)
                if options.lines > 1:
                    yield Cell(programs, clients, BATCH + action, action, options.lines)


if __name__ == "__main__":
    main()
