"""Checkpoints: consecutive entries of one asset, one or more, as one link of its chain, sealed."""

from collections.abc import Iterable
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
    """What remains of entries when they are pruned; `diff` (canonical JSON text) is their net change.

    `previoushash` is that of the first entry, `None` at the asset's beginning.
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
    """Return the row of `auditcheckpoint` that stands for a run."""
    columns = {name: getattr(run, name) for name in COLUMNS}
    return {**columns, "seal": seals.of(run), "sealversion": seals.version}


def checkpoint_run(row: Row[Any]) -> Run:
    """Return the run that a row of `auditcheckpoint` stands for."""
    return Run(**{name: getattr(row, name) for name in COLUMNS})


def entry_run(row: Row[Any]) -> Run:
    """Return a row of `auditentry` as the run of this entry alone."""
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


def joined(runs: Iterable[Run]) -> list[Run]:
    """Join every two runs of which one directly follows the other by its hash, and by its diff."""
    found: list[Run] = []
    for run in sorted(runs, key=attrgetter("assetid", "lastauditid")):
        longer = _join(found[-1], run) if found else None
        if longer is None:
            found.append(run)
        else:
            found[-1] = longer
    return found


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
    """Compose as text; most entries changed nothing, and cost nothing here."""
    if NO_CHANGE in (first, second):
        return second if first == NO_CHANGE else first
    return canonical_text(compose(orjson.loads(first), orjson.loads(second)))
