"""The one verdict on JSON values: jsonschema-rs, closed to the outside, patterns in linear time."""

from collections.abc import Mapping

import jsonschema_rs

from shopdb_core.plugins.formats import format_checks
from shopdb_core.plugins.keywords import walk
from shopdb_core.plugins.patterns import ENGINE, compile_pattern
from shopdb_hookspecs import Json


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
