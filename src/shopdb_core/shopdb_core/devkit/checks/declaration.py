"""Whether the examples of a plugin that loads are there, and valid as they are shown.

Whether `normalize_submission` is what the core relies on: pure, idempotent, harmless to what is valid.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from shopdb_core.declarations.validator import SubmissionValidator
from shopdb_core.devkit.generating import FieldValues, NothingGenerated, check_property
from shopdb_core.devkit.subject import WRONG_VALUES, Subject, failed, places, replaced
from shopdb_core.devkit.verdict import CheckFailed, Finding, shown, shown_change
from shopdb_core.errors import PluginFailure
from shopdb_core.intake.shape import Shaper
from shopdb_core.json_text import canonical
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import Plugin
from shopdb_hookspecs import Json, JsonObject


def example_name(number: int) -> str:
    """Name an example as findings do; examples are counted from 1."""
    return f"example {number}"


def example_findings(plugin: Plugin) -> Iterator[Finding]:
    """Yield what is wrong with the examples: pipeline authors copy them, and the other checks submit them."""
    if plugin.collector is None:
        yield Finding("get_collector_schema", "declares nothing: this plugin has no collector", isnote=True)
        return
    if not plugin.collector.examples:
        mend = "Return at least one submission that shows every field."
        yield Finding("get_example_submissions", "gives no example", mend)
    validator = _strict(plugin.collector)
    for number, example in enumerate(plugin.collector.examples, start=1):
        for fault in validator.faults(example):
            yield Finding(f"{example_name(number)} at {fault.pointer or '/'}", fault.message)
    yield from _unshown_fields(plugin.collector)


def _strict(collector: Collector) -> SubmissionValidator:
    """Refuse undeclared fields: whatever is done with those of a submission, in an example they mislead."""
    return SubmissionValidator({**collector.schema, "additionalProperties": False})


def valid_examples(collector: Collector) -> Mapping[str, JsonObject]:
    """Return the examples that are valid, by the names that findings give them."""
    numbered = enumerate(collector.examples, start=1)
    return {example_name(number): each for number, each in numbered if collector.validator.accepts(each)}


def _unshown_fields(collector: Collector) -> Iterator[Finding]:
    shown = {name for example in collector.examples for name in example}
    if collector.examples and (missing := sorted(collector.declaration["fields"].keys() - shown)):
        mend = "Readers of `_schemas` learn a field best from a value."
        yield Finding("get_example_submissions", f"shows no {', '.join(missing)}", mend, isnote=True)


def generating_findings(values: FieldValues) -> Iterator[Finding]:
    """Note the fields for which the other checks have no values."""
    for field in values.ungenerated:
        mend = "Show the field in an example: its values are tried, too."
        yield Finding(f"/fields/{field}", "no value was found that its schema admits", mend, isnote=True)


HOOK = "normalize_submission"
EXAMPLES = 100


def check_normalization(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each promise that the hook breaks, with the smallest submission that shows it."""
    if not subject.implements(HOOK) or subject.plugin.collector is None:
        return
    hook = NormalizationProperties(subject)
    try:
        check_property(_respelt(subject.values), hook.keeps_its_promises, EXAMPLES)
    except CheckFailed as broken:
        yield broken.finding
        return  # values of other types would tell the same again
    except NothingGenerated:
        yield Finding(HOOK, "was asked of no generated submission: none was found that fits", isnote=True)
    yield from hook.takes_any_type()


def _respelt(values: FieldValues) -> st.SearchStrategy[dict[str, Json]]:
    """Return valid submissions, some with strings that are written in another way."""
    ways: list[Callable[[str], str]] = [str.lower, str.upper, lambda text: text.replace(":", "-"), _dotted]
    spelling = st.none() | st.sampled_from(ways)
    return st.tuples(values.submissions(), spelling).map(lambda drawn: _spelt(*drawn))


def _dotted(text: str) -> str:
    return text + ".."


def _spelt(submission: JsonObject, way: Callable[[str], str] | None) -> dict[str, Json]:
    if way is None:
        return dict(submission)
    return {name: way(value) if isinstance(value, str) else value for name, value in submission.items()}


class NormalizationProperties:
    """Asks the hook as the core does, and holds it to its promises."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._collector = subject.collector
        self._shaper = Shaper(subject.collector.declaration, ZoneInfo("UTC"))

    def keeps_its_promises(self, submission: JsonObject) -> None:
        """Raise `Broken` for the first promise that this submission breaks."""
        self.is_pure(submission)
        self.is_idempotent(submission)
        self.keeps_valid(submission)

    def is_pure(self, submission: JsonObject) -> None:
        """Raise `Broken` where the argument is changed, or two calls answer differently."""
        shaped = self._shaped(submission)
        kept = copy.deepcopy(shaped)
        answer = copy.deepcopy(self._normalized(shaped))
        if shaped != kept:
            mend = "Return a new dict, and copy what is inside before changing it."
            raise CheckFailed(Finding(HOOK, f"changes its argument: {shown_change(kept, shaped)}", mend))
        if canonical(self._normalized(shaped)) != canonical(answer):
            mend = "Its answer may depend on the submission alone: no time, no chance, no state."
            raise CheckFailed(Finding(HOOK, f"answers {shown(kept)} differently the second time", mend))

    def is_idempotent(self, submission: JsonObject) -> None:
        """Raise `Broken` where what is canonical is changed once more."""
        once = self._normalized(self._shaped(submission))
        twice = self._normalized(copy.deepcopy(once))
        if canonical(once) != canonical(twice):
            what = f"changes its own answer: {shown_change(once, twice)}"
            mend = "Bring a value into its last form at once: what is canonical stays as it is."
            raise CheckFailed(Finding(HOOK, what, mend))

    def keeps_valid(self, submission: JsonObject) -> None:
        """Raise `Broken` where a valid submission becomes one that the schema refuses."""
        shaped = self._shaped(submission)
        if not self._collector.validator.accepts(shaped):
            return
        faults = self._collector.validator.faults(self._normalized(shaped))
        if faults:
            what = f"makes the valid {shown(shaped)} invalid: {faults[0].pointer} {faults[0].message}"
            raise CheckFailed(Finding(HOOK, what, "The canonical form of a valid value must fit the schema."))

    def takes_any_type(self) -> Iterator[Finding]:
        """Yield the first failure at a place of the examples, when something of another type is there."""
        for example in self._subject.examples.values():
            try:
                self.is_idempotent(example)
            except CheckFailed as broken:  # no matter of types
                yield broken.finding
                return
            for place in places(example):
                for wrong in WRONG_VALUES:
                    dirty = replaced(example, place, copy.deepcopy(wrong))
                    if finding := self._stumbles(dirty):
                        yield finding
                        return

    def _stumbles(self, dirty: JsonObject) -> Finding | None:
        try:
            self.is_idempotent(dirty)
        except CheckFailed as broken:
            finding = broken.finding
            mend = "Pass a value of an unexpected type on as it is: validation explains it to its sender."
            return Finding(finding.place, f"{finding.what} when asked of {shown(dirty)}", mend)
        return None

    def _shaped(self, submission: JsonObject) -> dict[str, Json]:
        return self._shaper.shape(copy.deepcopy(dict(submission))).submission

    def _normalized(self, submission: JsonObject) -> JsonObject:
        try:
            answer = self._collector.normalize(submission)
            canonical(answer)
        except PluginFailure as failure:
            raise CheckFailed(failed(failure, self._subject.candidate)) from failure
        except TypeError as error:
            raise CheckFailed(Finding(HOOK, f"returned what JSON cannot hold: {error}")) from error
        return answer
