"""`Wave`: submissions of different devices, stored together: match, merge, write, plugin's tables, audit.

An asset is matched by its identity, or by its secondary identity where the site allows it (contract 4).
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from shopdb_core.assets import rows
from shopdb_core.assets.duplicates import DuplicateSearch
from shopdb_core.assets.evidence import Evidence, EvidenceMatch, SecondaryIdentity
from shopdb_core.assets.merge import diff, merge
from shopdb_core.assets.rows import StoredAsset
from shopdb_core.assets.sources import UNNAMED, Sources, SourceWrite
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
from shopdb_core.submissions.result import COLLECTED_AT, Match, Origin, Outcome, SitePolicy
from shopdb_hookspecs import AssetWrite, JsonObject

NO_FIELDS: Mapping[str, JsonObject] = {}


@dataclass(frozen=True, slots=True)
class Repeated:
    """A submission whose body changed nothing when it came last, and its asset, which is locked."""

    origin: Origin
    stored: StoredAsset
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Submitted:
    """A prepared submission; its body is recognised by `bodydigest` from now on, unless that is `None`.

    `warnings` are about the asset to which its identity leads.
    """

    origin: Origin
    prepared: PreparedSubmission
    bodydigest: bytes | None
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class _Step:
    """What one submission of the wave does.

    `row` and `attributes` are those of the asset afterwards. The rows that depend on the asset are written
    if `writes`, which is false for a retired asset: they go from `before`, `None` if there were none, to
    `after`; `evidence` are the secondary identities before, `None` if they have no rows, and after. `source`
    is what is written of its source, if it is kept.
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
    source: SourceWrite | None = None
    evidence: tuple[Evidence | None, Evidence] = ({}, {})
    warnings: tuple[str, ...] = ()


def secondary_identity(collector: Collector) -> SecondaryIdentity:
    """Return where a collector's assets have their secondary identities."""
    return SecondaryIdentity(collector.name, collector.evidence)


