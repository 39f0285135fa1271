"""`Explainer` lists the faults of a submission that jsonschema-rs has refused, by jsonschema (ADR 0002).

jsonschema finds the places, with keywords of our own that are lazy and take each decision on a subschema
from jsonschema-rs. `SubmissionValidator` imports this module when it refuses its first submission.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import create
from referencing import Registry

from shopdb_core.declarations.formats import format_checks
from shopdb_core.declarations.validation.compiled import CompiledSubschemas, repeated
from shopdb_core.declarations.validation.messages import Violation, sentence
from shopdb_core.errors import Fault
from shopdb_core.json_text import JsonPath, pointer
from shopdb_hookspecs import Json, JsonObject


def format_checker() -> FormatChecker:
    """Return our checks of formats for jsonschema."""
    checker = FormatChecker(formats=())
    for name, check in format_checks().items():
        checker.checks(name)(check)
    return checker


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


class Explainer:
    """Explains what one schema refuses; threads may share it."""

    def __init__(self, schema: JsonObject, subschemas: CompiledSubschemas) -> None:
        keywords = {
            **Draft202012Validator.VALIDATORS,
            **ExplainingKeywords(subschemas).by_name(),
        }
        explaining = create(Draft202012Validator.META_SCHEMA, keywords)
        self._explaining = explaining(schema, registry=Registry(), format_checker=format_checker())

    def faults(self, submission: Json, limit: int | None) -> list[Fault]:
        """Return at most `limit` faults (`None`: all); empty for a value that jsonschema accepts."""
        return [_fault(error) for error in islice(self._explaining.iter_errors(submission), limit)]

    def first_fault(self, submission: JsonObject, field: str) -> Fault:
        """Return the first fault of one field that is refused."""
        return self._first_of_member(self._explaining, submission, field, ())

    def first_item_fault(
        self, schemas: Sequence[Json], item: Json, path: tuple[str, int], member: str | None
    ) -> Fault:
        """Return the first fault of an item at `path`, or of one of its members; `schemas` are the item's."""
        for schema in schemas:
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
