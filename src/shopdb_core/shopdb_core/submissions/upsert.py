"""`Upsert`: one submission in its transaction: match, merge, write, the plugin's tables, audit entry.

The asset is matched by its identity, or by its secondary identity where the site allows it.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from shopdb_core.assets import rows
from shopdb_core.assets.duplicates import DuplicateSearch
from shopdb_core.assets.identity import NO_EVIDENCE, EvidenceMatch, SecondaryIdentity
from shopdb_core.assets.merge import diff, merge
from shopdb_core.assets.rows import StoredAsset, lock_asset, lock_by_id, read_attributes, seen_since
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
from shopdb_core.store import Connection
from shopdb_core.submissions.pipeline import PreparedSubmission
from shopdb_core.submissions.result import MatchedBy, Origin
from shopdb_hookspecs import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Match:
    """The asset that was found and locked, and by which identity.

    For a new identity also the assets that have its secondary identity.
    """

    asset: StoredAsset | None
    by: MatchedBy | None
    evidence: EvidenceMatch = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one submission did to its asset: its audit entry, the entry's id, the diff and the match.

    The warnings are about duplicates of the asset.
    """

    auditid: int
    entry: AuditEntry
    diff: JsonObject
    match: Match
    warnings: tuple[str, ...] = ()


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
    """The transaction of one submission; call it on a connection, once for each try of the transaction.

    `adoptsafter` is how long an asset must not have been submitted to be adopted; `None` adopts none.
    """

    recorder: Recorder
    prepared: PreparedSubmission
    adoptsafter: timedelta | None

    @property
    def collector(self) -> Collector:
        """The collector that took the submission."""
        return self.recorder.collector

    def __call__(self, connection: Connection) -> Outcome:
        """Create or update the asset, or record a noop; raises `PluginFailure` from `store_asset`."""
        at = datetime.now(UTC)
        match = self._find_match(connection, at)
        if match.asset is None:
            return self._create(connection, match, at)
        if match.asset.submissionhash == self.prepared.hash and match.by == "identity":
            return self.recorder.record_noop(connection, match, match.asset, self.prepared.hash, at)
        return self._update(connection, match, match.asset, at)

    @property
    def _secondary(self) -> SecondaryIdentity | None:
        field = self.collector.secondaryidentity
        return None if field is None else SecondaryIdentity(self.collector.name, field)

    def _find_match(self, connection: Connection, at: datetime) -> Match:
        """Find and lock the asset (contract 4): the secondary identity counts only if the identity is new."""
        if stored := lock_asset(connection, self.collector.name, self.prepared.identitykey):
            return Match(stored, "identity")
        if (secondary := self._secondary) is None:
            return Match(None, None)
        value = self.prepared.submission.get(secondary.field)
        found = EvidenceMatch(value, secondary.holders(connection, value))
        if len(found.holders) != 1 or self.adoptsafter is None:
            return Match(None, None, found)
        other = lock_by_id(connection, found.holders[0][0])
        if other is None:
            return Match(None, None)
        # After the lock: another submission may have adopted the asset meanwhile.
        if reason := self._against_adoption(connection, secondary, found, at):
            return Match(None, None, replace(found, notadopted=reason))
        return Match(other, "secondaryidentity", found)

    def _against_adoption(
        self, connection: Connection, secondary: SecondaryIdentity, found: EvidenceMatch, at: datetime
    ) -> str:
        """Return why the asset keeps its identity, as a part of the warning; empty if it is adopted."""
        hours = (self.adoptsafter or timedelta()) // timedelta(hours=1)
        if hours and seen_since(connection, found.holders[0][0], at - timedelta(hours=hours)):
            return f", which was submitted within the last {hours} hours and is not adopted"
        if secondary.moved_twice(connection, found.value, at):
            return ", and changed hands twice within 30 days, so that no asset is adopted by it"
        return ""

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
        self._write_dependents(connection, row.assetid, None, after, (None, after.get(self._evidencefield)))
        search = self._search(connection, at)
        warnings = tuple(search.of_new(row.assetid, self.prepared.identitykey, match.evidence))
        entry = self.recorder.entry("created", row, changes, at)
        auditid = record(connection, self.recorder.chain.seal(entry, None))
        return Outcome(auditid, entry, changes, match, warnings)

    def _update(self, connection: Connection, match: Match, stored: StoredAsset, at: datetime) -> Outcome:
        identityvalue = stored.identityvalue if match.by == "identity" else self.prepared.identityvalue
        before = read_attributes(connection, stored.assetid)
        after = merge(before, self._patch(identityvalue))
        changes = diff(before, after)
        fitting = self.collector.fitting(after, self.prepared.submission.keys())
        previous = self._previous(connection, stored, before, fitting.keys() - changes.keys())
        evidence = self._evidence(previous, before, after, fitting)
        if not changes:
            noop = self.recorder.record_noop(connection, match, stored, self.prepared.hash, at)
            if previous is not None:
                return noop
            warnings = self._search_changed(self._search(connection, at), match, stored, evidence)
            self._write_dependents(connection, stored.assetid, None, fitting, evidence)
            return replace(noop, warnings=warnings)
        row = stored.changed(
            at, self.prepared.hash, identityvalue=identityvalue, identitykey=self.prepared.identitykey
        )
        entry = self.recorder.entry("updated", row, changes, at)
        sealed = self.recorder.chain.seal(entry, previous_hash(connection, stored))
        rows.change_asset(connection, row, chainhash=sealed.hash, attributes=after)
        warnings = self._search_changed(self._search(connection, at), match, stored, evidence)
        self._write_dependents(connection, stored.assetid, previous, fitting, evidence)
        return Outcome(record(connection, sealed), entry, changes, match, warnings)

    def _search(self, connection: Connection, at: datetime) -> DuplicateSearch:
        collector = self.collector
        return DuplicateSearch(connection, collector.name, collector.identityfield, self._secondary, at)

    def _search_changed(
        self, search: DuplicateSearch, match: Match, stored: StoredAsset, evidence: tuple[Json, Json]
    ) -> tuple[str, ...]:
        """Return the warnings for an asset whose identity or secondary identity may change."""
        if match.by == "identity":
            return tuple(search.of_changed(stored.assetid, *evidence))
        adopted = (
            f"{self.collector.identityfield}: asset {stored.assetid} was {stored.identityvalue}, "
            f"and was matched by its {self._evidencefield}"
        )
        more = search.of_adopted(stored.assetid, self.prepared.identitykey, match.evidence.value)
        return (adopted, *more)

    def _previous(
        self, connection: Connection, stored: StoredAsset, before: JsonObject, unchanged: AbstractSet[str]
    ) -> JsonObject | None:
        """Return what the rows that depend on the asset hold now: `None` if it was only entered by hand.

        `unchanged` are the fields that keep a value that fits the declaration.
        """
        if not was_submitted(connection, stored):
            return None
        return self.collector.fitting(before, unchanged | {self.collector.identityfield})

    @property
    def _evidencefield(self) -> str:
        return self.collector.secondaryidentity or ""

    def _evidence(
        self, previous: JsonObject | None, before: JsonObject, after: JsonObject, fitting: JsonObject
    ) -> tuple[Json, Json]:
        """Return the secondary identity before and after.

        A stored value counts, and keeps its row, also if it no longer fits the declaration; one that was
        entered by hand counts from the first submission on, if it fits.
        """
        field = self._evidencefield
        if previous is None:
            return None, fitting.get(field)
        return before.get(field), after.get(field)

    def _patch(self, identityvalue: str) -> JsonObject:
        """Return the submission with the identity as it was spelt, not as the plugin normalised it."""
        return {**self.prepared.submission, self.collector.identityfield: identityvalue}

    def _write_dependents(
        self,
        connection: Connection,
        assetid: int,
        before: JsonObject | None,
        after: JsonObject,
        evidence: tuple[Json, Json],
    ) -> None:
        """Write the rows that depend on the asset: its secondary identity, and the plugin's own tables."""
        if secondary := self._secondary:
            secondary.replace(connection, assetid, *evidence)
        self.collector.hooks.call(
            "store_asset",
            connection=connection,
            assetid=assetid,
            before=before,
            after=after,
            plugin=self.collector.name,
        )
