"""`compare_declarations` finds the changes between two declarations and the version step that each needs.

Fields are compared keyword by keyword: a rule of the newer schema must follow from the same keyword of the
older one, or clients may break. In the other direction, the comparison finds what readers may receive.
A change that cannot be decided, such as another `pattern`, counts as breaking (ADR 0021).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from shopdb_core.declarations.named_fields import evidence_paths
from shopdb_core.declarations.schema_comparison import SchemaComparison
from shopdb_core.declarations.submission_schema import (
    ANNOTATIONS,
    identity_rules,
    submission_schema,
    subschemas,
)
from shopdb_core.declarations.validation.messages import describe
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.json_text import canonical, pointer, pointer_keys
from shopdb_hookspecs import JsonObject

_NOTED = MappingProxyType(
    {
        ("deprecated", True): "is deprecated: a later major version may remove it",
        ("x-volatile", True): "is now volatile: a change of it alone is volatileonly in the audit",
        ("x-volatile", False): "is no longer volatile: the audit keeps each new value as a change",
    }
)
_KEEP_FIELD = 'keep the field, and mark it "deprecated": true until the next major version'
_KEEP_RULE = "keep the rule as it was, or add a field with the new one"


class Step(IntEnum):
    """A step of semantic versioning, in ascending order."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two declarations.

    `place` is a JSON pointer (RFC 6901) into the newer declaration, or into the older one for a removal.
    `sentence` says what changed and how it affects clients or readers, `remedy` how to avoid that.
    """

    place: str
    sentence: str
    step: Step
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}"


def step_of(changes: Iterable[Change]) -> Step:
    """Return the version step that all changes together need."""
    return max((change.step for change in changes), default=Step.NONE)


def compare_declarations(
    old: JsonObject, new: JsonObject, examples: Sequence[JsonObject] = ()
) -> list[Change]:
    """Return the changes between two valid declarations, breaking changes first.

    If none is major, `new` accepts every submission of declared fields that `old` accepts, and keeps all its
    fields. `examples` are submissions of the older release; each one that `old` accepts and `new` refuses is
    a major change.
    """
    if canonical(old) == canonical(new):
        return []
    found = {*_outline(old, new), *_fields(old, new), *_annotations(old, new)}
    found.update(_examples(old, new, examples) if examples else ())
    if not found:
        return [Change("", "is written differently; submissions are accepted as before", Step.PATCH)]
    return sorted(found, key=lambda change: (-change.step, change.place, change.sentence))


def _outline(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    """Compare the keys that affect a submission as a whole: its identity, required and undeclared fields."""
    was, now = old["identityfield"], new["identityfield"]
    if was != now:
        sentence = f"was {describe(was)} and is now {describe(now)}: every device becomes another asset"
        remedy = "keep it, and collect by the new one under another plugin's name"
        yield Change("/identityfield", sentence, Step.MAJOR, remedy)
    yield from _required(old, new)
    yield from _secondary(old, new)
    rejected = [each.get("additionalfields") == "reject" for each in (old, new)]
    if rejected == [False, True]:
        sentence = (
            "submissions with undeclared fields are now refused; the fields were dropped with a warning"
        )
        yield Change("/additionalfields", sentence, Step.MAJOR, "keep warn")
    elif rejected == [True, False]:
        sentence = "undeclared fields are now dropped with a warning; the submission was refused"
        yield Change("/additionalfields", sentence, Step.MINOR)


def _secondary(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    before, after = (list(map(str, evidence_paths(each))) for each in (old, new))
    was, now = (", ".join(map(describe, paths)) or "absent" for paths in (before, after))
    changed = f"was {was} and is now {now}"
    if set(before) - set(after):
        sentence = f"{changed}: renamed devices are no longer recognised by what is missing"
        yield Change("/secondaryidentity", sentence, Step.MAJOR, "keep it, and add others")
    elif before != after:
        sentence = f"{changed}: submissions may get a warning, or be matched by it"
        yield Change("/secondaryidentity", sentence, Step.MINOR)


def _required(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    before, after = ({*each.get("required", ()), each["identityfield"]} for each in (old, new))
    for index, name in enumerate(new.get("required", ())):
        if name not in before:
            sentence = f"{describe(name)} is now required: submissions without it are refused"
            yield Change(f"/required/{index}", sentence, Step.MAJOR, "leave it optional")
    for index, name in enumerate(old.get("required", ())):
        if name in new["fields"] and name not in after:
            sentence = f"{describe(name)} is now optional: readers may receive assets without it"
            yield Change(f"/required/{index}", sentence, Step.MINOR)


def _annotations(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    """Compare the keywords that only readers and the audit use, at places that both declarations have."""
    for key in ("x-label", "x-columns", "x-software"):
        if old.get(key) != new.get(key):
            yield Change(f"/{key}", f"the {key} changed; submissions are accepted as before", Step.PATCH)
    before = subschemas(old)
    for place, rules in subschemas(new).items():
        had = before.get(place, rules)
        if not isinstance(had, dict) or not isinstance(rules, dict):
            continue
        for keyword in ANNOTATIONS:
            was, now = (each.get(keyword) or None for each in (had, rules))
            if was != now and (note := _NOTED.get((keyword, bool(now)))):
                yield Change(f"{place}/{keyword}", note, Step.MINOR)
            elif was != now:
                sentence = f"the {keyword} changed; submissions are accepted as before"
                yield Change(f"{place}/{keyword}", sentence, Step.PATCH)


def _examples(old: JsonObject, new: JsonObject, examples: Sequence[JsonObject]) -> Iterator[Change]:
    before, after = (SubmissionValidator(submission_schema("", each)) for each in (old, new))
    for number, example in enumerate(examples, start=1):
        for fault in after.faults(example, limit=1) if before.accepts(example) else ():
            sentence = f"example {number} of the older release is refused: {fault.pointer} {fault.message}"
            yield Change(
                pointer(["fields", *pointer_keys(fault.pointer)[:1]]), sentence, Step.MAJOR, _KEEP_RULE
            )


def _fields(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    for name in sorted(old["fields"].keys() | new["fields"].keys()):
        place = pointer(["fields", name])
        if name not in new["fields"]:
            refused = new.get("additionalfields") == "reject"
            then = "submissions with it are refused" if refused else "its values are dropped with a warning"
            yield Change(place, f"was removed: {then}", Step.MAJOR, _KEEP_FIELD)
        elif name not in old["fields"]:
            yield Change(place, "is new: readers may receive an unknown field", Step.MINOR)
        else:
            yield from _values_of(place, name, old, new)


def _values_of(place: str, name: str, old: JsonObject, new: JsonObject) -> Iterator[Change]:
    """Compare the schemas of a field that both declarations have."""
    before, after = old["fields"][name], new["fields"][name]
    if name == old["identityfield"] == new["identityfield"]:
        before, after = identity_rules(before), identity_rules(after)
    narrower = {gap.place: gap for gap in SchemaComparison(old, new).gaps(before, after, place)}
    wider = {gap.place: gap for gap in SchemaComparison(new, old).gaps(after, before, place)}
    for gap in narrower.values():
        sentence = f"{gap.sentence(gap.had, gap.rule)}: values that were accepted may be refused"
        yield Change(gap.place, sentence, Step.MAJOR, _KEEP_RULE)
    for gap in (wider[place] for place in wider.keys() - narrower.keys()):
        sentence = f"{gap.sentence(gap.rule, gap.had)}: readers may receive values that were refused"
        if gap.converts():
            sentence += ", and what PowerShell sends may be stored without conversion"
            yield Change(gap.place, sentence, Step.MAJOR, _KEEP_RULE)
        else:
            yield Change(gap.place, sentence, Step.MINOR)
