"""`compare_declarations` finds the changes between two declarations and the version step that each needs.

Fields are compared keyword by keyword: a rule of the newer schema must follow from the same keyword of the
older one, or clients may break. In the other direction, the comparison finds what readers may receive.
A change that cannot be decided, such as another `pattern`, counts as breaking (ADR 0021).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from operator import ge, le
from types import MappingProxyType
from typing import Any

from jsonschema_rs import Validator

from shopdb_core.declarations.compiled import accepts, compile_schema
from shopdb_core.declarations.messages import describe, shortened
from shopdb_core.declarations.references import referenced
from shopdb_core.declarations.submission_schema import identity_rules, submission_schema, subschemas
from shopdb_core.declarations.validator import SubmissionValidator
from shopdb_core.json_text import canonical, pointer, pointer_keys
from shopdb_hookspecs import Json, JsonObject

MOST_COMPARISONS, DEEPEST = 5_000, 60
"""The limits of one comparison: schemas may branch without end, and Python's stack is limited."""

_ANNOTATIONS = ("title", "description", "$comment", "default", "examples", "deprecated", "x-volatile")
_NOTED = MappingProxyType(
    {
        ("deprecated", True): "is deprecated: a later major version may remove it",
        ("x-volatile", True): "is now volatile: a change of it alone is volatileonly in the audit",
        ("x-volatile", False): "is no longer volatile: the audit keeps each new value as a change",
    }
)
_KEEP_FIELD = 'keep the field, and mark it "deprecated": true until the next major version'
_KEEP_RULE = "keep the rule as it was, or add a field with the new one"
_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_ABSENT = object()

_ORDERED: Mapping[str, tuple[str, Callable[[Any, Any], bool], Json]] = MappingProxyType(
    {
        **dict.fromkeys(("minimum", "exclusiveMinimum"), ("integer", ge, None)),
        **dict.fromkeys(("maximum", "exclusiveMaximum"), ("integer", le, None)),
        "multipleOf": ("integer", lambda had, rule: had % rule == 0, None),
        "minLength": ("string", ge, 0),
        "maxLength": ("string", le, None),
        "minItems": ("array", ge, 0),
        "maxItems": ("array", le, None),
        "uniqueItems": ("array", ge, False),
        "minProperties": ("object", ge, 0),
        "maxProperties": ("object", le, None),
        "required": ("object", lambda had, rule: set(had) >= set(rule), ()),
    }
)
"""The type that a keyword applies to, whether one value of it implies another, and its default."""

_DESCENDED = frozenset({*_ANNOTATIONS, "properties", "additionalProperties", "then", "else"})
_DEPENDENT = ("if", "then", "else", "items", "prefixItems")
"""Keywords whose meaning depends on each other."""


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
    was, now = old.get("secondaryidentity"), new.get("secondaryidentity")
    if was and was != now:
        sentence = (
            f"was {describe(was)} and is now {describe(now)}: renamed devices are no longer recognised by it"
        )
        yield Change("/secondaryidentity", sentence, Step.MAJOR, "keep it as it was")
    elif was != now:
        sentence = f"is new, {describe(now)}: submissions may get a warning, or be matched by it"
        yield Change("/secondaryidentity", sentence, Step.MINOR)
    rejected = [each.get("additionalfields") == "reject" for each in (old, new)]
    if rejected == [False, True]:
        sentence = (
            "submissions with undeclared fields are now refused; the fields were dropped with a warning"
        )
        yield Change("/additionalfields", sentence, Step.MAJOR, "keep warn")
    elif rejected == [True, False]:
        sentence = "undeclared fields are now dropped with a warning; the submission was refused"
        yield Change("/additionalfields", sentence, Step.MINOR)


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
    before = subschemas(old)
    for place, rules in subschemas(new).items():
        had = before.get(place, rules)
        if not isinstance(had, dict) or not isinstance(rules, dict):
            continue
        for keyword in _ANNOTATIONS:
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
    narrower = {gap.place: gap for gap in _Comparison(old, new).gaps(before, after, place)}
    wider = {gap.place: gap for gap in _Comparison(new, old).gaps(after, before, place)}
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


@dataclass(frozen=True, slots=True)
class _Gap:
    """A rule of one schema that does not follow from the other schema, which has `had` instead."""

    place: str
    had: Any = None
    rule: Any = None

    def sentence(self, was: object, now: object) -> str:
        if was is None and now is None:
            return "is too large to be compared"
        before, after = ("absent" if each is _ABSENT else shortened(json.dumps(each)) for each in (was, now))
        changed = f"was {before} and is now {after}" if before != after else "depends on a rule that changed"
        return f"{pointer_keys(self.place)[-1]} {changed}"

    def converts(self) -> bool:
        """Whether this rule may make the server convert date-times or single values (contract, section 2)."""
        return any(text in canonical(self.rule) for text in (b'"array"', b'"date-time"'))


