"""`Wave`: submissions of different devices, stored together: match, merge, write, plugin's tables, audit.

An asset is matched by its identity, or by its secondary identity where the site allows it (contract 4).
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from shopdb_core.assets import rows
from shopdb_core.assets.duplicates import DuplicateSearch
from shopdb_core.assets.identity import EvidenceMatch, SecondaryIdentity, same_evidence
from shopdb_core.assets.merge import diff, merge
from shopdb_core.assets.rows import StoredAsset
from shopdb_core.audit.entries import (
    Action,
    AuditChain,
    AuditEntry,
    SealedEntry,
    previous_hash,
    record,
    row_hash,
    was_submitted,
)
from shopdb_core.json_text import canonical_text
from shopdb_core.plugins.collector import Collector
from shopdb_core.store import Connection
from shopdb_core.submissions.pipeline import PreparedSubmission
from shopdb_core.submissions.result import Match, Origin, Outcome, Repeated, Submitted
from shopdb_hookspecs import AssetWrite, Json, JsonObject


@dataclass(slots=True)
class _Step:
    """What one submission of the wave does.

    `row` and `attributes` are those of the asset afterwards. The rows that depend on the asset are written
    if `writes`, which is false for a retired asset: they go from `before`, `None` if there were none, to
    `after`; `evidence` is the secondary identity before and after.
    """

    origin: Origin
    action: Action
    match: Match
    row: StoredAsset
    attributes: JsonObject = field(default_factory=dict)
    diff: JsonObject = field(default_factory=dict)
    writes: bool = False
    before: JsonObject | None = None
    after: JsonObject = field(default_factory=dict)
    evidence: tuple[Json, Json] = (None, None)
    warnings: tuple[str, ...] = ()


def secondary_identity(collector: Collector) -> SecondaryIdentity | None:
    """Return the secondary identity of a collector's assets, if it declares one."""
    name = collector.secondaryidentity
    return None if name is None else SecondaryIdentity(collector.name, name)


