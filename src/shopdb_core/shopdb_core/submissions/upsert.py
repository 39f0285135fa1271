"""Which stored asset a submission speaks of: by its identity, or by evidence where the site trusts it.

Telling the audit what one submission did, and the part of its work that most submissions need: a noop.

One submission inside the transaction: match, merge, write, the plugin's tables, audit.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from shopdb_core.assets import identity, rows
from shopdb_core.assets.identity import Evidence, sole_bearer
from shopdb_core.assets.merge import diff, merge
from shopdb_core.assets.rows import StoredAsset, lock_asset, lock_by_id, read_attributes
from shopdb_core.audit.entries import Action, AuditChain, AuditEntry, newest_hash, record
from shopdb_core.json_text import canonical_text
from shopdb_core.plugins.collector import Collector
from shopdb_core.settings import OnMatch
from shopdb_core.store import Connection
from shopdb_core.submissions.pipeline import PreparedSubmission
from shopdb_core.submissions.result import MatchedBy, Origin
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class Match:
    """The asset that was found and locked, how, and what its sender should know."""

    asset: StoredAsset | None
    by: MatchedBy | None
    warnings: tuple[str, ...] = ()


def find_match(
    connection: Connection, collector: Collector, prepared: PreparedSubmission, onmatch: OnMatch
) -> Match:
    """Find and lock the asset (contract 4): evidence counts only for an identity that is new."""
    if stored := lock_asset(connection, collector.name, prepared.identitykey):
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one submission did to its asset, as the audit tells it."""

    auditid: int
    entry: AuditEntry
    diff: JsonObject
    match: Match


@dataclass(frozen=True, slots=True)
class Recorder:
    """Who tells: the collector that took the submission, its sender, and the site's chain."""

    collector: Collector
    origin: Origin
    chain: AuditChain

    def see(
        self,
        connection: Connection,
        match: Match,
        stored: StoredAsset,
        submissionhash: bytes,
        at: datetime,
    ) -> Outcome:
        """Note that the asset that was matched and locked was seen again, unchanged."""
        entry = self.entry("noop", stored.assetid, stored.identityvalue, {}, at)
        sealed = self.chain.seal(entry, previous_hash(connection, stored))
        rows.touch_asset(
            connection, stored.assetid, submissionhash=submissionhash, chainhash=sealed.hash, at=at
        )
        return Outcome(record(connection, sealed), entry, {}, match)

    def entry(
        self, action: Action, assetid: int, identityvalue: str, changes: JsonObject, at: datetime
    ) -> AuditEntry:
        """Put into words what was done."""
        return AuditEntry(
            at=at,
            plugin=self.collector.name,
            action=action,
            assetid=assetid,
            identityvalue=identityvalue,
            diff=canonical_text(changes),
            volatileonly=bool(changes) and changes.keys() <= self.collector.volatile,
            actor=self.origin.actor,
            requestid=self.origin.requestid,
        )


def previous_hash(connection: Connection, stored: StoredAsset) -> bytes | None:
    """Return the hash to chain to; an asset that was only just created does not carry it yet."""
    return stored.chainhash or newest_hash(connection, stored.assetid)


@dataclass(frozen=True, slots=True)
class Upsert:
    """The work of one submission; call it on a connection, as often as its transaction is run."""

    witness: Recorder
    prepared: PreparedSubmission
    onmatch: OnMatch

    @property
    def collector(self) -> Collector:
        """The collector that took the submission."""
        return self.witness.collector

    def __call__(self, connection: Connection) -> Outcome:
        """Create, update or see the asset; raises `PluginFailure` from `store_asset`."""
        at = datetime.now(UTC)
        match = find_match(connection, self.collector, self.prepared, self.onmatch)
        if match.asset is None:
            return self._create(connection, match, at)
        if match.asset.submissionhash == self.prepared.hash and match.by == "identity":
            return self.witness.see(connection, match, match.asset, self.prepared.hash, at)
        return self._update(connection, match, match.asset, at)

    def _create(self, connection: Connection, match: Match, at: datetime) -> Outcome:
        identityvalue = self.prepared.identityvalue
        after = merge({}, self._patch(identityvalue))
        changes = {name: {"before": None, "after": value} for name, value in after.items()}
        assetid = rows.create_asset(
            connection,
            assettype=self.collector.name,
            identityvalue=identityvalue,
            identitykey=self.prepared.identitykey,
            submissionhash=self.prepared.hash,
            attributes=after,
            at=at,
        )
        self._write_parts(connection, assetid, None, after)
        entry = self.witness.entry("created", assetid, identityvalue, changes, at)
        auditid = record(connection, self.witness.chain.seal(entry, None))
        return Outcome(auditid, entry, changes, match)

    def _update(self, connection: Connection, match: Match, stored: StoredAsset, at: datetime) -> Outcome:
        identityvalue = stored.identityvalue if match.by == "identity" else self.prepared.identityvalue
        before = read_attributes(connection, stored.assetid)
        after = merge(before, self._patch(identityvalue))
        changes = diff(before, after)
        if not changes:
            return self.witness.see(connection, match, stored, self.prepared.hash, at)
        entry = self.witness.entry("updated", stored.assetid, identityvalue, changes, at)
        sealed = self.witness.chain.seal(entry, previous_hash(connection, stored))
        rows.change_asset(
            connection,
            stored.assetid,
            identityvalue=identityvalue,
            identitykey=self.prepared.identitykey,
            submissionhash=self.prepared.hash,
            chainhash=sealed.hash,
            attributes=after,
            at=at,
        )
        self._write_parts(connection, stored.assetid, before, after)
        return Outcome(record(connection, sealed), entry, changes, match)

    def _patch(self, identityvalue: str) -> JsonObject:
        """Return the submission with the identity as people spell it, not as the plugin folds it."""
        return {**self.prepared.submission, self.collector.identityfield: identityvalue}

    def _write_parts(
        self, connection: Connection, assetid: int, before: JsonObject | None, after: JsonObject
    ) -> None:
        """Write what hangs off the asset: its evidence, and the plugin's own tables."""
        field = self.collector.secondaryidentity
        if field is not None:
            old, new = (before or {}).get(field), after.get(field)
            identity.replace(connection, assetid, Evidence(self.collector.name, field), old, new)
        self.collector.hooks.call(
            "store_asset",
            connection=connection,
            assetid=assetid,
            before=before,
            after=after,
            plugin=self.collector.name,
        )
