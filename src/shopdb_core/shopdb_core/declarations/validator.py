"""The one verdict on JSON values: jsonschema-rs, closed to the outside, patterns in linear time.

The keywords that explain: lazy, one fault a member, and never of another verdict than the compiled one.

Whether a submission is valid, and what is wrong with it if it is not.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeAlias

import jsonschema_rs
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import create
from referencing import Registry

from shopdb_core.declarations.formats import format_checker, format_checks
from shopdb_core.declarations.messages import Violation, sentence, shortened
from shopdb_core.declarations.patterns import ENGINE, compile_pattern
from shopdb_core.declarations.submission_schema import walk
from shopdb_core.errors import Fault
from shopdb_core.json_text import pointer
from shopdb_hookspecs import Json, JsonObject


def compile_schema(schema: Mapping[str, Json]) -> jsonschema_rs.Validator:
    """Compile a schema that asserts formats, fetches nothing and matches patterns in linear time.

    Raises `jsonschema_rs.ValidationError` for a schema that cannot be compiled.
    """
    return jsonschema_rs.Draft202012Validator(
        dict(schema),
        formats=format_checks(),
        validate_formats=True,
        ignore_unknown_formats=False,
        offline=True,
        pattern_options=ENGINE,
    )


def accepts(compiled: jsonschema_rs.Validator, value: Json) -> bool:
    """Whether the value is valid; what jsonschema-rs cannot read (a lone surrogate, say) is not."""
    try:
        return compiled.is_valid(value)
    except (ValueError, OverflowError):
        return False


class CompiledParts:
    """Each subschema of a document compiled apart, for explanations that stop at the first faults."""

    def __init__(self, document: Mapping[str, Json]) -> None:
        """Compile the parts of `document`, which must live, unchanged, as long as this object.

        References reach into the `$defs` of the document alone: a part needs nothing else of it.
        """
        parts = [part for _, part in walk(document, "") if isinstance(part, dict)]
        shared = {"$defs": document.get("$defs", {})}
        self._parts = {id(part): compile_schema({**part, **shared}) for part in parts}
        self._patterns = {
            part["pattern"]: compile_pattern(part["pattern"]) for part in parts if "pattern" in part
        }
        self._distinct = compile_schema({"uniqueItems": True})

    def accept(self, part: Json, value: Json) -> bool:
        """Whether the value is valid under `part`, a subschema object of the document itself."""
        return part if isinstance(part, bool) else accepts(self._parts[id(part)], value)

    def matches(self, pattern: str, text: str) -> bool:
        """Whether the pattern, one of the document's, occurs in the text."""
        return self._patterns[pattern](text)

    def distinct(self, items: list[Json]) -> bool:
        """Whether no two items are equal as JSON Schema has it (1 and 1.0 are, 1 and true are not)."""
        return accepts(self._distinct, items)


Keyword: TypeAlias = Callable[[Any, Json, Json, Json], Iterator[ValidationError]]
"""A keyword of jsonschema: called with validator, value of the keyword, instance, whole schema."""


class ExplainingKeywords:
    """What replaces jsonschema's own keywords, which walk every item, compare all pairs and backtrack.

    The errors carry no message of their own: `messages.sentence` words them.
    """

    def __init__(self, parts: CompiledParts) -> None:
        """Take the verdicts on subschemas from `parts`."""
        self._parts = parts

    def by_name(self) -> dict[str, Keyword]:
        """Give the keywords in the form that `jsonschema.validators.create` takes."""
        return {
            "additionalProperties": self._additional_properties,
            "anyOf": self._any_of,
            "dependentRequired": self._dependent_required,
            "items": self._items,
            "oneOf": self._one_of,
            "pattern": self._pattern,
            "properties": self._properties,
            "propertyNames": self._property_names,
            "required": self._required,
            "uniqueItems": self._unique_items,
        }

    def _items(self, validator: Any, rules: Json, value: Json, schema: Json) -> Iterator[ValidationError]:
        if isinstance(value, list):
            for index in range(len(schema.get("prefixItems", ())), len(value)):
                if not self._parts.accept(rules, value[index]):
                    yield from _member(validator, rules, value, index)

    def _properties(self, validator: Any, rules: Json, value: Json, _: Json) -> Iterator[ValidationError]:
        if isinstance(value, dict):
            for name in rules:
                if name in value:
                    yield from _member(validator, rules[name], value, name)

    def _additional_properties(
        self, validator: Any, rules: Json, value: Json, schema: Json
    ) -> Iterator[ValidationError]:
        if isinstance(value, dict):
            declared = schema.get("properties", {})
            for name, member in value.items():
                if name not in declared and not self._parts.accept(rules, member):
                    yield from _member(validator, rules, value, name)

    def _property_names(self, _: Any, rules: Json, value: Json, __: Json) -> Iterator[ValidationError]:
        if isinstance(value, dict):
            yield from (
                ValidationError("", path=[name]) for name in value if not self._parts.accept(rules, name)
            )

    def _required(self, _: Any, names: Json, value: Json, __: Json) -> Iterator[ValidationError]:
        if isinstance(value, dict):
            yield from (ValidationError("", path=[name]) for name in names if name not in value)

    def _dependent_required(self, _: Any, rules: Json, value: Json, __: Json) -> Iterator[ValidationError]:
        if isinstance(value, dict):
            needed = (name for given, names in rules.items() if given in value for name in names)
            yield from (ValidationError("", path=[name]) for name in needed if name not in value)

    def _pattern(self, _: Any, pattern: Json, value: Json, __: Json) -> Iterator[ValidationError]:
        if isinstance(value, str) and not self._parts.matches(pattern, value):
            yield ValidationError("")

    def _unique_items(self, _: Any, wanted: Json, value: Json, __: Json) -> Iterator[ValidationError]:
        if wanted and isinstance(value, list) and not self._parts.distinct(value):
            yield ValidationError("", path=_first_repeated(value))

    def _any_of(self, validator: Any, branches: Json, value: Json, _: Json) -> Iterator[ValidationError]:
        if not any(self._parts.accept(branch, value) for branch in branches):
            yield from _nearest(validator, branches, value)

    def _one_of(self, validator: Any, branches: Json, value: Json, _: Json) -> Iterator[ValidationError]:
        accepted = sum(self._parts.accept(branch, value) for branch in branches)
        if accepted == 0:
            yield from _nearest(validator, branches, value)
        elif accepted > 1:
            yield ValidationError("")


