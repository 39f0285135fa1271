"""Which JSON types a schema allows at its place.

Where a collector's schema asks for an array or a date-time: found once, followed for each submission.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from shopdb_core.declarations.references import referenced
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


@dataclass(slots=True, eq=False)
class Plan:
    """What to look for at one place of a submission; the plan of a recursive schema leads back to itself.

    `items` and `properties` hold only plans below which there is something to look for.
    """

    kinds: frozenset[str] = ALL_KINDS
    itemkinds: frozenset[str] = ALL_KINDS
    isdate: bool = False
    items: "Plan | None" = None
    properties: dict[str, "Plan"] = field(default_factory=dict)

    def isarray(self) -> bool:
        """Tell whether an array is due here, and not just anything."""
        return "array" in self.kinds and self.kinds != ALL_KINDS

    def inner(self) -> Iterator["Plan"]:
        """Give the plans of the places inside."""
        yield from self.properties.values()
        if self.items is not None:
            yield self.items


def field_plans(declaration: JsonObject) -> dict[str, Plan]:
    """Give the plans of those fields that have anything to coerce; the declaration has been checked."""
    planner = _Planner(Schemas(declaration.get("$defs", {})))
    root = Plan(properties={name: planner.plan(schema) for name, schema in declaration["fields"].items()})
    _prune([root, *planner.plans()])
    return root.properties


class _Planner:
    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._plans: dict[int, Plan] = {}

    def plans(self) -> Iterator[Plan]:
        """Give every plan made so far."""
        yield from self._plans.values()

    def plan(self, schema: Json) -> Plan:
        """Plan a schema once: it is known by its identity, which ends the recursion of recursive ones."""
        known = self._plans.get(id(schema))
        return self._new_plan(schema) if known is None else known

    def _new_plan(self, schema: Json) -> Plan:
        plan = self._plans[id(schema)] = Plan(kinds=self._schemas.kinds(schema))
        for part in self._schemas.parts(schema):
            plan.isdate |= part.get("format") == "date-time"
            for name, inner in part.get("properties", {}).items():
                plan.properties.setdefault(name, self.plan(inner))
            if "items" in part and plan.items is None:
                plan.items = self.plan(part["items"])
                plan.itemkinds = plan.items.kinds
        return plan


def _prune(plans: list[Plan]) -> None:
    """Cut off the places where nothing can be coerced, so that they cost a submission nothing."""
    busy = {plan for plan in plans if plan.isdate or plan.isarray()}
    while found := {plan for plan in plans if plan not in busy and not busy.isdisjoint(plan.inner())}:
        busy |= found
    for plan in plans:
        plan.items = plan.items if plan.items in busy else None
        plan.properties = {name: inner for name, inner in plan.properties.items() if inner in busy}
