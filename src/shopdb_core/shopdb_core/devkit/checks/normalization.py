"""The check `normalize_submission`: the hook is pure and idempotent, and keeps valid submissions valid."""

import copy
from collections.abc import Callable, Iterator
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from shopdb_core.devkit.differences import difference, shown
from shopdb_core.devkit.results import CheckFailed, Finding
from shopdb_core.devkit.strategies.generating import FieldValues, NothingGenerated, check_property
from shopdb_core.devkit.subject import Subject, inner_paths, with_value
from shopdb_core.errors import PluginFailure
from shopdb_core.intake.shape import Shaper
from shopdb_core.json_text import JsonPath, canonical, pointer
from shopdb_hookspecs import Json, JsonObject

HOOK = "normalize_submission"
MAX_EXAMPLES = 100
"""How many generated submissions are tried."""

WRONG_VALUES: Final[tuple[Json, ...]] = (
    None,
    *(True, 7, -1.5, "x"),
    *([], [None], ["x"], [7], [[]], [{}], [{"name": None}]),
    *({}, {"name": 7}, {"x": [{}]}),
)
"""Values that replace each value of an example; validation, which would refuse them, comes after the hook."""


def check_normalization(subject: Subject) -> Iterator[Finding]:
    """Yield the first property that the hook violates, with the smallest submission that shows it."""
    if not subject.implements(HOOK) or subject.plugin.collector is None:
        return
    properties = NormalizationProperties(subject)
    try:
        check_property(_respelt(subject.values), properties.check, MAX_EXAMPLES)
    except CheckFailed as failed:
        yield failed.finding
        return  # values of other types would lead to the same finding
    except NothingGenerated:
        yield Finding(HOOK, "was not tried: no submission was generated that fits the schema", isnote=True)
    yield from properties.check_wrong_types()


def _respelt(values: FieldValues) -> st.SearchStrategy[dict[str, Json]]:
    """Return valid submissions, some with another spelling of every string, which may make them invalid."""
    spellings: list[Callable[[str], str]] = [
        *(str.lower, str.upper),
        lambda text: text.replace(":", "-"),
        lambda text: text + "..",
    ]
    spelling: st.SearchStrategy[Callable[[str], str]] = st.just(str) | st.sampled_from(spellings)
    return st.tuples(values.submissions(), spelling).map(lambda drawn: _spelt(*drawn))


def _spelt(submission: JsonObject, spelling: Callable[[str], str]) -> dict[str, Json]:
    return {name: spelling(value) if isinstance(value, str) else value for name, value in submission.items()}


class NormalizationProperties:
    """The properties of the hook that the core relies on; each method raises `CheckFailed` with a finding."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._collector = subject.collector
        self._shaper = Shaper(subject.collector.declaration, ZoneInfo("UTC"))

    def check(self, submission: JsonObject) -> None:
        """Check every property with one submission."""
        self.check_pure(submission)
        self.check_idempotent(submission)
        self.check_valid(submission)
        self.check_independent(submission)

    def check_pure(self, submission: JsonObject) -> None:
        """The hook does not change its argument, and returns the same for the same submission."""
        shaped = self._shaped(submission)
        kept = copy.deepcopy(shaped)
        result = copy.deepcopy(self._normalized(shaped))
        if shaped != kept:
            hint = "Return a new dict, and copy what is inside before changing it."
            raise CheckFailed(Finding(HOOK, f"changes its argument: {difference(kept, shaped)}", hint))
        if changed := difference(result, self._normalized(shaped)):
            hint = "Its result must depend on the submission alone, and not on time, chance or state."
            what = f"returns another result for the same submission at the second call: {changed}"
            raise CheckFailed(Finding(HOOK, what, hint))

    def check_idempotent(self, submission: JsonObject) -> None:
        """The hook does not change what it returned before."""
        once = self._normalized(self._shaped(submission))
        twice = self._normalized(copy.deepcopy(once))
        if canonical(once) != canonical(twice):
            what = f"changes its own result: {difference(once, twice)}"
            hint = "Return a canonical value as it is."
            raise CheckFailed(Finding(HOOK, what, hint))

    def check_valid(self, submission: JsonObject) -> None:
        """The hook returns a valid submission for a valid one."""
        shaped = self._shaped(submission)
        if not self._collector.validator.accepts(shaped):
            return
        normalized = self._normalized(copy.deepcopy(shaped))
        faults = self._collector.validator.faults(normalized)
        if faults:
            changed = difference(shaped, normalized)
            what = f"makes a valid submission invalid: {changed}; {faults[0].pointer} {faults[0].message}"
            raise CheckFailed(Finding(HOOK, what, "The canonical form of a valid value must fit the schema."))

    def check_independent(self, submission: JsonObject) -> None:
        """A field with `x-independent` has the same result alone, and so have the others without it."""
        shaped = self._shaped(submission)
        whole = self._normalized(copy.deepcopy(shaped))
        for name in sorted(self._collector.independent & shaped.keys()):
            rest = self._normalized(
                {key: copy.deepcopy(value) for key, value in shaped.items() if key != name}
            )
            alone = self._normalized({name: copy.deepcopy(shaped[name])})
            if changed := difference(whole, {**rest, name: alone.get(name)}):
                what = f"returns another result if {name} is normalised by itself: {changed}"
                hint = f"Remove x-independent from {name}, or let it and the others not depend on each other."
                raise CheckFailed(Finding(HOOK, what, hint))

    def check_wrong_types(self) -> Iterator[Finding]:
        """Yield the first finding for an example in which one value is replaced by one of another type."""
        for example in self._subject.examples.values():
            try:
                self.check_idempotent(example)
            except CheckFailed as failed:  # the types of the example are right
                yield failed.finding
                return
            for path in inner_paths(example):
                for wrong in WRONG_VALUES:
                    submission = with_value(example, path, copy.deepcopy(wrong))
                    try:
                        self.check_idempotent(submission)
                    except CheckFailed as failed:
                        yield _wrong_type_finding(failed.finding, path, wrong)
                        return

    def _shaped(self, submission: JsonObject) -> dict[str, Json]:
        return self._shaper.shape(copy.deepcopy(dict(submission))).submission

    def _normalized(self, submission: JsonObject) -> JsonObject:
        try:
            result = self._collector.normalize(submission)
            canonical(result)
        except PluginFailure as failure:
            raise CheckFailed(Finding.of_failure(failure, self._subject.candidate)) from failure
        except TypeError as error:
            raise CheckFailed(Finding(HOOK, f"returned what JSON cannot hold: {error}")) from error
        return result


def _wrong_type_finding(finding: Finding, path: JsonPath, wrong: Json) -> Finding:
    hint = "Return a value of an unexpected type as it is: validation explains it to its sender."
    return Finding(finding.place, f"{finding.what}, when {pointer(path)} is {shown(wrong)}", hint)