class _Comparison:
    """Finds the rules of the reader's declaration that a value valid for the writer's may violate."""

    def __init__(self, writer: JsonObject, reader: JsonObject) -> None:
        self._writer, self._reader = writer, reader
        self._same_definitions = canonical(writer.get("$defs", {})) == canonical(reader.get("$defs", {}))
        self._left = MOST_COMPARISONS
        self._open: set[tuple[int, int]] = set()

    def gaps(self, writer: Json, reader: Json, place: str) -> list[_Gap]:
        """Return the rules of the reader's subschema that do not follow from the writer's.

        The list is empty only if all rules follow. A recursive schema reaches the same pair of subschemas
        again, one level deeper in the value; that pair is assumed to follow, since values are finite.
        """
        writer, _ = _resolved(writer, self._writer, place)
        reader, place = _resolved(reader, self._reader, place)
        pair = (id(writer), id(reader))
        if reader is True or writer is False or pair in self._open or self._same(writer, reader):
            return []
        if reader is False:
            return [_Gap(place, writer, reader)]
        if self._left == 0 or len(self._open) == DEEPEST:
            return [_Gap(place)]
        self._left -= 1
        self._open.add(pair)
        found = list(self._found({} if writer is True else writer, reader, place))
        self._open.discard(pair)
        return found

    def _found(self, writer: JsonObject, reader: JsonObject, place: str) -> Iterator[_Gap]:
        if self._accepts_listed(writer, reader):
            return
        for keyword, rule in reader.items():
            if keyword not in _DESCENDED and not self._follows(writer, reader, keyword):
                yield _Gap(f"{place}/{keyword}", writer.get(keyword, _ABSENT), rule)
        for path, had, rule in _inner(writer, reader):
            yield from self.gaps(had, rule, place + path)

    def _accepts_listed(self, writer: JsonObject, reader: JsonObject) -> bool:
        """Whether `writer` lists its values and `reader` accepts all valid ones of these."""
        values = writer.get("enum", [writer["const"]] if "const" in writer else [])
        if not values:
            return False
        before, after = _compiled(writer, self._writer), _compiled(reader, self._reader)
        return all(accepts(after, each) for each in values if accepts(before, each))

    def _follows(self, writer: JsonObject, reader: JsonObject, keyword: str) -> bool:
        """Whether the reader's rule follows; a keyword without an order follows from equal text alone."""
        if keyword == "type":
            return _types(writer) <= _types(reader)
        if keyword in _ORDERED:
            about, implies, absent = _ORDERED[keyword]
            had = writer.get(keyword, absent)
            return about not in _types(writer) or (had is not None and implies(had, reader[keyword]))
        if keyword in {"$ref", "allOf", "anyOf"}:
            return self._branches_follow(keyword, writer, reader)
        plain = keyword == "items" and "prefixItems" not in {**writer, **reader}
        return plain or self._same(writer, reader, *(_DEPENDENT if keyword in _DEPENDENT else (keyword,)))

    def _branches_follow(self, keyword: str, writer: JsonObject, reader: JsonObject) -> bool:
        had, rules = _branches(writer, keyword), _branches(reader, keyword)
        if keyword == "anyOf":
            return all(any(not self.gaps(each, rule, "") for rule in rules) for each in had or [writer])
        return all(any(not self.gaps(each, rule, "") for each in [*had, writer]) for rule in rules)

    def _same(self, writer: Json, reader: Json, *keywords: str) -> bool:
        """Whether both (or these keywords of both) have equal text and refer to equal definitions."""
        if keywords:
            writer, reader = (
                {key: each[key] for key in keywords if key in each} for each in (writer, reader)
            )
        text = canonical(writer)
        return text == canonical(reader) and (self._same_definitions or b'"$ref"' not in text)


def _resolved(rules: Json, declaration: JsonObject, place: str) -> tuple[Json, str]:
    """Return a subschema and its place; one that is only a reference is replaced by its target."""
    while isinstance(rules, dict) and "$ref" in rules and rules.keys() <= {"$ref", *_ANNOTATIONS}:
        place = rules["$ref"].removeprefix("#")
        rules = referenced(rules["$ref"], declaration)
    return rules, place


def _compiled(rules: JsonObject, declaration: JsonObject) -> Validator:
    return compile_schema({**rules, "$defs": declaration.get("$defs", {})})


def _types(rules: JsonObject) -> frozenset[str]:
    """Return the types that `type` allows; `number` includes `integer`."""
    named = rules.get("type", _TYPES)
    types = frozenset([named] if isinstance(named, str) else named)
    return types | {"integer"} if "number" in types else types


def _inner(writer: JsonObject, reader: JsonObject) -> Iterator[tuple[str, Json, Json]]:
    """Yield the path and both schemas of a value's parts: named members, other members, items."""
    names = sorted({**writer.get("properties", {}), **reader.get("properties", {})})
    if "object" in _types(writer):
        for name in names:
            yield pointer(["properties", name]), _member(writer, name), _member(reader, name)
        others = (each.get("additionalProperties", True) for each in (writer, reader))
        yield "/additionalProperties", *others
    if "array" in _types(writer):
        yield "/items", writer.get("items", True), reader.get("items", True)


def _branches(rules: JsonObject, keyword: str) -> list[Json]:
    found = rules.get(keyword, [])
    return found if isinstance(found, list) else [{keyword: found}]


def _member(rules: JsonObject, name: str) -> Json:
    return rules.get("properties", {}).get(name, rules.get("additionalProperties", True))
