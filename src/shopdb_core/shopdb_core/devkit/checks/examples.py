"""Whether the plugin's own examples live through all that can be submitted of an asset.

What Windows PowerShell makes of a submission (contract, section 2), shape by shape.

Whether the examples survive what Windows PowerShell makes of them.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from shopdb_core.devkit.plugin_tables import PluginTables
from shopdb_core.devkit.subject import Place, failed, replaced
from shopdb_core.devkit.trial import Submitter, TrialSite, TrialSites
from shopdb_core.devkit.verdict import CheckFailed, Finding, shown
from shopdb_core.errors import InvalidSubmission, PluginFailure, RequestError
from shopdb_core.intake.dates import read_date
from shopdb_core.intake.plan import Plan, field_plans, is_of
from shopdb_core.json_text import canonical, pointer
from shopdb_core.plugins.collector import Collector
from shopdb_core.submissions import SubmissionResult
from shopdb_core.submissions.pipeline import Pipeline
from shopdb_hookspecs import Json, JsonObject


def check_examples(sites: TrialSites) -> Iterator[Finding]:
    """Yield the first fault in the life of each example's asset."""
    for name, example in sites.subject.examples.items():
        with sites.site() as trial:
            tables = trial.site.store.read(lambda connection: PluginTables(connection, sites.subject.name))
            life = ExampleLifecycle(name, example, Submitter(trial, tables))
            try:
                yield from life.lived()
            except CheckFailed as broken:
                yield broken.finding


class ExampleLifecycle:
    """What happens to the asset of one example."""

    def __init__(self, name: str, example: JsonObject, submitter: Submitter) -> None:
        self._name = name
        self._example = example
        self._submitter = submitter
        self._values = submitter.trial.subject.values
        self._collector: Collector = submitter.trial.subject.collector
        self._pipeline = Pipeline(self._collector, submitter.trial.site.settings.timezone)
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
            raise CheckFailed(
                Finding(f"{self._name}, {field} null", what, "normalize_submission passes null on.")
            )
        self._require_rest(f"{field} null", field, before, after)

    def _require_rest(self, step: str, field: str, before: JsonObject, after: JsonObject) -> None:
        changed = [
            name for name in sorted({*before, *after} - {field}) if before.get(name) != after.get(name)
        ]
        if changed:
            mend = "normalize_submission adds no field that the submission leaves out."
            raise CheckFailed(Finding(f"{self._name}, {step}", f"changes {', '.join(changed)}, too", mend))

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
            return self._pipeline.prepare(dict(submission), lenient=False).submission
        except (InvalidSubmission, PluginFailure):
            return {}

    def _step(self, step: str, submission: JsonObject, action: str) -> SubmissionResult:
        return self._submitter.submit(f"{self._name}, {step}", submission, action)


def _reshuffled(value: Json) -> Json:
    """Turn the order of the members of every object round."""
    if isinstance(value, dict):
        return {name: _reshuffled(value[name]) for name in reversed(value)}
    return [*map(_reshuffled, value)] if isinstance(value, list) else value


CLIPPED = "@{name=7-Zip; version=24.09}"
"""What `ConvertTo-Json` makes of an object below its `-Depth`."""


@dataclass(frozen=True, slots=True)
class Mangled:
    """A body that tells the same as `plain`; or, if it `lost` something, one that must be refused."""

    shape: str
    plain: JsonObject
    content: bytes
    lost: bool = False


def mangled(submission: JsonObject, declaration: JsonObject) -> Iterator[Mangled]:
    """Yield the submission in every shape that can be made of it."""
    yield from _encoded(submission)
    yield Mangled("strings with blanks around them", submission, canonical(_padded(submission)))
    for place, value, plan in _spots(submission, field_plans(declaration)):
        if isinstance(value, list) and plan.isarray():
            yield from _arrays(submission, place, value, plan)
        elif isinstance(value, str) and plan.isdate:
            yield from _dates(submission, place, value)
    yield from _clipped(submission)


def _encoded(submission: JsonObject) -> Iterator[Mangled]:
    text = canonical(submission).decode()
    yield Mangled("a byte order mark", submission, codecs.BOM_UTF8 + text.encode())
    yield Mangled("UTF-16 with a byte order mark", submission, codecs.BOM_UTF16_LE + text.encode("utf-16-le"))


