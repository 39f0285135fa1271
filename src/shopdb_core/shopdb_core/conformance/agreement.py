"""The plugin's rows after submissions, and those of the same assets made at once: whether they agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, select

from shopdb_core.assets import write
from shopdb_core.assets.stored import read_attributes
from shopdb_core.collect import Origin
from shopdb_core.collect.prepare import Preparation, Prepared
from shopdb_core.collect.upsert import Upsert
from shopdb_core.collect.witness import Witness
from shopdb_core.conformance.finding import Finding
from shopdb_core.conformance.loading import failed
from shopdb_core.conformance.promise import Broken
from shopdb_core.conformance.showing import shown_in_turn
from shopdb_core.conformance.tables import Contents, PluginTables, differences
from shopdb_core.conformance.trial import Trial
from shopdb_core.errors import InvalidSubmission, PluginFailure
from shopdb_core.store.tables import asset
from shopdb_hookspecs import Json, JsonObject

HOOK = "store_asset"

Submissions: TypeAlias = Sequence[dict[str, Json]]


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a sequence left behind: the assets in the order of their ids, and the plugin's rows of them."""

    assets: Sequence[tuple[Row[Any], JsonObject]]
    contents: Contents


class Disagreement(Broken):
    """A finding, with the submissions that lead to it."""

    def __init__(self, finding: Finding, submissions: Submissions) -> None:
        super().__init__(finding)
        self.submissions = submissions


class Agreement:
    """Runs sequences on a site without assets, each in a transaction that is rolled back.

    So every sequence finds the same empty tables and gives its assets the same ids.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._collector = trial.subject.collector
        self._preparation = Preparation(self._collector, trial.settings.timezone)
        origin = Origin(f"collector:{self._collector.name}", "conformance")
        self._witness = Witness(self._collector, origin, trial.chain)
        self._tables = trial.store.read(lambda connection: PluginTables(connection, trial.subject.name))

    def holds(self, submissions: Submissions) -> None:
        """Raise `Disagreement` where the rows after the submissions are not those of the assets at once."""
        if (finding := self._finding(submissions)) is not None:
            raise Disagreement(finding, submissions)

    def shortest(self, broken: Disagreement) -> Finding:
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
            kept = self._trial.store.rehearse(lambda connection: self._submitted(connection, prepared))
            made = self._trial.store.rehearse(lambda connection: self._made_at_once(connection, kept))
        except PluginFailure as failure:
            finding = failed(failure, self._trial.subject.candidate)
            return Finding(finding.place, f"{finding.what} {after}")
        for table, row, what in differences(kept.contents, made):
            told = ", ".join(f"{name} {value}" for name, value in row)
            mend = "Write what `after` says, whatever `before` was: remove what is gone, clear what is null."
            return Finding(HOOK, f"{after}: in {table} the row ({told}) {what}", mend)
        return None

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
