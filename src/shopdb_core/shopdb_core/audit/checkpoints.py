"""Checkpoints: each replaces consecutive entries of one asset that were pruned (ADR 0017)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import Row

from shopdb_core.audit.diffs import Contradiction, compose
from shopdb_core.audit.entries import Seals
from shopdb_core.json_text import canonical_text

NO_CHANGE = "{}"


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive entries of one asset; `diff` (canonical JSON text) is their net change.

    `previoushash` is that of the first entry, `None` for the asset's first; `lasthash` is the last entry's.
    """

    assetid: int
    firstauditid: int
    lastauditid: int
    entries: int
    firstat: datetime
    lastat: datetime
    previoushash: bytes | None
    lasthash: bytes
    diff: str


COLUMNS = tuple(field.name for field in fields(Run))


def checkpoint_row(run: Run, seals: Seals) -> dict[str, Any]:
    """Return the row of `auditcheckpoint` for a run."""
    columns = {name: getattr(run, name) for name in COLUMNS}
    return {**columns, "seal": seals.seal(run), "sealversion": seals.version}


def checkpoint_run(row: Row[Any]) -> Run:
    """Return the run of a row of `auditcheckpoint`."""
    return Run(**{name: getattr(row, name) for name in COLUMNS})


def entry_run(row: Row[Any]) -> Run:
    """Return a row of `auditentry` as a run of one entry."""
    return Run(
        assetid=row.assetid,
        firstauditid=row.auditid,
        lastauditid=row.auditid,
        entries=1,
        firstat=row.at,
        lastat=row.at,
        previoushash=row.previoushash,
        lasthash=row.hash,
        diff=row.diff,
    )


def join_runs(runs: Iterable[Run], heads: Collection[int] = ()) -> list[Run]:
    """Join all runs of which one follows the other, by its hash and by its diff.

    A run that ends at or before one of the `heads` is not joined with one after it, since the head needs its
    last hash.
    """
    joined: list[Run] = []
    for run in sorted(runs, key=attrgetter("assetid", "lastauditid")):
        ends = joined and any(joined[-1].lastauditid <= head < run.firstauditid for head in heads)
        longer = _join(joined[-1], run) if joined and not ends else None
        if longer is None:
            joined.append(run)
        else:
            joined[-1] = longer
    return joined


def _join(run: Run, following: Run) -> Run | None:
    if (run.assetid, run.lasthash) != (following.assetid, following.previoushash):
        return None
    try:
        diff = _composed(run.diff, following.diff)
    except Contradiction:
        return None
    return replace(
        run,
        lastauditid=following.lastauditid,
        entries=run.entries + following.entries,
        lastat=following.lastat,
        lasthash=following.lasthash,
        diff=diff,
    )


def _composed(first: str, second: str) -> str:
    """Compose as text; most entries are noops, which need no parsing."""
    if NO_CHANGE in (first, second):
        return second if first == NO_CHANGE else first
    return canonical_text(compose(orjson.loads(first), orjson.loads(second)))
