"""`SubmissionValidator` decides whether a submission is valid, and lists its faults.

jsonschema-rs decides. Only for a refused submission, jsonschema finds the places, with keywords of our own
that are lazy and take each decision on a subschema from jsonschema-rs (ADR 0002).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress, count, islice
from operator import not_
from typing import Any, TypeAlias

import jsonschema_rs
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import create
from referencing import Registry

from shopdb_core.declarations.formats import format_checker, format_checks
from shopdb_core.declarations.messages import Violation, sentence, shortened
from shopdb_core.declarations.parts import PartVerdicts
from shopdb_core.declarations.patterns import ENGINE, compile_pattern
from shopdb_core.declarations.submission_schema import walk
from shopdb_core.errors import Fault
from shopdb_core.json_text import JsonPath, canonical_text, pointer
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

    def refused(self, schema: Json, values: Sequence[Json]) -> list[int]:
        """Return the indexes of the values that `schema` refuses, as `accept` does but many in one call."""
        if isinstance(schema, bool):
            return [] if schema else list(range(len(values)))
        compiled = self._compiled[id(schema)]
        try:
            return list(compress(count(), map(not_, map(compiled.is_valid, values))))
        except (ValueError, OverflowError):  # one of them cannot be read
            return [index for index, value in enumerate(values) if not accepts(compiled, value)]

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
            start = len(schema.get("prefixItems", ()))
            for index in self._subschemas.refused(rules, value[start:] if start else value):
                yield from _member(validator, rules, value, start + index)

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
    return next(([index] for index in repeated(items)), [])


def repeated(items: list[Json]) -> Iterator[int]:
    """Yield the indexes of the items that repeat an earlier one."""
    seen = set()
    for index, item in enumerate(items):
        text = _text(item)
        if text in seen:
            yield index
        seen.add(text)


def _text(item: Json) -> str:
    try:
        return canonical_text(item)
    except TypeError:  # half a surrogate pair, or beyond 64 bits
        return json.dumps(item, sort_keys=True)


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
        subschemas = CompiledSubschemas(schema)
        self.parts = PartVerdicts(schema, subschemas)
        self._members = compile_schema({**schema, "required": []})
        keywords = {
            **Draft202012Validator.VALIDATORS,
            **ExplainingKeywords(subschemas).by_name(),
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
        return [_fault(error) for error in errors] or [self._unexplained(submission)]

    def first_fault(self, submission: JsonObject, field: str) -> Fault:
        """Return the first fault of one field that is refused."""
        return self._first_of_member(self._explaining, submission, field, ())

    def first_item_fault(self, item: Json, path: tuple[str, int], member: str | None) -> Fault:
        """Return the first fault of the item of a field's list at `path`, or of one member of that item."""
        for schema in self.parts.list_rules(path[0]).items:
            explaining = self._explaining.evolve(schema=schema)
            if member is not None:
                return self._first_of_member(explaining, item, member, path)
            for error in explaining.iter_errors(item):
                return _fault(error, path)
        return _unnamed(path)

    def _first_of_member(self, explaining: Any, value: JsonObject, name: str, parent: JsonPath) -> Fault:
        """Explain one member alone, so that the others cost nothing."""
        for error in explaining.iter_errors({name: value[name]}):
            if error.absolute_path and error.absolute_path[0] == name:
                return _fault(error, parent)
        return _unnamed((*parent, name))

    def _unexplained(self, submission: Json) -> Fault:
        """Return the fault that jsonschema-rs reports, for a value that jsonschema accepts."""
        try:
            self._compiled.validate(submission)
        except jsonschema_rs.ValidationError as first:
            return Fault(pointer(first.instance_path), first.kind.name, shortened(first.message))
        except (ValueError, OverflowError) as error:
            return Fault("", "json", f"is not JSON: {shortened(str(error))}")
        raise AssertionError  # the caller has seen it refused


def _unnamed(path: JsonPath) -> Fault:
    return Fault(pointer(path), "schema", "does not fit its schema")


def _fault(error: ValidationError, parent: JsonPath = ()) -> Fault:
    """Describe an error of a value inside the value at `parent`."""
    path = (*parent, *error.absolute_path)
    violation = Violation(
        keyword=str(error.validator or "false"),
        rule=error.validator_value,
        schema=error.schema,
        name=str(path[-1]) if path else "",
        value=error.instance,
    )
    return Fault(pointer(path), violation.keyword, sentence(violation))
