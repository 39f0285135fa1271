"""Retention: how long which entries are kept, and pruning of all that are older, batch after batch."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shopdb_core.audit.checkpoint import CheckpointSeal
from shopdb_core.audit.entry import AuditChain
from shopdb_core.audit.prunable import Expiry, Kind
from shopdb_core.audit.prune import PruningPlanner
from shopdb_core.settings import Settings
from shopdb_core.store import Store

REST = 3.0
"""How long to rest after each batch, as a multiple of the time that it took."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one batch did: entries that went, and those whose hash did not fit, which stay as evidence."""

    kind: Kind
    entries: int
    unfit: int


def prune(
    store: Store, secret_key: str, expiring: Iterable[Expiry], rest: Callable[[float], object] = time.sleep
) -> Iterator[Pruned]:
    """Prune what has expired, and yield what each batch did; it is committed by then.

    `rest` is told how many seconds to leave to others. Raises `Unavailable`; the next call goes on where
    this one ended.
    """
    chain, seal = AuditChain(secret_key), CheckpointSeal(secret_key)
    for expiry in expiring:
        planner = PruningPlanner(expiry, chain, seal)
        started = time.monotonic()
        while (plan := store.read(planner)) is not None:
            is_done = store.transaction(plan)
            worked = time.monotonic() - started
            if is_done:
                yield Pruned(plan.kind, len(plan.auditids), plan.unfit)
            rest(REST * worked)
            started = time.monotonic()


def expiries(settings: Settings, now: datetime) -> list[Expiry]:
    """Return what expires at all, and when; the days of each kind count for that kind alone."""
    expiring: list[Expiry] = []
    if settings.audit_noop_retention_days is not None:
        expiring.append(Expiry("noop", now - timedelta(settings.audit_noop_retention_days), now))
    if settings.audit_retention_days is not None:
        expiring.append(Expiry("change", now - timedelta(settings.audit_retention_days), now))
    return expiring
