"""Measure which packages take the CPU time of a submission, without HTTP.

    python benchmarks/stages.py
    python benchmarks/stages.py --programs 300 --together 32

Submissions of one kind after the other are stored in a new file of SQLite, in this process, under Python's
profiler. The time of each function counts for the package of ShopDB that it is in, or that called it: `store`
includes SQLite, and `intake` orjson. The profiler makes calls slower than they are, so only the shares can be
compared. `--together` submits in batches. The file is in the temporary directory (TMPDIR).
"""

import argparse
import cProfile
import pstats
import secrets
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import TypeAlias

from harness.payloads import HOSTS, Computers, Kind
from harness.report import machine
from harness.submitting import submit

from shopdb_core.settings import Settings
from shopdb_core.site import Site, upgrade_site

KINDS: Sequence[Kind] = ("created", "updated", "noop")
CORE = "shopdb_core"

Function: TypeAlias = tuple[str, int, str]
"""File, line and name, as the profiler has them."""


def main() -> None:
    """Print the microseconds of each stage and kind, the greatest first."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="shopdb-benchmark-") as folder:
        settings = Settings(
            secret_key=secrets.token_hex(), database_url=f"sqlite:///{Path(folder, 'site.sqlite3')}"
        )
        upgrade_site(settings)
        found = {kind: _measure(settings, kind, options) for kind in KINDS}
    print(machine())
    print(f"{'us a submission':<24}" + "".join(f"{kind:>16}" for kind in KINDS))
    stages = sorted(set().union(*found.values()), key=lambda stage: -found["created"][stage])
    for stage in stages:
        print(f"{stage:<24}" + "".join(_cell(found[kind], stage) for kind in KINDS))
    print(f"{'all':<24}" + "".join(f"{found[kind].total():>10,.0f}{'':6}" for kind in KINDS))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--programs", type=int, default=50, help="of each computer (50)")
    parser.add_argument("--together", type=int, default=1, help="submissions in a batch (1: alone)")
    parser.add_argument("--number", type=int, default=2_000, help="submissions of each kind (2000)")
    return parser.parse_args()


def _cell(found: Counter[str], stage: str) -> str:
    return f"{found[stage]:10,.0f}{found[stage] / found.total():6.0%}"


def _measure(settings: Settings, kind: Kind, options: argparse.Namespace) -> Counter[str]:
    """Submit, and return the microseconds of each stage."""
    computers = Computers(options.programs)
    bodies = computers.bodies(kind, HOSTS, KINDS.index(kind))
    if kind != "created":
        with Site.open(settings) as site:
            submit(site, computers.bodies("noop", HOSTS, 0), 1)
    some = islice(cycle(bodies) if kind == "noop" else bodies, options.number)
    with _profiled_threads() as profiles, Site.open(settings) as site:
        submit(site, some, options.together)
    return _by_stage(pstats.Stats(*profiles), options.number)


@contextmanager
def _profiled_threads() -> Iterator[list[cProfile.Profile]]:
    """Profile this thread and those that start, and yield their profiles, which are whole afterwards."""
    profiles = [cProfile.Profile(time.thread_time)]
    run = threading.Thread.run

    def profiled(thread: threading.Thread) -> None:
        profile = cProfile.Profile(time.thread_time)
        profiles.append(profile)
        profile.runcall(run, thread)

    threading.Thread.run = profiled  # type: ignore[method-assign]  # until the end of the block
    profiles[0].enable()
    try:
        yield profiles
    finally:
        profiles[0].disable()
        threading.Thread.run = run  # type: ignore[method-assign]  # as it was


def _by_stage(stats: pstats.Stats, number: int) -> Counter[str]:
    """Return the microseconds of each package for one submission."""
    timings = stats.stats  # type: ignore[attr-defined]  # the stubs have no field for it
    found: Counter[str] = Counter()
    for function, (_, _, own, _, callers) in timings.items():
        for stage, part in _parts(function, callers, timings, 4):
            found[stage] += own * part * 1e6 / number
    return Counter({stage: time for stage, time in found.items() if time >= 0.5})


def _parts(function: Function, callers: object, timings: object, depth: int) -> Iterator[tuple[str, float]]:
    """Yield the package that a function is in, or those that called it, each with its part of the calls."""
    stage = _stage(function[0])
    if stage or not callers or not depth:
        yield stage or "other", 1.0
        return
    calls = {caller: each[0] for caller, each in callers.items()}
    for caller, times in calls.items():
        for name, part in _parts(caller, timings[caller][4], timings, depth - 1):
            yield name, part * times / sum(calls.values())


def _stage(file: str) -> str | None:
    """Return the package of ShopDB, one of the core by itself, `None` for a file of another."""
    parts = Path(file).parts
    if CORE in parts:
        below = parts[len(parts) - parts[::-1].index(CORE) :]
        return below[0].removesuffix(".py")
    return next((part for part in reversed(parts) if part.startswith("shopdb_")), None)


if __name__ == "__main__":
    main()
