"""The keywords that explain: lazy, one fault a member, and never of another verdict than the compiled one."""

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from jsonschema import ValidationError

from shopdb_core.plugins.compiled import CompiledParts
from shopdb_hookspecs import Json

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