class Wave:
    """Submissions to one collector, of different devices; use it once, in the transaction of the caller."""

    def __init__(self, connection: Connection, collector: Collector, chain: AuditChain) -> None:
        self._connection = connection
        self._collector = collector
        self._chain = chain
        self._secondary = secondary_identity(collector)
        self._at = datetime.now(UTC)
        self._search = DuplicateSearch(
            connection, collector.name, collector.identityfield, self._secondary, self._at
        )

    def store(
        self, wave: Sequence[Repeated | Submitted], known: Mapping[bytes, StoredAsset]
    ) -> list[Outcome]:
        """Create or update the assets, or record noops; raises `PluginFailure` of the plugin's hook.

        `known` are the locked assets to which the identities lead (`lock_known`).
        """
        submitted = [each for each in wave if isinstance(each, Submitted)]
        keys = [each.prepared.identitykey for each in submitted]
        found = [(each, known[key]) for key, each in zip(keys, submitted, strict=True) if key in known]
        changing = [stored.assetid for each, stored in found if stored.submissionhash != each.prepared.hash]
        attributes = rows.attributes_of(self._connection, changing)
        if len(wave) > 1 and self._depends_on_order(submitted, known, attributes):
            return [outcome for each in wave for outcome in self._alone(each)]
        steps = [self._step(each, known, attributes) for each in wave]
        self._create([step for step in steps if step.action == "created"])
        sealed = [self._seal(step) for step in steps]
        self._write([*zip(steps, sealed, strict=True)])
        self._search_duplicates(steps)
        self._write_dependents([step for step in steps if step.writes])
        auditids = record(self._connection, sealed)
        return [
            Outcome(auditid, entry.entry, step.diff, step.match, each.warnings + step.warnings)
            for each, auditid, entry, step in zip(wave, auditids, sealed, steps, strict=True)
        ]

    def _alone(self, each: Repeated | Submitted) -> list[Outcome]:
        keys = [each.prepared.identitykey] if isinstance(each, Submitted) else []
        known = rows.lock_known(self._connection, self._collector.name, keys).assets
        return Wave(self._connection, self._collector, self._chain).store([each], known)

    def _depends_on_order(
        self,
        wave: Sequence[Submitted],
        known: Mapping[bytes, StoredAsset],
        attributes: Mapping[int, JsonObject],
    ) -> bool:
        """Return whether a secondary identity moves: what one submission finds depends on those before it."""
        if (secondary := self._secondary) is None:
            return False
        new = []
        for each in wave:
            value = each.prepared.submission.get(secondary.field)
            if (stored := known.get(each.prepared.identitykey)) is None:
                new.append(value)
            elif stored.assetid in attributes and (
                stored.submissionhash is None
                or not same_evidence(attributes[stored.assetid].get(secondary.field), value)
            ):
                return True
        return secondary.any_taken(self._connection, new)

    def _step(
        self,
        each: Repeated | Submitted,
        known: Mapping[bytes, StoredAsset],
        attributes: Mapping[int, JsonObject],
    ) -> _Step:
        if isinstance(each, Repeated):
            row = each.stored.seen(self._at, each.stored.submissionhash, each.stored.bodydigest)
            return _Step(each.origin, "noop", Match(each.stored, "identity"), row)
        stored = known.get(each.prepared.identitykey)
        match = self._match_new(each) if stored is None else Match(stored, "identity")
        if match.asset is None:
            return self._creation(each, match)
        if match.asset.state == "retired":
            # The warning is given each time, so that no body is recognised.
            each = replace(each, bodydigest=None)
        if match.by == "identity" and match.asset.submissionhash == each.prepared.hash:
            row, warnings = self._seen(each, match.asset), self._state_warnings(match.asset)
            return _Step(each.origin, "noop", match, row, warnings=warnings)
        before = attributes.get(match.asset.assetid)
        if before is None:
            before = rows.read_attributes(self._connection, match.asset.assetid)
        return self._update(each, match, match.asset, before)

    def _state_warnings(self, stored: StoredAsset) -> tuple[str, ...]:
        if stored.state != "retired":
            return ()
        identityfield, reason = self._collector.identityfield, stored.reason
        return (f"{identityfield}: asset {stored.assetid} is retired ({reason}) and stays retired",)

    def _seen(self, each: Submitted, stored: StoredAsset) -> StoredAsset:
        return stored.seen(self._at, each.prepared.hash, each.bodydigest)

    def _match_new(self, each: Submitted) -> Match:
        """Find and lock the asset of a new identity: the one that has its secondary identity (contract 4)."""
        if (secondary := self._secondary) is None:
            return Match(None, None)
        value = each.prepared.submission.get(secondary.field)
        found = EvidenceMatch(value, secondary.holders(self._connection, value))
        if len(found.holders) != 1 or each.adoptsafter is None:
            return Match(None, None, found)
        other = rows.lock_by_id(self._connection, found.holders[0][0])
        if other is None or other.state != "active":
            return Match(None, None)
        # After the lock: another submission may have adopted the asset meanwhile.
        if reason := self._against_adoption(secondary, found, each.adoptsafter):
            return Match(None, None, replace(found, notadopted=reason))
        return Match(other, "secondaryidentity", found)

    def _against_adoption(
        self, secondary: SecondaryIdentity, found: EvidenceMatch, adoptsafter: timedelta
    ) -> str:
        """Return why the asset keeps its identity, as a part of the warning; empty if it is adopted."""
        hours = adoptsafter // timedelta(hours=1)
        since = self._at - timedelta(hours=hours)
        if hours and rows.seen_since(self._connection, found.holders[0][0], since):
            return f", which was submitted within the last {hours} hours and is not adopted"
        if secondary.moved_twice(self._connection, found.value, self._at):
            return ", and changed hands twice within 30 days, so that no asset is adopted by it"
        return ""

    def _creation(self, each: Submitted, match: Match) -> _Step:
        prepared = each.prepared
        after = merge({}, self._patch(prepared, prepared.identityvalue))
        name, value, key = self._collector.name, prepared.identityvalue, prepared.identitykey
        row = StoredAsset.new(
            name, value, key, self._at, submissionhash=prepared.hash, bodydigest=each.bodydigest
        )
        changes = {field: {"before": None, "after": new} for field, new in after.items()}
        evidence = (None, after.get(self._evidencefield))
        return _Step(
            each.origin, "created", match, row, after, changes, writes=True, after=after, evidence=evidence
        )

    def _update(self, each: Submitted, match: Match, stored: StoredAsset, before: JsonObject) -> _Step:
        prepared = each.prepared
        identityvalue = stored.identityvalue if match.by == "identity" else prepared.identityvalue
        attributes = merge(before, self._patch(prepared, identityvalue))
        changes = diff(before, attributes)
        after = self._collector.fitting(attributes, prepared.submission.keys())
        previous = self._previous(stored, before, after.keys() - changes.keys())
        evidence = self._evidence(previous, before, attributes, after)
        row = self._seen(each, stored)
        if changes:
            row = stored.changed(
                self._at,
                prepared.hash,
                each.bodydigest,
                identityvalue=identityvalue,
                identitykey=stored.identitykey if match.by == "identity" else prepared.identitykey,
            )
        return _Step(
            each.origin,
            "updated" if changes else "noop",
            match,
            row,
            attributes,
            changes,
            writes=stored.state == "active" and (bool(changes) or previous is None),
            before=previous,
            after=after,
            evidence=evidence,
            warnings=self._state_warnings(stored),
        )

    def _previous(
        self, stored: StoredAsset, before: JsonObject, unchanged: AbstractSet[str]
    ) -> JsonObject | None:
        """Return what the rows that depend on the asset hold now: `None` if it was only entered by hand.

        `unchanged` are the fields that keep a value that fits the declaration.
        """
        if not was_submitted(self._connection, stored):
            return None
        return self._collector.fitting(before, unchanged | {self._collector.identityfield})

    @property
    def _evidencefield(self) -> str:
        return self._collector.secondaryidentity or ""

    def _evidence(
        self, previous: JsonObject | None, before: JsonObject, after: JsonObject, fitting: JsonObject
    ) -> tuple[Json, Json]:
        """Return the secondary identity before and after.

        A stored value counts, and keeps its row, also if it no longer fits the declaration; one that was
        entered by hand counts from the first submission on, if it fits.
        """
        if previous is None:
            return None, fitting.get(self._evidencefield)
        return before.get(self._evidencefield), after.get(self._evidencefield)

    def _patch(self, prepared: PreparedSubmission, identityvalue: str) -> JsonObject:
        """Return the submission with the identity as it was spelt, not as the plugin normalised it."""
        return {**prepared.submission, self._collector.identityfield: identityvalue}

    def _create(self, steps: Sequence[_Step]) -> None:
        """Insert the new assets."""
        new = [(step.row, step.attributes) for step in steps]
        for step, assetid in zip(steps, rows.create_assets(self._connection, new), strict=True):
            step.row = replace(step.row, assetid=assetid)

    def _seal(self, step: _Step) -> SealedEntry:
        stored = step.match.asset
        previous = None if stored is None else previous_hash(self._connection, stored)
        return self._chain.seal(self._entry(step), previous)

    def _entry(self, step: _Step) -> AuditEntry:
        return AuditEntry(
            at=self._at,
            plugin=self._collector.name,
            action=step.action,
            assetid=step.row.assetid,
            identityvalue=step.row.identityvalue,
            diff=canonical_text(step.diff),
            volatileonly=bool(step.diff) and step.diff.keys() <= self._collector.volatile,
            actor=step.origin.actor,
            clientaddress=step.origin.clientaddress,
            requestid=step.origin.requestid,
            rowhash=row_hash(step.row),
        )

    def _write(self, steps: Sequence[tuple[_Step, SealedEntry]]) -> None:
        """Write the rows of the assets that exist, each with the hash of its new entry."""
        updated = [
            (step.row, entry.hash, step.attributes) for step, entry in steps if step.action == "updated"
        ]
        rows.change_assets(self._connection, updated)
        seen = [(step, (step.row, entry.hash)) for step, entry in steps if step.action == "noop"]
        same = [written for step, written in seen if _has_same_hashes(step)]
        other = [written for step, written in seen if not _has_same_hashes(step)]
        rows.touch_assets(self._connection, same, same_hashes=True)
        rows.touch_assets(self._connection, other, same_hashes=False)

    def _search_duplicates(self, steps: Sequence[_Step]) -> None:
        """Search for duplicates of assets whose identity or secondary identity is new, or may be."""
        for step in steps:
            if step.writes:
                step.warnings = tuple(self._findings(step))

    def _findings(self, step: _Step) -> Iterator[str]:
        match, row = step.match, step.row
        if match.asset is None:
            yield from self._search.of_new(row.assetid, row.identitykey, match.evidence)
        elif match.by == "identity":
            yield from self._search.of_changed(row.assetid, *step.evidence)
        else:
            yield (
                f"{self._collector.identityfield}: asset {row.assetid} was {match.asset.identityvalue}, "
                f"and was matched by its {self._evidencefield}"
            )
            yield from self._search.of_adopted(row.assetid, row.identitykey, match.evidence.value)

    def _write_dependents(self, steps: Sequence[_Step]) -> None:
        """Write the rows that depend on the assets: secondary identities, and the plugin's own tables."""
        if self._secondary is not None:
            values = [(step.row.assetid, *step.evidence) for step in steps]
            self._secondary.replace(self._connection, values)
        writes = [AssetWrite(step.row.assetid, step.before, step.after) for step in steps]
        self._collector.store(self._connection, writes)


def _has_same_hashes(step: _Step) -> bool:
    stored = step.match.asset
    return (
        stored is not None
        and stored.submissionhash == step.row.submissionhash
        and stored.bodydigest == step.row.bodydigest
    )
