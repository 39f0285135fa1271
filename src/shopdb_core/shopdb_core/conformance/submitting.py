"""Submitting on a trial site, with every promise that holds of any submission."""

from dataclasses import dataclass

from shopdb_core.canonical import canonical
from shopdb_core.collect import Answer
from shopdb_core.conformance.finding import Finding
from shopdb_core.conformance.loading import failed
from shopdb_core.conformance.promise import Broken
from shopdb_core.conformance.showing import shown
from shopdb_core.conformance.tables import PluginTables
from shopdb_core.conformance.trial import Trial
from shopdb_core.errors import PluginFailure, ShopDBError
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class Submitter:
    """Submits to one site; each submission is rehearsed first."""

    trial: Trial
    tables: PluginTables

    def submit(self, place: str, submission: JsonObject, action: str) -> Answer:
        """Rehearse and submit; raises `Broken` where what is done is not `action`, or the dry run lied.

        `place` says which step of which example this is.
        """
        before = self._stored()
        rehearsed = self._answer(f"{place}, dry run", submission, dryrun=True)
        if self._stored() != before:
            mend = "store_asset writes by its connection alone."
            raise Broken(Finding(f"{place}, dry run", "writes", mend))
        answer = self._answer(place, submission, dryrun=False)
        self._compare(place, rehearsed, answer)
        if answer.action != action:
            done = f"{shown(submission)} changed {shown(answer.diff)}"
            raise Broken(Finding(place, f"is {answer.action} instead of {action}: {done}"))
        return answer

    def attributes(self, assetid: int | None) -> JsonObject:
        """Return what is stored of one asset."""
        return self.trial.attributes()[assetid or 0]

    def _answer(self, place: str, submission: JsonObject, *, dryrun: bool) -> Answer:
        try:
            return self.trial.submit(submission, dryrun=dryrun)
        except PluginFailure as failure:
            finding = failed(failure, self.trial.subject.candidate)
            raise Broken(Finding(f"{finding.place}, {place}", finding.what)) from failure
        except ShopDBError as error:
            raise Broken(Finding(place, f"is refused: {error}")) from error

    def _compare(self, place: str, rehearsed: Answer, answer: Answer) -> None:
        told = (rehearsed.action, rehearsed.warnings, canonical(rehearsed.diff))
        done = (answer.action, answer.warnings, canonical(answer.diff))
        if told != done:
            what = f"announces {rehearsed.action} {shown(rehearsed.diff)}, then {answer.action} happens"
            mend = "normalize_submission may depend on the submission alone."
            raise Broken(Finding(f"{place}, dry run", what, mend))

    def _stored(self) -> object:
        return self.trial.entries(), self.trial.attributes(), self.trial.site.store.read(self.tables.raw)