def _member(validator: Any, rules: Json, value: Json, key: str | int) -> Iterator[ValidationError]:
    """Explain one member; jsonschema itself loses the path of a member that must not be there."""
    if rules is False:
        yield ValidationError("", path=[key])
    else:
        yield from validator.descend(value[key], rules, path=key)


def _first_repeated(items: list[Json]) -> list[int]:
    """Path of the first item that repeats an earlier one; empty where they differ in spelling (1, 1.0)."""
    seen = set()
    for index, item in enumerate(items):
        spelling = json.dumps(item, sort_keys=True)
        if spelling in seen:
            return [index]
        seen.add(spelling)
    return []


def _nearest(validator: Any, branches: list[Json], value: Json) -> Iterator[ValidationError]:
    """Explain by the one alternative that is meant for the value's type, where there is just one."""
    fitting = [branch for branch in branches if _fits(validator, branch, value)]
    if len(fitting) == 1:
        yield from validator.descend(value, fitting[0])
    else:
        yield ValidationError("")


def _fits(validator: Any, branch: Json, value: Json) -> bool:
    if isinstance(branch, bool):
        return branch
    types = branch.get("type", ())
    return not types or any(validator.is_type(value, each) for each in _listed(types))


def _listed(types: Json) -> list[str]:
    return [types] if isinstance(types, str) else types


class SubmissionValidator:
    """One schema, compiled once: jsonschema-rs has the verdict, jsonschema the explanation.

    Neither reads a file or opens a socket: references reach into the schema's own `$defs` alone.
    Safe to share between threads.
    """

    def __init__(self, schema: JsonObject) -> None:
        """Compile a sound schema, which must not be changed afterwards.

        Raises `jsonschema_rs.ValidationError` for a schema that cannot be compiled.
        """
        self._compiled = compile_schema(schema)
        keywords = {**Draft202012Validator.VALIDATORS, **ExplainingKeywords(CompiledParts(schema)).by_name()}
        explaining = create(Draft202012Validator.META_SCHEMA, keywords)
        self._explaining = explaining(schema, registry=Registry(), format_checker=format_checker())

    def accepts(self, submission: Json) -> bool:
        """Whether the submission is valid; never raises for what `json.loads` can return."""
        return accepts(self._compiled, submission)

    def faults(self, submission: Json, limit: int | None = 20) -> list[Fault]:
        """Explain a refusal by at most `limit` faults (`None`: all); empty exactly when accepted."""
        if self.accepts(submission):
            return []
        errors = islice(self._explaining.iter_errors(submission), limit)
        return [_fault(error) for error in errors] or list(self._unexplained(submission))

    def _unexplained(self, submission: Json) -> Iterator[Fault]:
        """Say what jsonschema-rs says: jsonschema saw nothing wrong."""
        try:
            first = next(iter(self._compiled.iter_errors(submission)))
        except (ValueError, OverflowError) as error:
            yield Fault("", "json", f"is not JSON: {shortened(str(error))}")
        else:
            yield Fault(pointer(first.instance_path), first.kind.name, shortened(first.message))


def _fault(error: ValidationError) -> Fault:
    path = list(error.absolute_path)
    breach = Violation(
        keyword=str(error.validator or "false"),
        rule=error.validator_value,
        schema=error.schema,
        name=str(path[-1]) if path else "",
        value=error.instance,
    )
    return Fault(pointer(path), breach.keyword, sentence(breach))
