"""`Wave`: submissions of different devices, stored together: rows, plugin's tables, duplicates, audit.

What each submission does is decided by `Steps`; here it is written, with few statements for all of them.
"""

from collections.abc import Iterator, Mapping, Sequence

from shopdb_core.assets import rows
from shopdb_core.assets.duplicates.evidence import SecondaryIdentity
from shopdb_core.assets.duplicates.search import DuplicateSearch, forms_query
from shopdb_core.assets.rows import StoredAsset
from shopdb_core.audit.entries import (
    AuditChain,
    AuditEntry,
    SealedEntry,
    previous_hash,
    record,
    row_hash,
)
from shopdb_core.clock import Clock
from shopdb_core.json_text import canonical_text
from shopdb_core.plugins.collector import Collector
from shopdb_core.search.marking import marks
from shopdb_core.store import Connection, Rows, Write, run_all
from shopdb_core.submissions.result import Outcome, SitePolicy
from shopdb_core.submissions.steps import Repeated, Step, Steps, Submitted
from shopdb_hookspecs import AssetWrite


class Wave:
    """Submissions to one collector, of different devices; use it once, in the transaction of the caller."""

    def __init__(
        self,
        connection: Connection,
        collector: Collector,
        policy: SitePolicy,
        chain: AuditChain,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._collector = collector
        self._policy = policy
        self._chain = chain
        self._clock = clock
        self._at = clock()
        self._forms: Mapping[bytes, Rows] = {}

    def store(
        self,
        wave: Sequence[Repeated | Submitted],
        known: Mapping[bytes, StoredAsset],
        *,
        commit: bool = False,
    ) -> list[Outcome]:
        """Create or update the assets, or record noops; raises `PluginFailure` of the plugin's hook.

        `known` are the locked assets to which the identities lead (`lock_known`). Set `commit` if the caller
        commits next: a database server then does so in the last message of the wave.
        """
        decided = Steps(self._connection, self._collector, self._policy, known, self._at)
        if decided.read(wave):
            *earlier, last = wave
            outcomes = [outcome for each in earlier for outcome in self._alone(each, commit=False)]
            return outcomes + self._alone(last, commit=commit)
        steps = [decided.step(each) for each in wave]
        self._create([step for step in steps if step.action == "created"], decided)
        sealed = [self._seal(step) for step in steps]
        # The search for duplicates reads identities: an adopted asset has the new one by then.
        adopted, others = _by_adoption([*zip(steps, sealed, strict=True)])
        run_all(self._connection, self._changes(adopted))
        sources = [(step.row.assetid, step.match.asset, step.source) for step in steps if step.source]
        writes = self._changes(others) + decided.sources.writes(sources)
        if writing := [step for step in steps if step.writes]:
            self._search_duplicates(writing, decided.secondary)
            self._store_dependents(writing)
            writes += decided.secondary.replacing([(step.row.assetid, *step.evidence) for step in writing])
        changed = [step.row.assetid for step in steps if step.action != "noop"]
        auditids = record(self._connection, sealed, after=writes, then=marks(changed), commit=commit)
        return [
            Outcome(auditid, entry.entry, step.diff, step.match, each.warnings + step.warnings)
            for each, auditid, entry, step in zip(wave, auditids, sealed, steps, strict=True)
        ]

    def _alone(self, each: Repeated | Submitted, *, commit: bool) -> list[Outcome]:
        keys = [each.prepared.identitykey] if isinstance(each, Submitted) else []
        known = rows.lock_known(self._connection, self._collector.name, keys).assets
        wave = Wave(self._connection, self._collector, self._policy, self._chain, self._clock)
        return wave.store([each], known, commit=commit)

    def _create(self, steps: Sequence[Step], decided: Steps) -> None:
        """Insert the rows of the new assets, and read with that what the search for duplicates needs."""
        new = [step.row for step in steps]
        name = self._collector.name
        forms = {row.identitykey: query for row in new if (query := forms_query(name, row.identitykey))}
        queries = [*forms.values(), *decided.secondary.taken_queries([decided.unsearched])]
        assetids, found = rows.create_assets(self._connection, new, queries)
        self._forms = dict(zip(forms, found, strict=False))
        for step, assetid in zip(steps, assetids, strict=True):
            step.row = step.row._replace(assetid=assetid)
        if any(found[len(forms) :]):
            steps[0].match = decided.find_later()

    def _seal(self, step: Step) -> SealedEntry:
        stored = step.match.asset
        previous = None if stored is None else previous_hash(self._connection, stored)
        return self._chain.seal(self._entry(step), previous)

    def _entry(self, step: Step) -> AuditEntry:
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

    def _changes(self, steps: Sequence[tuple[Step, SealedEntry]]) -> list[Write]:
        """Return the writes of attributes, and of the rows that existed with the hash of the new entry."""
        created = [(step.row.assetid, step.attributes) for step, _ in steps if step.action == "created"]
        updated = [
            (step.row, entry.hash, step.attributes) for step, entry in steps if step.action == "updated"
        ]
        seen = [(step, (step.row, entry.hash)) for step, entry in steps if step.action == "noop"]
        same = [written for step, written in seen if _has_same_hashes(step)]
        other = [written for step, written in seen if not _has_same_hashes(step)]
        return [
            *rows.new_attributes(created),
            *rows.changed_assets(updated),
            *rows.seen_assets(same, same_hashes=True),
            *rows.seen_assets(other, same_hashes=False),
        ]

    def _search_duplicates(self, steps: Sequence[Step], secondary: SecondaryIdentity) -> None:
        """Search for duplicates of assets whose identity or secondary identity is new, or may be."""
        search = DuplicateSearch(
            self._connection,
            self._collector.name,
            self._collector.identityfield,
            secondary,
            self._at,
            self._forms,
        )
        for step in steps:
            step.warnings = tuple(self._findings(search, step))

    def _findings(self, search: DuplicateSearch, step: Step) -> Iterator[str]:
        match, row, (old, new) = step.match, step.row, step.evidence
        if match.asset is None:
            yield from search.of_new(row.assetid, row.identitykey, match.evidence)
        elif match.by == "identity":
            yield from search.of_changed(row.assetid, old or {}, new)
        else:
            kinds = dict.fromkeys(kind for kind, _ in match.evidence.candidates[0].keys)
            yield (
                f"{self._collector.identityfield}: asset {row.assetid} was {match.asset.identityvalue}, "
                f"and was matched by its {' and '.join(kinds)}"
            )
            lost = (old or {}).keys() - new.keys()
            yield from search.of_adopted(row.assetid, row.identitykey, match.evidence, lost)

    def _store_dependents(self, steps: Sequence[Step]) -> None:
        """Write the rows of the plugin's own tables."""
        writes = [AssetWrite(step.row.assetid, step.before, step.after) for step in steps]
        self._collector.store(self._connection, writes)


def _by_adoption(
    steps: Sequence[tuple[Step, SealedEntry]],
) -> tuple[list[tuple[Step, SealedEntry]], list[tuple[Step, SealedEntry]]]:
    """Return the steps that adopt an asset, and the others."""
    adopted = [each for each in steps if each[0].match.by == "secondaryidentity"]
    return adopted, [each for each in steps if each[0].match.by != "secondaryidentity"]


def _has_same_hashes(step: Step) -> bool:
    stored = step.match.asset
    return (
        stored is not None
        and stored.submissionhash == step.row.submissionhash
        and stored.bodydigest == step.row.bodydigest
    )
