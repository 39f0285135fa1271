"""The plugin's rows after submissions, and those of the same assets made at once: whether they agree.

Whether the plugin's tables say what its assets' attributes say, whatever was submitted before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from hypothesis import strategies as st
from sqlalchemy import Connection, Row, select

from shopdb_core.assets import rows
from shopdb_core.assets.rows import read_attributes
from shopdb_core.devkit.generating import NothingGenerated, check_property
from shopdb_core.devkit.plugin_tables import Contents, PluginTables, differences
from shopdb_core.devkit.subject import Subject, failed
from shopdb_core.devkit.trial import TrialSite, TrialSites
from shopdb_core.devkit.verdict import CheckFailed, Finding, shown_in_turn
from shopdb_core.errors import InvalidSubmission, PluginFailure
from shopdb_core.store.tables import asset
from shopdb_core.submissions import Origin
from shopdb_core.submissions.pipeline import Pipeline, PreparedSubmission
from shopdb_core.submissions.upsert import Recorder, Upsert
from shopdb_hookspecs import Json, JsonObject

HOOK = "store_asset"

Submissions: TypeAlias = Sequence[dict[str, Json]]


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a sequence left behind: the assets in the order of their ids, and the plugin's rows of them."""

    assets: Sequence[tuple[Row[Any], JsonObject]]
    contents: Contents


class StorageMismatch(CheckFailed):
    """A finding, with the submissions that lead to it."""

    def __init__(self, finding: Finding, submissions: Submissions) -> None:
        super().__init__(finding)
        self.submissions = submissions


class StorageComparison:
    """Runs sequences on a site without assets, each in a transaction that is rolled back.

    So every sequence finds the same empty tables and gives its assets the same ids.
    """

    def __init__(self, trial: TrialSite) -> None:
        self._trial = trial
        self._collector = trial.subject.collector
        self._pipeline = Pipeline(self._collector, trial.site.settings.timezone)
        origin = Origin(f"collector:{self._collector.name}", "conformance")
        self._recorder = Recorder(self._collector, origin, trial.site.chain)
        self._tables = trial.site.store.read(lambda connection: PluginTables(connection, trial.subject.name))

    def holds(self, submissions: Submissions) -> None:
        """Raise `Disagreement` where the rows after the submissions are not those of the assets at once."""
        if (finding := self._finding(submissions)) is not None:
            raise StorageMismatch(finding, submissions)

    def shortest(self, broken: StorageMismatch) -> Finding:
        """Leave out every submission that the finding can do without; Hypothesis leaves some in."""
        finding, submissions = broken.finding, list(broken.submissions)
        for index in reversed(range(len(submissions))):
            fewer = submissions[:index] + submissions[index + 1 :]
            if (still := self._finding(fewer)) is not None:
                finding, submissions = still, fewer
        return finding

    def _finding(self, submissions: Submissions) -> Finding | None:
        prepared = [each for each in map(self._prepared, submissions) if each is not None]
        after = f"after {shown_in_turn(submissions)}"
        try:
            kept = self._trial.site.store.dry_run(lambda connection: self._submitted(connection, prepared))
            made = self._trial.site.store.dry_run(lambda connection: self._made_at_once(connection, kept))
        except PluginFailure as failure:
            finding = failed(failure, self._trial.subject.candidate)
            return Finding(finding.place, f"{finding.what} {after}")
        for table, row, what in differences(kept.contents, made):
            told = ", ".join(f"{name} {value}" for name, value in row)
            mend = "Write what `after` says, whatever `before` was: remove what is gone, clear what is null."
            return Finding(HOOK, f"{after}: in {table} the row ({told}) {what}", mend)
        return None

    def _prepared(self, submission: dict[str, Json]) -> PreparedSubmission | None:
        try:
            return self._pipeline.prepare(submission, lenient=False)
        except (InvalidSubmission, PluginFailure):
            return None  # other checks tell of normalize_submission

    def _submitted(self, connection: Connection, prepared: Sequence[PreparedSubmission]) -> _Stored:
        for each in prepared:
            Upsert(self._recorder, each, "flag")(connection)
        rows = connection.execute(select(asset).order_by(asset.c.assetid)).all()
        assets = [(row, read_attributes(connection, row.assetid)) for row in rows]
        return _Stored(assets, self._tables.of_assets(connection))

    def _made_at_once(self, connection: Connection, kept: _Stored) -> Contents:
        for row, attributes in kept.assets:
            assetid = rows.create_asset(
                connection,
                assettype=row.assettype,
                identityvalue=row.identityvalue,
                identitykey=row.identitykey,
                submissionhash=None,
                attributes=attributes,
                at=datetime.now(UTC),
            )
            self._collector.hooks.ask(
                HOOK,
                connection=connection,
                assetid=assetid,
                before=None,
                after=attributes,
                plugin=self._collector.name,
            )
        return self._tables.of_assets(connection)


SEQUENCES = 50
LONGEST_SEQUENCE = 6
ASSETS = 3
CHANGES = 3


def check_storing(sites: TrialSites) -> Iterator[Finding]:
    """Yield the shortest submissions after which the rows are not those of their outcome, written at once."""
    subject = sites.subject
    if subject.plugin.collector is None or not subject.implements(HOOK):
        return
    with sites.site() as trial:
        agreement = StorageComparison(trial)
        try:
            for submissions in _single_changes(subject):
                agreement.holds(submissions)
            check_property(_sequences(subject), agreement.holds, SEQUENCES)
        except StorageMismatch as broken:
            yield agreement.shortest(broken)
        except NothingGenerated:
            yield Finding(HOOK, "was not tried: no submission was found that fits the schema", isnote=True)


def _single_changes(subject: Subject) -> Iterator[list[dict[str, Json]]]:
    """Yield an asset with every field, and one of them cleared or changed: chance finds some late."""
    full = {
        field: found[0]
        for field in subject.collector.declaration["fields"]
        if (found := subject.values.some(field))
    }
    for example in subject.examples.values():
        whole = {**full, **example}
        least = {field: whole[field] for field in subject.collector.required}
        for field in sorted(whole.keys() - least.keys()):
            for value in (None, *subject.values.some(field)[:CHANGES]):
                yield [whole, {**least, field: value}]


def _sequences(subject: Subject) -> st.SearchStrategy[list[dict[str, Json]]]:
    """Return submissions in turn that speak of a few assets again and again."""
    field = subject.collector.identityfield
    identities = subject.values.some(field)[:ASSETS]
    if not identities:
        return st.nothing()
    identified = st.sampled_from(identities).map(lambda identity: {field: identity})
    submission = st.tuples(subject.values.patches(), identified).map(lambda drawn: {**drawn[0], **drawn[1]})
    return st.lists(submission, min_size=1, max_size=LONGEST_SEQUENCE)
