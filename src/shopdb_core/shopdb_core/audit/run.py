"""Runs: consecutive entries of one asset, one or more, as one link of its chain."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter

import orjson

from shopdb_core.audit.compose import Contradiction, compose
from shopdb_core.canonical import canonical_text

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
