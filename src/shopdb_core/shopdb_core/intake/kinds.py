"""Which JSON types a schema allows at its place."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from shopdb_core.plugins.references import referenced
from shopdb_hookspecs import Json, JsonObject

ALL_KINDS = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})

_KINDS_OF: Mapping[type, frozenset[str]] = MappingProxyType(
    {
        type(None): frozenset({"null"}),
        bool: frozenset({"boolean"}),
        int: frozenset({"integer", "number"}),
        float: frozenset({"integer", "number"}),
        str: frozenset({"string"}),
        list: frozenset({"array"}),
        dict: frozenset({"object"}),
    },
)


def is_of(value: Json, kinds: frozenset[str]) -> bool:
    """Tell whether a value is of one of these JSON types; a float may turn out to be an integer."""
    return not kinds.isdisjoint(_KINDS_OF[type(value)])


class Schemas:
    """The schemas of one declaration, whose references point into its `$defs` (contract, section 1)."""

    def __init__(self, definitions: JsonObject) -> None:
        self._root = {"$defs": definitions}

    def parts(self, schema: Json) -> Iterator[JsonObject]:
        """Give the schema and all that it applies to the same place, the nearest first."""
        if not isinstance(schema, Mapping):
            return
        yield schema
        if "$ref" in schema:
            yield from self.parts(referenced(schema["$ref"], self._root))
        for keyword in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(keyword, ()):
                yield from self.parts(branch)

    def kinds(self, schema: Json) -> frozenset[str]:
        """Give the JSON types that a value may have to satisfy the schema."""
        if not isinstance(schema, Mapping):
            return ALL_KINDS
        kinds = _declared(schema)
        if "$ref" in schema:
            kinds &= self.kinds(referenced(schema["$ref"], self._root))
        for branch in schema.get("allOf", ()):
            kinds &= self.kinds(branch)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                kinds &= frozenset[str]().union(*map(self.kinds, schema[keyword]))
        return kinds


def _declared(schema: JsonObject) -> frozenset[str]:
    declared = schema.get("type", ALL_KINDS)
    return frozenset({declared} if isinstance(declared, str) else declared)
