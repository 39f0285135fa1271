"""`SubmissionValidator` decides whether a submission is valid, and lists its faults.

jsonschema-rs decides. Only for a refused submission, jsonschema finds the places, with keywords of our own
that are lazy and take each decision on a subschema from jsonschema-rs (ADR 0002).
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
    """Compile a schema; it checks formats, fetches nothing and matches patterns in linear time.

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
    """Whether the value is valid; one that jsonschema-rs cannot read, such as a lone surrogate, is not."""
    try:
        return compiled.is_valid(value)
    except (ValueError, OverflowError):
        return False


class CompiledSubschemas:
    """Each subschema of a document, compiled on its own."""

    def __init__(self, document: Mapping[str, Json]) -> None:
        """Compile the subschemas of `document`, which must not be changed or freed before this object.

        A reference points into the `$defs` of the document, so a subschema is compiled with these.
        """
        subschemas = [schema for _, schema in walk(document, "") if isinstance(schema, dict)]
        shared = {"$defs": document.get("$defs", {})}
        self._compiled = {id(schema): compile_schema({**schema, **shared}) for schema in subschemas}
        self._patterns = {
            schema["pattern"]: compile_pattern(schema["pattern"])
            for schema in subschemas
            if "pattern" in schema
        }
        self._distinct = compile_schema({"uniqueItems": True})

    def accept(self, schema: Json, value: Json) -> bool:
        """Whether the value is valid under `schema`, which is the very subschema object of the document."""
        return schema if isinstance(schema, bool) else accepts(self._compiled[id(schema)], value)

    def matches(self, pattern: str, text: str) -> bool:
        """Whether the pattern of a subschema occurs in the text."""
        return self._patterns[pattern](text)

    def distinct(self, items: list[Json]) -> bool:
        """Whether all items differ by the rules of JSON Schema (1 equals 1.0, 1 does not equal true)."""
        return accepts(self._distinct, items)


Keyword: TypeAlias = Callable[[Any, Json, Json, Json], Iterator[ValidationError]]
"""A keyword of jsonschema: called with validator, value of the keyword, instance, whole schema."""


class ExplainingKeywords:
    """Replaces keywords of jsonschema that visit every item, compare all pairs or backtrack.

    The errors are without a message; `messages.sentence` returns it.
    """

    def __init__(self, subschemas: CompiledSubschemas) -> None:
        """Decide on subschemas by `subschemas`."""
        self._subschemas = subschemas

    def by_name(self) -> dict[str, Keyword]:
        """Return the keywords in the form that `jsonschema.validators.create` takes."""
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
                if not self._subschemas.accept(rules, value[index]):
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
                if name not in declared and not self._subschemas.accept(rules, member):
                    yield from _member(validator, rules, value, name)

    def _property_names(self, _: Any, rules: Json, value: Json, __: Json) -> Iterator[ValidationError]:
        if isinstance(value, dict):
            yield from (
                ValidationError("", path=[name]) for name in value if not self._subschemas.accept(rules, name)
            )

    def _required(self, _: Any, names: Json, value: Json, __: Json) -> Iterator[ValidationError]:
        if isinstance(value, dict):
            yield from (ValidationError("", path=[name]) for name in names if name not in value)

    def _dependent_required(self, _: Any, rules: Json, value: Json, __: Json) -> Iterator[ValidationError]:
        if isinstance(value, dict):
            needed = (name for given, names in rules.items() if given in value for name in names)
            yield from (ValidationError("", path=[name]) for name in needed if name not in value)

    def _pattern(self, _: Any, pattern: Json, value: Json, __: Json) -> Iterator[ValidationError]:
        if isinstance(value, str) and not self._subschemas.matches(pattern, value):
            yield ValidationError("")

    def _unique_items(self, _: Any, wanted: Json, value: Json, __: Json) -> Iterator[ValidationError]:
        if wanted and isinstance(value, list) and not self._subschemas.distinct(value):
            yield ValidationError("", path=_first_repeated(value))

    def _any_of(self, validator: Any, branches: Json, value: Json, _: Json) -> Iterator[ValidationError]:
        if not any(self._subschemas.accept(branch, value) for branch in branches):
            yield from _nearest(validator, branches, value)

    def _one_of(self, validator: Any, branches: Json, value: Json, _: Json) -> Iterator[ValidationError]:
        accepted = sum(self._subschemas.accept(branch, value) for branch in branches)
        if accepted == 0:
            yield from _nearest(validator, branches, value)
        elif accepted > 1:
            yield ValidationError("")