class Wave:
    """Submissions to one collector, of different devices; use it once, in the transaction of the caller."""

    def __init__(
        self, connection: Connection, collector: Collector, chain: AuditChain, policy: SitePolicy
    ) -> None:
        self._connection = connection
        self._collector = collector
        self._chain = chain
        self._secondary = secondary_identity(collector)
        self._policy = policy
        self._taken = False
        self._at = datetime.now(UTC)
        self._sources = Sources(connection, policy.ranking, self._at, collector.identityfield)
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
        changing = [stored.assetid for each, stored in found if not self._is_same(each, stored)]
        attributes = rows.attributes_of(self._connection, changing)
        moves = len(wave) > 1 and self._moves_evidence(submitted, known, attributes)
        self._taken = not moves and self._is_taken(submitted, known)
        if len(wave) > 1 and (moves or self._taken):
            return [outcome for each in wave for outcome in self._alone(each)]
        repeated = (each.stored for each in wave if isinstance(each, Repeated))
        self._sources.read([*known.values(), *repeated])
        steps = [self._step(each, known, attributes) for each in wave]
        self._create([step for step in steps if step.action == "created"])
        sealed = [self._seal(step) for step in steps]
        self._write([*zip(steps, sealed, strict=True)])
        self._write_sources(steps)
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
        return Wave(self._connection, self._collector, self._chain, self._policy).store([each], known)

    def _moves_evidence(
        self,
        wave: Sequence[Submitted],
        known: Mapping[bytes, StoredAsset],
        attributes: Mapping[int, JsonObject],
    ) -> bool:
        """Return whether a secondary identity moves: what one submission finds depends on those before it."""
        for each in wave:
            stored = known.get(each.prepared.identitykey)
            if stored is None or stored.assetid not in attributes:
                continue
            before = attributes[stored.assetid]
            old, new = self._secondary.change(before, {**before, **each.prepared.submission})
            if stored.submissionhash is None or old.keys() != new.keys():
                return True
        return False

    def _is_taken(self, wave: Sequence[Submitted], known: Mapping[bytes, StoredAsset]) -> bool:
        """Return whether an asset has a secondary identity of a new one."""
        new = [each.prepared.submission for each in wave if each.prepared.identitykey not in known]
        return self._secondary.any_taken(self._connection, map(self._secondary.of, new))

    def _step(
        self,
        each: Repeated | Submitted,
        known: Mapping[bytes, StoredAsset],
        attributes: Mapping[int, JsonObject],
    ) -> _Step:
        if isinstance(each, Repeated):
            if self._is_late(each.origin, each.stored):
                return self._late(each.origin, Match(each.stored, "identity"), each.stored)
            return self._noop(each.origin, Match(each.stored, "identity"), each.stored)
        stored = known.get(each.prepared.identitykey)
        match = self._match_new(each) if stored is None else Match(stored, "identity")
        if match.asset is None:
            return self._creation(each, match)
        if match.asset.state == "retired":
            # The warning is given each time, so that no body is recognised.
            each = replace(each, bodydigest=None)
        if self._is_late(each.origin, match.asset):
            return self._late(each.origin, match, match.asset)
        if match.by == "identity" and self._is_same(each, match.asset):
            return self._noop(each.origin, match, match.asset, each)
        before = attributes.get(match.asset.assetid)
        if before is None:
            before = rows.read_attributes(self._connection, match.asset.assetid)
        return self._update(each, match, match.asset, before)

    def _state_warnings(self, stored: StoredAsset) -> tuple[str, ...]:
        if stored.state != "retired":
            return ()
        identityfield, reason = self._collector.identityfield, stored.reason
        return (f"{identityfield}: asset {stored.assetid} is retired ({reason}) and stays retired",)

    def _is_late(self, origin: Origin, stored: StoredAsset) -> bool:
        return self._sources.is_late(stored, origin.source or UNNAMED, origin.collectedat)

    def _is_same(self, each: Submitted, stored: StoredAsset) -> bool:
        """Return whether a submission is the one that the asset got last, so that it changes nothing.

        Where sources are ranked, it may: a source may have lost its rank meanwhile.
        """
        return stored.submissionhash == each.prepared.hash and not self._sources.are_ranked

    def _match_new(self, each: Submitted) -> Match:
        """Find and lock the asset of a new identity: the one that has its secondary identity (contract 4)."""
        if not self._taken:
            return Match(None, None)
        evidence = self._secondary.of(each.prepared.submission)
        found = self._secondary.find(self._connection, evidence, evidence)
        if not found.candidates or (adoptsafter := self._policy.adoptsafter) is None:
            return Match(None, None, found)
        other = rows.lock_by_id(self._connection, found.candidates[0].assetid)
        if other is None or other.state != "active":
            return Match(None, None)
        # After the lock: another submission may have adopted the asset meanwhile.
        if reason := self._against_adoption(found, adoptsafter):
            return Match(None, None, replace(found, notadopted=reason))
        return Match(other, "secondaryidentity", found)

    def _against_adoption(self, found: EvidenceMatch, adoptsafter: timedelta) -> str:
        """Return why the asset keeps its identity, as a part of the warning; empty if it is adopted."""
        if len(found.candidates) > 1:
            return ", while other values are on another asset, so that no asset is adopted"
        (candidate,) = found.candidates
        hours = adoptsafter // timedelta(hours=1)
        since = self._at - timedelta(hours=hours)
        if hours and rows.seen_since(self._connection, candidate.assetid, since):
            return f", which was submitted within the last {hours} hours and is not adopted"
        if all(self._secondary.moved_twice(self._connection, key, self._at) for key in candidate.keys):
            return ", and changed hands twice within 30 days, so that no asset is adopted by it"
        return ""

    def _noop(
        self, origin: Origin, match: Match, stored: StoredAsset, each: Submitted | None = None
    ) -> _Step:
        """Return the step of a submission that changes nothing: `each`, or a repeated body."""
        source = self._source(origin, stored)
        row = self._seen(origin, stored, each, source)
        return _Step(origin, "noop", match, row, source=source, warnings=self._state_warnings(stored))

    def _seen(
        self, origin: Origin, stored: StoredAsset, each: Submitted | None, source: SourceWrite | None
    ) -> StoredAsset:
        hashes = (each.prepared.hash, each.bodydigest) if each else (stored.submissionhash, stored.bodydigest)
        row = stored.seen(self._seenat(origin), *hashes)
        return replace(row, hassources=True) if source and not row.hassources else row

    def _late(self, origin: Origin, match: Match, stored: StoredAsset) -> _Step:
        warning = (
            f"{COLLECTED_AT}: is older than what the same source submitted last of asset {stored.assetid}; "
            "nothing was changed"
        )
        return _Step(origin, "noop", match, stored, warnings=(warning,))

    def _seenat(self, origin: Origin) -> datetime:
        """Return when the device was as it is submitted."""
        return min(origin.collectedat or self._at, self._at)

    def _source(
        self,
        origin: Origin,
        stored: StoredAsset | None,
        fields: Mapping[str, JsonObject] = NO_FIELDS,
    ) -> SourceWrite | None:
        """Return what is written of the source; `None` on a site whose keys have no names."""
        is_kept = self._sources.are_ranked or origin.source or origin.collectedat
        if is_kept or (stored and stored.hassources):
            return SourceWrite(origin.source or UNNAMED, self._seenat(origin), fields)
        return None

    def _creation(self, each: Submitted, match: Match) -> _Step:
        prepared = each.prepared
        patch = self._patch(prepared, prepared.identityvalue)
        _, fields = self._sources.resolve(None, each.origin.source or UNNAMED, {}, patch)
        after, source = merge({}, patch), self._source(each.origin, None, fields)
        name, value, key = self._collector.name, prepared.identityvalue, prepared.identitykey
        row = StoredAsset.new(
            name,
            value,
            key,
            self._at,
            submissionhash=prepared.hash,
            bodydigest=each.bodydigest,
            seenat=self._seenat(each.origin),
            hassources=source is not None,
        )
        changes = {field: {"before": None, "after": new} for field, new in after.items()}
        evidence = (None, self._secondary.of(after))
        return _Step(
            each.origin,
            "created",
            match,
            row,
            after,
            changes,
            writes=True,
            after=after,
            evidence=evidence,
            source=source,
        )

    def _update(self, each: Submitted, match: Match, stored: StoredAsset, before: JsonObject) -> _Step:
        prepared = each.prepared
        identityvalue = stored.identityvalue if match.by == "identity" else prepared.identityvalue
        patch = self._patch(prepared, identityvalue)
        values, fields = self._sources.resolve(stored, each.origin.source or UNNAMED, before, patch)
        source = self._source(each.origin, stored, fields)
        attributes = merge(before, values)
        changes = diff(before, attributes)
        valid = {name for name, value in patch.items() if values[name] is value}
        after = self._collector.fitting(attributes, valid)
        previous = self._previous(stored, before, after.keys() - changes.keys())
        evidence = self._evidence(previous, before, attributes, after)
        row = self._seen(each.origin, stored, each, source)
        if changes:
            row = stored.changed(
                self._at,
                prepared.hash,
                each.bodydigest,
                seenat=self._seenat(each.origin),
                identityvalue=identityvalue,
                identitykey=stored.identitykey if match.by == "identity" else prepared.identitykey,
            )
        return _Step(
            each.origin,
            "updated" if changes else "noop",
            match,
            replace(row, hassources=True) if source else row,
            attributes,
            changes,
            writes=stored.state == "active" and (bool(changes) or previous is None),
            before=previous,
            after=after,
            evidence=evidence,
            source=source,
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

    def _evidence(
        self, previous: JsonObject | None, before: JsonObject, after: JsonObject, fitting: JsonObject
    ) -> tuple[Evidence | None, Evidence]:
        """Return the secondary identities before and after.

        A stored value counts, and keeps its row, also if it no longer fits the declaration; one that was
        entered by hand counts from the first submission on, if it fits.
        """
        if previous is None:
            return None, self._secondary.of(fitting)
        return self._secondary.change(before, after)

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
            source=step.origin.source,
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

    def _write_sources(self, steps: Sequence[_Step]) -> None:
        """Write what is kept of the sources, and mark the assets that had nothing of that before."""
        written = [(step.row.assetid, step.match.asset, step.source) for step in steps if step.source]
        self._sources.write(written)
        first = [assetid for assetid, stored, _ in written if stored and not stored.hassources]
        rows.mark_sources(self._connection, first)

    def _search_duplicates(self, steps: Sequence[_Step]) -> None:
        """Search for duplicates of assets whose identity or secondary identity is new, or may be."""
        for step in steps:
            if step.writes:
                step.warnings = tuple(self._findings(step))

    def _findings(self, step: _Step) -> Iterator[str]:
        match, row, (old, new) = step.match, step.row, step.evidence
        if match.asset is None:
            yield from self._search.of_new(row.assetid, row.identitykey, match.evidence)
        elif match.by == "identity":
            yield from self._search.of_changed(row.assetid, old or {}, new)
        else:
            kinds = dict.fromkeys(kind for kind, _ in match.evidence.candidates[0].keys)
            yield (
                f"{self._collector.identityfield}: asset {row.assetid} was {match.asset.identityvalue}, "
                f"and was matched by its {' and '.join(kinds)}"
            )
            lost = (old or {}).keys() - new.keys()
            yield from self._search.of_adopted(row.assetid, row.identitykey, match.evidence, lost)

    def _write_dependents(self, steps: Sequence[_Step]) -> None:
        """Write the rows that depend on the assets: secondary identities, and the plugin's own tables."""
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
