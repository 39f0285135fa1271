"""`Steps`: what each submission of a wave does: which asset it concerns, and what it changes there.

An asset is matched by its identity, or by a secondary identity where the site allows it (contract 4). Nothing
is written here.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shopdb_core.assets import rows
from shopdb_core.assets.duplicates.evidence import Evidence, EvidenceMatch, SecondaryIdentity
from shopdb_core.assets.merge import diff, merge
from shopdb_core.assets.rows import StoredAsset
from shopdb_core.assets.sources import UNNAMED, Sources, SourceWrite
from shopdb_core.audit.entries import Action, was_submitted
from shopdb_core.plugins.collector import Collector
from shopdb_core.store import Connection
from shopdb_core.submissions.pipeline import PreparedSubmission
from shopdb_core.submissions.result import COLLECTED_AT, Match, Origin, SitePolicy
from shopdb_hookspecs import JsonObject

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

    `evidence` are its secondary identities, `warnings` are about the asset to which its identity leads.
    """

    origin: Origin
    prepared: PreparedSubmission
    evidence: Evidence
    bodydigest: bytes | None
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Step:
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


class Steps:
    """The steps of one wave.

    `known` are the locked assets to which the identities lead (`lock_known`); `at` is the time of the wave.
    """

    def __init__(
        self,
        connection: Connection,
        collector: Collector,
        policy: SitePolicy,
        known: Mapping[bytes, StoredAsset],
        at: datetime,
    ) -> None:
        self._connection = connection
        self._collector = collector
        self._policy = policy
        self._known = known
        self._at = at
        self.secondary = secondary_identity(collector)
        self._taken = False
        self.unsearched: Evidence = {}
        self._attributes: Mapping[int, JsonObject] = {}
        self.sources = Sources(connection, policy.ranking, at, collector.identityfield)

    def read(self, wave: Sequence[Repeated | Submitted]) -> bool:
        """Read what the submissions are compared with, and return whether they have to be stored in order.

        So it is if a secondary identity moves: then what one of them finds depends on those before it.
        If the site adopts no assets, a new one alone is created whatever is found, so that its secondary
        identities are left `unsearched` until it is inserted (`find_later`).
        """
        submitted = [each for each in wave if isinstance(each, Submitted)]
        found = [(each, self._known.get(each.prepared.identitykey)) for each in submitted]
        changing = [stored.assetid for each, stored in found if stored and not self._is_same(each, stored)]
        self._attributes = rows.attributes_of(self._connection, changing)
        moves = len(wave) > 1 and self._moves_evidence(submitted)
        new = [each.evidence for each in submitted if self._is_new(each)]
        if len(wave) == 1 and self._policy.adoptsafter is None:
            self.unsearched = new[0] if new else {}
        elif not moves:
            self._taken = self.secondary.any_taken(self._connection, new)
        if len(wave) > 1 and (moves or self._taken):
            return True
        repeated = (each.stored for each in wave if isinstance(each, Repeated))
        self.sources.read([*self._known.values(), *repeated])
        return False

    def _moves_evidence(self, wave: Sequence[Submitted]) -> bool:
        """Return whether a secondary identity of a known asset moves."""
        for each in wave:
            stored = self._known.get(each.prepared.identitykey)
            if stored is None or stored.assetid not in self._attributes:
                continue
            before = self._attributes[stored.assetid]
            old, new = self.secondary.change(before, {**before, **each.prepared.submission})
            if stored.submissionhash is None or old.keys() != new.keys():
                return True
        return False

    def _is_new(self, each: Submitted) -> bool:
        return each.prepared.identitykey not in self._known

    def find_later(self) -> Match:
        """Search by the `unsearched` secondary identities of a new asset, and return what was found."""
        return Match(None, None, self.secondary.find(self._connection, self.unsearched, self.unsearched))

    def step(self, each: Repeated | Submitted) -> Step:
        """Return what one submission does; the wave was read before."""
        if isinstance(each, Repeated):
            if self._is_late(each.origin, each.stored):
                return self._late(each.origin, Match(each.stored, "identity"), each.stored)
            return self._noop(each.origin, Match(each.stored, "identity"), each.stored)
        stored = self._known.get(each.prepared.identitykey)
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
        before = self._attributes.get(match.asset.assetid)
        if before is None:
            before = rows.read_attributes(self._connection, match.asset.assetid)
        return self._update(each, match, match.asset, before)

    def _state_warnings(self, stored: StoredAsset) -> tuple[str, ...]:
        if stored.state != "retired":
            return ()
        identityfield, reason = self._collector.identityfield, stored.reason
        return (f"{identityfield}: asset {stored.assetid} is retired ({reason}) and stays retired",)

    def _is_late(self, origin: Origin, stored: StoredAsset) -> bool:
        return self.sources.is_late(stored, origin.source or UNNAMED, origin.collectedat)

    def _is_same(self, each: Submitted, stored: StoredAsset) -> bool:
        """Return whether a submission is the one that the asset got last, so that it changes nothing.

        Where sources are ranked, it may: a source may have lost its rank meanwhile.
        """
        return stored.submissionhash == each.prepared.hash and not self.sources.are_ranked

    def _match_new(self, each: Submitted) -> Match:
        """Find and lock the asset of a new identity: the one that has its secondary identity (contract 4)."""
        if not self._taken:
            return Match(None, None)
        found = self.secondary.find(self._connection, each.evidence, each.evidence)
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
        if all(self.secondary.moved_twice(self._connection, key, self._at) for key in candidate.keys):
            return ", and changed hands twice within 30 days, so that no asset is adopted by it"
        return ""

    def _noop(self, origin: Origin, match: Match, stored: StoredAsset, each: Submitted | None = None) -> Step:
        """Return the step of a submission that changes nothing: `each`, or a repeated body."""
        source = self._source(origin, stored)
        row = self._seen(origin, stored, each, source)
        return Step(origin, "noop", match, row, source=source, warnings=self._state_warnings(stored))

    def _seen(
        self, origin: Origin, stored: StoredAsset, each: Submitted | None, source: SourceWrite | None
    ) -> StoredAsset:
        hashes = (each.prepared.hash, each.bodydigest) if each else (stored.submissionhash, stored.bodydigest)
        row = stored.seen(self._seenat(origin), *hashes)
        return row._replace(hassources=True) if source and not row.hassources else row

    def _late(self, origin: Origin, match: Match, stored: StoredAsset) -> Step:
        warning = (
            f"{COLLECTED_AT}: is older than what the same source submitted last of asset {stored.assetid}; "
            "nothing was changed"
        )
        return Step(origin, "noop", match, stored, warnings=(warning,))

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
        is_kept = self.sources.are_ranked or origin.source or origin.collectedat
        if is_kept or (stored and stored.hassources):
            return SourceWrite(origin.source or UNNAMED, self._seenat(origin), fields)
        return None

    def _creation(self, each: Submitted, match: Match) -> Step:
        prepared = each.prepared
        patch = self._patch(prepared, prepared.identityvalue)
        _, fields = self.sources.resolve(None, each.origin.source or UNNAMED, {}, patch)
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
        evidence = (None, self.secondary.of(after))
        return Step(
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

    def _update(self, each: Submitted, match: Match, stored: StoredAsset, before: JsonObject) -> Step:
        prepared = each.prepared
        identityvalue = stored.identityvalue if match.by == "identity" else prepared.identityvalue
        patch = self._patch(prepared, identityvalue)
        values, fields = self.sources.resolve(stored, each.origin.source or UNNAMED, before, patch)
        source = self._source(each.origin, stored, fields)
        attributes = merge(before, values)
        changes = diff(before, attributes)
        valid = {name for name, value in patch.items() if values[name] is value}
        after = self._collector.fitting(attributes, valid)
        previous = self._previous(stored, before, after.keys() - changes.keys())
        evidence = self._evidence(previous, before, attributes, after)
        if changes:
            row = stored.changed(
                self._at,
                prepared.hash,
                each.bodydigest,
                seenat=self._seenat(each.origin),
                identityvalue=identityvalue,
                identitykey=stored.identitykey if match.by == "identity" else prepared.identitykey,
            )
        else:
            row = self._seen(each.origin, stored, each, source)
        return Step(
            each.origin,
            "updated" if changes else "noop",
            match,
            row._replace(hassources=True) if source else row,
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
            return None, self.secondary.of(fitting)
        return self.secondary.change(before, after)

    def _patch(self, prepared: PreparedSubmission, identityvalue: str) -> JsonObject:
        """Return the submission with the identity as it was spelt, not as the plugin normalised it."""
        return {**prepared.submission, self._collector.identityfield: identityvalue}
