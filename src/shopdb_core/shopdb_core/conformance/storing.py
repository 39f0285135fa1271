"""Whether the plugin's tables say what its assets' attributes say, whatever was submitted before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Connection, Row, select

from shopdb_core.assets import write
from shopdb_core.assets.stored import read_attributes
from shopdb_core.audit.entry import AuditChain
from shopdb_core.collect import Origin
from shopdb_core.collect.prepare import Preparation, Prepared
from shopdb_core.collect.upsert import Upsert
from shopdb_core.collect.witness import Witness
from shopdb_core.conformance.finding import Finding
from shopdb_core.conformance.generating import FieldValues, NothingGenerated, check_property
from shopdb_core.conformance.loading import failed
from shopdb_core.conformance.promise import Broken
from shopdb_core.conformance.showing import shown_in_turn
from shopdb_core.conformance.tables import Contents, PluginTables, differences
from shopdb_core.conformance.trial import Trial, TrialSites
from shopdb_core.errors import InvalidSubmission, PluginFailure
from shopdb_core.plugins.collector import Collector
from shopdb_core.store.tables import asset
from shopdb_hookspecs import Json, JsonObject

HOOK = "store_asset"
SEQUENCES = 50
LONGEST_SEQUENCE = 6
ASSETS = 3


def check_storing(sites: TrialSites) -> Iterator[Finding]:
    """Yield the smallest sequence of submissions that leaves other rows than its outcome, written at once."""
    subject = sites.subject
    if subject.plugin.collector is None or not subject.implements(HOOK):
        return
    with sites.site() as trial:
        try:
            check_property(_sequences(subject.values, subject.collector), Agreement(trial).holds, SEQUENCES)
        except Broken as broken:
            yield broken.finding
        except NothingGenerated:
            yield Finding(HOOK, "was not tried: no submission was found that fits the schema", isnote=True)


def _sequences(values: FieldValues, collector: Collector) -> st.SearchStrategy[list[dict[str, Json]]]:
    """Return submissions in turn that speak of a few assets again and again."""
    identities = values.some(collector.identityfield)[:ASSETS]
    if not identities:
        return st.nothing()
    identified = st.sampled_from(identities).map(lambda identity: {collector.identityfield: identity})
    submission = st.tuples(values.patches(), identified).map(lambda drawn: {**drawn[0], **drawn[1]})
    return st.lists(submission, min_size=1, max_size=LONGEST_SEQUENCE)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a sequence left behind: the assets in the order of their ids, and the plugin's rows of them."""

    assets: Sequence[tuple[Row[Any], JsonObject]]
    contents: Contents


class Agreement:
    """Runs sequences on a site without assets, each in a transaction that is rolled back.

    So every sequence finds the same empty tables and gives its assets the same ids.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._collector = trial.subject.collector
        self._preparation = Preparation(self._collector, trial.settings.timezone)
        origin = Origin(f"collector:{self._collector.name}", "conformance")
        self._witness = Witness(self._collector, origin, AuditChain(trial.settings.secret_key))
        self._tables = trial.store.read(lambda connection: PluginTables(connection, trial.subject.name))

    def holds(self, submissions: Sequence[dict[str, Json]]) -> None:
        """Raise `Broken` where the rows after all submissions are not those of these assets made at once."""
        prepared = [each for each in map(self._prepared, submissions) if each is not None]
        try:
            kept = self._trial.store.rehearse(lambda connection: self._submitted(connection, prepared))
            made = self._trial.store.rehearse(lambda connection: self._made_at_once(connection, kept))
        except PluginFailure as failure:
            finding = failed(failure, self._trial.subject.candidate)
            raise Broken(
                Finding(finding.place, f"{finding.what} at {shown_in_turn(submissions)}")
            ) from failure
        for table, row, what in differences(kept.contents, made):
            told = ", ".join(f"{name} {value}" for name, value in row)
            mend = "Write what `after` says, whatever `before` was: remove what is gone, clear what is null."
            after = f"after {shown_in_turn(submissions)}"
            raise Broken(Finding(HOOK, f"{after}: in {table} the row ({told}) {what}", mend))

    def _prepared(self, submission: dict[str, Json]) -> Prepared | None:
        try:
            return self._preparation.prepare(submission, lenient=False)
        except (InvalidSubmission, PluginFailure):
            return None  # other checks tell of normalize_submission

    def _submitted(self, connection: Connection, prepared: Sequence[Prepared]) -> _Stored:
        for each in prepared:
            Upsert(self._witness, each, "flag")(connection)
        rows = connection.execute(select(asset).order_by(asset.c.assetid)).all()
        assets = [(row, read_attributes(connection, row.assetid)) for row in rows]
        return _Stored(assets, self._tables.of_assets(connection))

    def _made_at_once(self, connection: Connection, kept: _Stored) -> Contents:
        for row, attributes in kept.assets:
            assetid = write.create(
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
