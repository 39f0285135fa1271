"""`Upsert`: one submission in its transaction: match, merge, write, the plugin's tables, audit entry.

The asset is matched by its identity, or by its secondary identity where the site allows it.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime

from shopdb_core.assets import identity, rows
from shopdb_core.assets.identity import SecondaryIdentity, find_sole_asset
from shopdb_core.assets.merge import diff, merge
from shopdb_core.assets.rows import StoredAsset, lock_asset, lock_by_id, read_attributes
from shopdb_core.audit.entries import (
    Action,
    AuditChain,
    AuditEntry,
    previous_hash,
    record,
    row_hash,
    was_submitted,
)
from shopdb_core.json_text import canonical_text
from shopdb_core.plugins.collector import Collector
from shopdb_core.settings import OnMatch
from shopdb_core.store import Connection
from shopdb_core.submissions.pipeline import PreparedSubmission
from shopdb_core.submissions.result import MatchedBy, Origin
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class Match:
    """The asset that was found and locked, by which identity, and warnings for the sender."""

    asset: StoredAsset | None
    by: MatchedBy | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one submission did to its asset: its audit entry, the entry's id, the diff and the match."""

    auditid: int
    entry: AuditEntry
    diff: JsonObject
    match: Match


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes the audit entries of one submission; holds its collector, its sender and the site's chain."""

    collector: Collector
    origin: Origin
    chain: AuditChain

    def record_noop(
        self,
        connection: Connection,
        match: Match,
        stored: StoredAsset,
        submissionhash: bytes,
        at: datetime,
    ) -> Outcome:
        """Record that the matched and locked asset was submitted again, unchanged."""
        row = stored.seen(at, submissionhash)
        entry = self.entry("noop", row, {}, at)
        sealed = self.chain.seal(entry, previous_hash(connection, stored))
        rows.touch_asset(connection, row, chainhash=sealed.hash)
        return Outcome(record(connection, sealed), entry, {}, match)

    def entry(self, action: Action, row: StoredAsset, changes: JsonObject, at: datetime) -> AuditEntry:
        """Return the audit entry of an action; `row` is the asset's row after it, `changes` its diff."""
        return AuditEntry(
            at=at,
            plugin=self.collector.name,
            action=action,
            assetid=row.assetid,
            identityvalue=row.identityvalue,
            diff=canonical_text(changes),
            volatileonly=bool(changes) and changes.keys() <= self.collector.volatile,
            actor=self.origin.actor,
            clientaddress=self.origin.clientaddress,
            requestid=self.origin.requestid,
            rowhash=row_hash(row),
        )


@dataclass(frozen=True, slots=True)
class Upsert:
    """The transaction of one submission; call it on a connection, once for each try of the transaction."""

    recorder: Recorder
    prepared: PreparedSubmission
    onmatch: OnMatch

    @property
    def collector(self) -> Collector:
        """The collector that took the submission."""
        return self.recorder.collector

    def __call__(self, connection: Connection) -> Outcome:
        """Create or update the asset, or record a noop; raises `PluginFailure` from `store_asset`."""
        at = datetime.now(UTC)
        match = self._find_match(connection)
        if match.asset is None:
            return self._create(connection, match, at)
        if match.asset.submissionhash == self.prepared.hash and match.by == "identity":
            return self.recorder.record_noop(connection, match, match.asset, self.prepared.hash, at)
        return self._update(connection, match, match.asset, at)

    def _find_match(self, connection: Connection) -> Match:
        """Find and lock the asset (contract 4): the secondary identity counts only if the identity is new."""
        collector, field = self.collector, self.collector.secondaryidentity
        if stored := lock_asset(connection, collector.name, self.prepared.identitykey):
            return Match(stored, "identity")
        value = self.prepared.submission.get(field or "")
        if field is None or not isinstance(value, str):
            return Match(None, None)
        assetid = find_sole_asset(connection, SecondaryIdentity(collector.name, field), value)
        other = lock_by_id(connection, assetid) if assetid is not None else None
        if other is None:
            return Match(None, None)
        if self.onmatch == "adopt":
            adopted = (
                f"{collector.identityfield}: asset {other.assetid} was {other.identityvalue}, "
                f"and was matched by its {field}"
            )
            return Match(other, "secondaryidentity", (adopted,))
        flagged = (
            f"{field}: also on {other.identityvalue} (asset {other.assetid}); "
            "if this is that device renamed, merge them"
        )
        return Match(None, None, (flagged,))

    def _create(self, connection: Connection, match: Match, at: datetime) -> Outcome:
        identityvalue = self.prepared.identityvalue
        after = merge({}, self._patch(identityvalue))
        changes = {name: {"before": None, "after": value} for name, value in after.items()}
        row = rows.create_asset(
            connection,
            assettype=self.collector.name,
            identityvalue=identityvalue,
            identitykey=self.prepared.identitykey,
            submissionhash=self.prepared.hash,
            attributes=after,
            at=at,
        )
        self._write_dependents(connection, row.assetid, None, after)
        entry = self.recorder.entry("created", row, changes, at)
        auditid = record(connection, self.recorder.chain.seal(entry, None))
        return Outcome(auditid, entry, changes, match)

    def _update(self, connection: Connection, match: Match, stored: StoredAsset, at: datetime) -> Outcome:
        identityvalue = stored.identityvalue if match.by == "identity" else self.prepared.identityvalue
        before = read_attributes(connection, stored.assetid)
        after = merge(before, self._patch(identityvalue))
        changes = diff(before, after)
        fitting = self.collector.fitting(after, self.prepared.submission.keys())
        previous = self._previous(connection, stored, before, fitting.keys() - changes.keys())
        if not changes:
            if previous is None:
                self._write_dependents(connection, stored.assetid, None, fitting)
            return self.recorder.record_noop(connection, match, stored, self.prepared.hash, at)
        row = stored.changed(
            at, self.prepared.hash, identityvalue=identityvalue, identitykey=self.prepared.identitykey
        )
        entry = self.recorder.entry("updated", row, changes, at)
        sealed = self.recorder.chain.seal(entry, previous_hash(connection, stored))
        rows.change_asset(connection, row, chainhash=sealed.hash, attributes=after)
        self._write_dependents(connection, stored.assetid, previous, fitting)
        return Outcome(record(connection, sealed), entry, changes, match)

    def _previous(
        self, connection: Connection, stored: StoredAsset, before: JsonObject, unchanged: AbstractSet[str]
    ) -> JsonObject | None:
        """Return what the rows that depend on the asset hold now: `None` if it was only entered by hand.

        `unchanged` are the fields that keep a value that fits the declaration.
        """
        if not was_submitted(connection, stored):
            return None
        return self.collector.fitting(before, unchanged | {self.collector.identityfield})

    def _patch(self, identityvalue: str) -> JsonObject:
        """Return the submission with the identity as it was spelt, not as the plugin normalised it."""
        return {**self.prepared.submission, self.collector.identityfield: identityvalue}

    def _write_dependents(
        self, connection: Connection, assetid: int, before: JsonObject | None, after: JsonObject
    ) -> None:
        """Write the rows that depend on the asset: its secondary identity, and the plugin's own tables."""
        field = self.collector.secondaryidentity
        if field is not None:
            secondary = SecondaryIdentity(self.collector.name, field)
            old, new = (before or {}).get(field), after.get(field)
            identity.replace_secondary(connection, assetid, secondary, old, new)
        self.collector.hooks.call(
            "store_asset",
            connection=connection,
            assetid=assetid,
            before=before,
            after=after,
            plugin=self.collector.name,
        )