def _padded(value: Json) -> Json:
    if isinstance(value, str):
        return f"  {value}\t"
    if isinstance(value, dict):
        return {name: _padded(member) for name, member in value.items()}
    return [*map(_padded, value)] if isinstance(value, list) else value


def _spots(value: Json, plans: dict[str, Plan], path: Place = ()) -> Iterator[tuple[Place, Json, Plan]]:
    """Yield the places where the endpoint looks for arrays and date-times, and what stands there."""
    for name, plan in plans.items():
        if name in value:
            yield from _below(value[name], plan, (*path, name))


def _below(value: Json, plan: Plan, path: Place) -> Iterator[tuple[Place, Json, Plan]]:
    yield path, value, plan
    if isinstance(value, list) and plan.items is not None:
        for position, item in enumerate(value):
            yield from _below(item, plan.items, (*path, position))
    elif isinstance(value, dict):
        yield from _spots(value, plan.properties, path)


def _arrays(submission: JsonObject, place: Place, items: list[Json], plan: Plan) -> Iterator[Mangled]:
    if "object" not in plan.kinds:
        wrapper = {"value": items, "Count": len(items)}
        yield _at(f"an array as value and Count at {pointer(place)}", submission, place, wrapper)
    if items and is_of(items[0], plan.itemkinds) and not is_of(items[0], plan.kinds):
        plain = replaced(submission, place, items[:1])
        yield _at(f"an array of one as its element at {pointer(place)}", plain, place, items[0])


def _dates(submission: JsonObject, place: Place, text: str) -> Iterator[Mangled]:
    reading = read_date(text, ZoneInfo("UTC"))
    if reading is None:
        return
    moment = datetime.fromisoformat(reading.text).astimezone(UTC).replace(microsecond=0)
    plain = replaced(submission, place, moment.isoformat().replace("+00:00", "Z"))
    milliseconds = f"/Date({int(moment.timestamp()) * 1000})/"
    forms: dict[str, Json] = {
        milliseconds: milliseconds,
        "an object with /Date()/": {"value": milliseconds, "DisplayHint": 2, "DateTime": "Monday"},
        "a CIM date-time": f"{moment:%Y%m%d%H%M%S}.000000+000",
        "a date-time with a blank": f"{moment:%Y-%m-%d %H:%M:%SZ}",
    }
    for name, form in forms.items():
        yield _at(f"{name} at {pointer(place)}", plain, place, form)


def _clipped(submission: JsonObject) -> Iterator[Mangled]:
    for name, value in submission.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lossy = {**submission, name: [CLIPPED, *value[1:]]}
            yield Mangled(f"@{{…}} in place of an object in /{name}", submission, canonical(lossy), lost=True)


def _at(shape: str, plain: JsonObject, place: Place, form: Json) -> Mangled:
    return Mangled(shape, plain, canonical(replaced(plain, place, form)))


def check_powershell(sites: TrialSites) -> Iterator[Finding]:
    """Yield each shape of an example that ends in another asset, or in an answer of 500."""
    if sites.subject.plugin.collector is None:
        return
    declaration = sites.subject.collector.declaration
    with sites.site() as trial:
        for name, example in sites.subject.examples.items():
            for each in mangled(example, declaration):
                yield from _faults(trial, f"{name} with {each.shape}", each)


def _faults(trial: TrialSite, place: str, each: Mangled) -> Iterator[Finding]:
    try:
        trial.submit(each.plain)
        answer = trial.post(each.content)
    except RequestError:
        return
    except PluginFailure as failure:
        finding = failed(failure, trial.subject.candidate)
        yield Finding(f"{finding.place}, {place}", f"{finding.what}: the endpoint answers 500")
        return
    if each.lost:
        mend = "normalize_submission passes a value of an unexpected type on, so that it is refused."
        yield Finding(place, "is taken, though something was lost", mend)
    elif answer.action != "noop":
        yield Finding(place, f"is {answer.action} instead of noop: it changed {shown(answer.diff)}")
