"""Whether the plugin's own examples live through all that can be submitted of an asset."""

from collections.abc import Iterator

from shopdb_core.canonical import canonical
from shopdb_core.collect import Answer
from shopdb_core.collect.prepare import Preparation
from shopdb_core.conformance.finding import Finding
from shopdb_core.conformance.promise import Broken
from shopdb_core.conformance.showing import shown
from shopdb_core.conformance.submitting import Submitter
from shopdb_core.conformance.tables import PluginTables
from shopdb_core.conformance.trial import TrialSites
from shopdb_core.errors import InvalidSubmission, PluginFailure
from shopdb_core.plugins.collector import Collector
from shopdb_hookspecs import Json, JsonObject


def check_examples(sites: TrialSites) -> Iterator[Finding]:
    """Yield the first fault in the life of each example's asset."""
    for name, example in sites.subject.examples.items():
        with sites.site() as trial:
            tables = trial.site.store.read(lambda connection: PluginTables(connection, sites.subject.name))
            life = Life(name, example, Submitter(trial, tables))
            try:
                yield from life.lived()
            except Broken as broken:
                yield broken.finding


class Life:
    """What happens to the asset of one example."""

    def __init__(self, name: str, example: JsonObject, submitter: Submitter) -> None:
        self._name = name
        self._example = example
        self._submitter = submitter
        self._values = submitter.trial.subject.values
        self._collector: Collector = submitter.trial.subject.collector
        self._preparation = Preparation(self._collector, submitter.trial.site.settings.timezone)
        identified = self._collector.required
        self._least = {field: value for field, value in example.items() if field in identified}

    def lived(self) -> Iterator[Finding]:
        """Take every step; yields notes and what is wrong with the audit at the end, raises `Broken`."""
        created = self._step("created", self._example, "created")
        for warning in created.warnings:
            yield Finding(self._name, f"is answered with a warning: {warning}", "Show what needs no mending.")
        self._step("the same again", self._example, "noop")
        self._step("with its members in another order", _reshuffled(self._example), "noop")
        self._step("partial: identity and required fields alone", self._least, "noop")
        yield from self._listed_otherwise()
        for field in self._optional():
            self._update(created.assetid, field)
            self._clear(created.assetid, field)
        for fault in self._submitter.trial.audit_faults():
            yield Finding(f"{self._name}, audit", fault)

    def _optional(self) -> list[str]:
        return [
            name for name in self._collector.declaration["fields"] if name not in self._collector.required
        ]

    def _update(self, assetid: int | None, field: str) -> None:
        """Give one field a new value; the others stay."""
        before = self._submitter.attributes(assetid)
        value = self._other_value(field, before.get(field))
        if value is None:
            return
        self._step(f"updated {field}", {**self._least, field: value}, "updated")
        self._require_rest(f"updated {field}", field, before, self._submitter.attributes(assetid))

    def _clear(self, assetid: int | None, field: str) -> None:
        """Clear one field; the others stay."""
        before = self._submitter.attributes(assetid)
        if field not in before:
            return
        self._step(f"{field} null", {**self._least, field: None}, "updated")
        after = self._submitter.attributes(assetid)
        if field in after:
            what = f"keeps {field}: {shown(after[field])}"
            raise Broken(Finding(f"{self._name}, {field} null", what, "normalize_submission passes null on."))
        self._require_rest(f"{field} null", field, before, after)

    def _require_rest(self, step: str, field: str, before: JsonObject, after: JsonObject) -> None:
        changed = [
            name for name in sorted({*before, *after} - {field}) if before.get(name) != after.get(name)
        ]
        if changed:
            mend = "normalize_submission adds no field that the submission leaves out."
            raise Broken(Finding(f"{self._name}, {step}", f"changes {', '.join(changed)}, too", mend))

    def _other_value(self, field: str, current: Json) -> Json:
        """Return a valid value that is another one in canonical form, too; `None` if none is found."""
        for value in self._values.some(field):
            if self._prepared({**self._least, field: value}).get(field) not in (None, current):
                return value
        return None

    def _listed_otherwise(self) -> Iterator[Finding]:
        """Note lists of objects whose order counts: the history of a mere change of order shows nothing."""
        prepared = self._prepared(self._example)
        for field, value in self._example.items():
            if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
                continue
            turned = self._prepared({**self._example, field: value[::-1]})
            if canonical(turned.get(field)) != canonical(prepared.get(field)):
                what = f"{field} in another order is an update whose history shows nothing"
                mend = "Sort it in normalize_submission, unless its order has a meaning."
                yield Finding(self._name, what, mend, isnote=True)

    def _prepared(self, submission: JsonObject) -> JsonObject:
        """Return what is merged into the asset; nothing if the endpoint would not take it."""
        try:
            return self._preparation.prepare(dict(submission), lenient=False).submission
        except (InvalidSubmission, PluginFailure):
            return {}

    def _step(self, step: str, submission: JsonObject, action: str) -> Answer:
        return self._submitter.submit(f"{self._name}, {step}", submission, action)


def _reshuffled(value: Json) -> Json:
    """Turn the order of the members of every object round."""
    if isinstance(value, dict):
        return {name: _reshuffled(value[name]) for name in reversed(value)}
    return [*map(_reshuffled, value)] if isinstance(value, list) else value
