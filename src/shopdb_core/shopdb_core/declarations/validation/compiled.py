"""A schema and each of its subschemas, compiled by jsonschema-rs, which takes every decision (ADR 0002)."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import compress, count
from operator import not_

import jsonschema_rs

from shopdb_core.declarations.formats import format_checks
from shopdb_core.declarations.patterns import ENGINE, compile_pattern
from shopdb_core.declarations.submission_schema import walk
from shopdb_core.json_text import canonical_text
from shopdb_hookspecs import Json


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
    """Each subschema of a document, compiled on its own when a submission is refused for the first time.

    A reference points into the `$defs` of the document, so a subschema is compiled with these.
    """

    def __init__(self, document: Mapping[str, Json]) -> None:
        """`document` must compile, and must not be changed or freed before this object."""
        self._document = document

    @cached_property
    def _subschemas(self) -> list[Mapping[str, Json]]:
        return [schema for _, schema in walk(self._document, "") if isinstance(schema, dict)]

    @cached_property
    def _compiled(self) -> dict[int, jsonschema_rs.Validator]:
        shared = {"$defs": self._document.get("$defs", {})}
        return {id(schema): compile_schema({**schema, **shared}) for schema in self._subschemas}

    @cached_property
    def _patterns(self) -> dict[str, Callable[[str], bool]]:
        patterns = [schema["pattern"] for schema in self._subschemas if "pattern" in schema]
        return {pattern: compile_pattern(pattern) for pattern in patterns}

    @cached_property
    def _distinct(self) -> jsonschema_rs.Validator:
        return compile_schema({"uniqueItems": True})

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
