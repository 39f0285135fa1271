"""The check `examples`: each example is created, submitted again, updated and cleared, as clients do."""

from collections.abc import Iterator

from shopdb_core.assets.plugin_tables import PluginTables
from shopdb_core.devkit.differences import difference
from shopdb_core.devkit.results import CheckFailed, Finding
from shopdb_core.devkit.trial import Submitter, TrialSites
from shopdb_core.errors import InvalidSubmission, PluginFailure
from shopdb_core.json_text import canonical
from shopdb_core.submissions import SubmissionResult
from shopdb_core.submissions.pipeline import Pipeline
from shopdb_hookspecs import Json, JsonObject


def check_examples(sites: TrialSites) -> Iterator[Finding]:
    """Yield the findings of each example: notes, and the first fault."""
    for name, example in sites.subject.examples.items():
        with sites.open() as trial_site:
            tables = trial_site.read(lambda connection: PluginTables(connection, sites.subject.name))
            try:
                yield from ExampleLifecycle(name, example, Submitter(trial_site, tables)).findings()
            except CheckFailed as failed:
                yield failed.finding


class ExampleLifecycle:
    """The submissions of one example's asset, from its creation to the last update."""

    def __init__(self, name: str, example: JsonObject, submitter: Submitter) -> None:
        self._name = name
        self._example = example
        self._submitter = submitter
        self._values = submitter.trial_site.subject.values
        self._collector = submitter.trial_site.subject.collector
        self._pipeline = Pipeline(self._collector, submitter.trial_site.site.settings.timezone)
        required = self._collector.required
        self._partial = {field: value for field, value in example.items() if field in required}

    def findings(self) -> Iterator[Finding]:
        """Submit step by step; yields notes, warnings and faults of the audit, raises `CheckFailed`."""
        created = self._step("created", self._example, "created")
        for warning in created.warnings:
            hint = "Show a submission that is stored as it is."
            yield Finding(self._name, f"is answered with a warning: {warning}", hint)
        self._step("the same again", self._example, "noop")
        self._step("with its members in another order", _reversed_members(self._example), "noop")
        self._step("partial: identity and required fields alone", self._partial, "noop")
        yield from self._order_notes()
        for field in self._optional_fields():
            self._update(created.assetid, field)
            self._clear(created.assetid, field)
        for fault in self._submitter.trial_site.audit_faults():
            yield Finding(f"{self._name}, audit", fault)

    def _optional_fields(self) -> list[str]:
        fields = self._collector.declaration["fields"]
        return [name for name in fields if name not in self._collector.required]

    def _update(self, assetid: int | None, field: str) -> None:
        """Submit another value of one field; the other fields must keep theirs."""
        before = self._submitter.attributes(assetid)
        value = self._other_value(field, before.get(field))
        if value is None:
            return
        self._step(f"updated {field}", {**self._partial, field: value}, "updated")
        self._require_unchanged(f"updated {field}", field, before, self._submitter.attributes(assetid))

    def _clear(self, assetid: int | None, field: str) -> None:
        """Submit null for one field; the other fields must keep their values."""
        before = self._submitter.attributes(assetid)
        if field not in before:
            return
        self._step(f"{field} null", {**self._partial, field: None}, "updated")
        after = self._submitter.attributes(assetid)
        if field in after:
            what = f"keeps {field}: {difference({field: None}, {field: after[field]})}"
            hint = "normalize_submission must return null as it is."
            raise CheckFailed(Finding(f"{self._name}, {field} null", what, hint))
        self._require_unchanged(f"{field} null", field, before, after)

    def _require_unchanged(self, step: str, field: str, before: JsonObject, after: JsonObject) -> None:
        others = ({name: value for name, value in each.items() if name != field} for each in (before, after))
        if changed := difference(*others):
            hint = "normalize_submission must not add a field that the submission leaves out."
            raise CheckFailed(Finding(f"{self._name}, {step}", f"also changes {changed}", hint))

    def _other_value(self, field: str, current: Json) -> Json:
        """Return a valid value whose canonical form differs from `current`; `None` if none is found."""
        for value in self._values.samples(field):
            if self._prepared({**self._partial, field: value}).get(field) not in (None, current):
                return value
        return None

    def _order_notes(self) -> Iterator[Finding]:
        """Yield a note for each list of objects whose order counts: its history would not show the change."""
        prepared = self._prepared(self._example)
        for field, value in self._example.items():
            if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
                continue
            reordered = self._prepared({**self._example, field: value[::-1]})
            if canonical(reordered.get(field)) != canonical(prepared.get(field)):
                what = f"{field} in another order is an update whose history shows nothing"
                hint = "Sort it in normalize_submission, unless its order has a meaning."
                yield Finding(self._name, what, hint, isnote=True)

    def _prepared(self, submission: JsonObject) -> JsonObject:
        """Return what is merged into the asset; nothing if the endpoint refuses the submission."""
        try:
            return self._pipeline.prepare(dict(submission), lenient=False).submission
        except (InvalidSubmission, PluginFailure):
            return {}

    def _step(self, step: str, submission: JsonObject, action: str) -> SubmissionResult:
        return self._submitter.submit(f"{self._name}, {step}", submission, action)


def _reversed_members(value: Json) -> Json:
    """Return the value with the members of every object in reverse order."""
    if isinstance(value, dict):
        return {name: _reversed_members(value[name]) for name in reversed(value)}
    return [*map(_reversed_members, value)] if isinstance(value, list) else value
