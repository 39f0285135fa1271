"""Which stored asset a submission speaks of: by its identity, or by evidence where the site trusts it."""

from dataclasses import dataclass

from shopdb_core.assets.evidence import Evidence, sole_bearer
from shopdb_core.assets.stored import StoredAsset, lock, lock_by_id
from shopdb_core.collect.answer import MatchedBy
from shopdb_core.collect.prepare import Prepared
from shopdb_core.plugins.collector import Collector
from shopdb_core.settings import OnMatch
from shopdb_core.store import Connection


@dataclass(frozen=True, slots=True)
class Match:
    """The asset that was found and locked, how, and what its sender should know."""

    asset: StoredAsset | None
    by: MatchedBy | None
    warnings: tuple[str, ...] = ()


def find_match(connection: Connection, collector: Collector, prepared: Prepared, onmatch: OnMatch) -> Match:
    """Find and lock the asset (contract 4): evidence counts only for an identity that is new."""
    if stored := lock(connection, collector.name, prepared.identitykey):
        return Match(stored, "identity")
    value = prepared.submission.get(collector.secondaryidentity or "")
    if not isinstance(value, str) or collector.secondaryidentity is None:
        return Match(None, None)
    bearer = sole_bearer(connection, Evidence(collector.name, collector.secondaryidentity), value)
    other = lock_by_id(connection, bearer) if bearer is not None else None
    if other is None:
        return Match(None, None)
    if onmatch == "adopt":
        return Match(other, "secondaryidentity", (_adoption(collector, other),))
    return Match(None, None, (_flag(collector, other),))


def _flag(collector: Collector, other: StoredAsset) -> str:
    return (
        f"{collector.secondaryidentity}: also on {other.identityvalue} (asset {other.assetid}); "
        "if this is that device renamed, merge them"
    )


def _adoption(collector: Collector, other: StoredAsset) -> str:
    return (
        f"{collector.identityfield}: asset {other.assetid} was {other.identityvalue}, and was matched by its "
        f"{collector.secondaryidentity}"
    )