def _member(validator: Any, rules: Json, value: Json, key: str | int) -> Iterator[ValidationError]:
    """Yield the errors of one member; jsonschema itself loses the path of a member that is not allowed."""
    if rules is False:
        yield ValidationError("", path=[key])
    else:
        yield from validator.descend(value[key], rules, path=key)


def _first_repeated(items: list[Json]) -> list[int]:
    """Return the path of the first item that repeats an earlier one; empty for equal numbers as 1, 1.0."""
    seen = set()
    for index, item in enumerate(items):
        text = json.dumps(item, sort_keys=True)
        if text in seen:
            return [index]
        seen.add(text)
    return []


def _nearest(validator: Any, branches: list[Json], value: Json) -> Iterator[ValidationError]:
    """Yield the errors of the alternative for the value's type if there is exactly one."""
    matching = [branch for branch in branches if _matches_type(validator, branch, value)]
    if len(matching) == 1:
        yield from validator.descend(value, matching[0])
    else:
        yield ValidationError("")


def _matches_type(validator: Any, branch: Json, value: Json) -> bool:
    if isinstance(branch, bool):
        return branch
    types = branch.get("type", ())
    types = [types] if isinstance(types, str) else types
    return not types or any(validator.is_type(value, each) for each in types)


class SubmissionValidator:
    """Validates submissions against one schema, which is compiled once.

    It never reads a file or opens a socket: references point into the schema's own `$defs`.
    Threads may share it.
    """

    def __init__(self, schema: JsonObject) -> None:
        """Compile a sound schema, which must not be changed afterwards.

        Raises `jsonschema_rs.ValidationError` for a schema that cannot be compiled.
        """
        self._compiled = compile_schema(schema)
        self._members = compile_schema({**schema, "required": []})
        keywords = {
            **Draft202012Validator.VALIDATORS,
            **ExplainingKeywords(CompiledSubschemas(schema)).by_name(),
        }
        explaining = create(Draft202012Validator.META_SCHEMA, keywords)
        self._explaining = explaining(schema, registry=Registry(), format_checker=format_checker())

    def accepts(self, submission: Json) -> bool:
        """Whether the submission is valid; never raises for a value that `json.loads` can return."""
        return accepts(self._compiled, submission)

    def accepts_members(self, members: JsonObject) -> bool:
        """Whether some members of a submission are valid, whatever the others are."""
        return accepts(self._members, members)

    def faults(self, submission: Json, limit: int | None = 20) -> list[Fault]:
        """Return at most `limit` faults (`None`: all); the list is empty if and only if it is accepted."""
        if self.accepts(submission):
            return []
        errors = islice(self._explaining.iter_errors(submission), limit)
        return [_fault(error) for error in errors] or list(self._unexplained(submission))

    def _unexplained(self, submission: Json) -> Iterator[Fault]:
        """Yield the fault that jsonschema-rs reports, for a value that jsonschema accepts."""
        try:
            first = next(iter(self._compiled.iter_errors(submission)))
        except (ValueError, OverflowError) as error:
            yield Fault("", "json", f"is not JSON: {shortened(str(error))}")
        else:
            yield Fault(pointer(first.instance_path), first.kind.name, shortened(first.message))


def _fault(error: ValidationError) -> Fault:
    path = list(error.absolute_path)
    violation = Violation(
        keyword=str(error.validator or "false"),
        rule=error.validator_value,
        schema=error.schema,
        name=str(path[-1]) if path else "",
        value=error.instance,
    )
    return Fault(pointer(path), violation.keyword, sentence(violation))
