"""Where a collector's schema expects an array or a date: computed once, used for each submission."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from shopdb_core.declarations.references import referenced
from shopdb_hookspecs import Json, JsonObject

ALL_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})

_JSON_TYPES: Mapping[type, frozenset[str]] = MappingProxyType(
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


def has_type(value: Json, types: frozenset[str]) -> bool:
    """Return whether a value may be of one of these JSON types; a float may be an integer, such as 1.0."""
    return not types.isdisjoint(_JSON_TYPES[type(value)])


@dataclass(slots=True, eq=False)
class Plan:
    """What the schema expects of one value; the plan of a recursive schema leads back to itself.

    `is_date` is set for the format `date-time`, `is_day` for `date`. `items` and `properties` hold only plans
    below which there is one of these or an array.
    """

    types: frozenset[str] = ALL_TYPES
    item_types: frozenset[str] = ALL_TYPES
    is_date: bool = False
    is_day: bool = False
    items: "Plan | None" = None
    properties: dict[str, "Plan"] = field(default_factory=dict)

    def is_array(self) -> bool:
        """Return whether the schema allows an array and not every type."""
        return "array" in self.types and self.types != ALL_TYPES

    def has_date(self) -> bool:
        """Return whether the schema expects a date, with or without a time."""
        return self.is_date or self.is_day

    def concerns_none(self, items: list[Json]) -> bool:
        """Return whether all items are objects without a member that has a plan, as most programs are.

        Comparing sets takes a tenth of the time of visiting the items.
        """
        if self.has_date() or self.is_array() or self.items is not None or set(map(type, items)) != {dict}:
            return False
        return self.properties.keys().isdisjoint(set().union(*items))

    def inner(self) -> Iterator["Plan"]:
        """Yield the plans of the values inside."""
        yield from self.properties.values()
        if self.items is not None:
            yield self.items


def field_plans(declaration: JsonObject) -> dict[str, Plan]:
    """Return the plans of the fields that have anything to coerce, for a declaration without faults."""
    planner = _Planner(declaration)
    root = Plan(properties={name: planner.plan(schema) for name, schema in declaration["fields"].items()})
    _prune([root, *planner.plans.values()])
    return root.properties


class _Planner:
    """The plans of one declaration; references lead into its `$defs` (contract, section 1)."""

    def __init__(self, declaration: JsonObject) -> None:
        self._root = {"$defs": declaration.get("$defs", {})}
        self.plans: dict[int, Plan] = {}

    def plan(self, schema: Json) -> Plan:
        """Return the plan of a schema; a schema that occurs again, as in a recursion, gets the same plan."""
        known = self.plans.get(id(schema))
        return self._new_plan(schema) if known is None else known

    def _new_plan(self, schema: Json) -> Plan:
        plan = self.plans[id(schema)] = Plan(types=self._types(schema))
        for part in self._parts(schema):
            plan.is_date |= part.get("format") == "date-time"
            plan.is_day |= part.get("format") == "date"
            for name, inner in part.get("properties", {}).items():
                plan.properties.setdefault(name, self.plan(inner))
            if "items" in part and plan.items is None:
                plan.items = self.plan(part["items"])
                plan.item_types = plan.items.types
        return plan

    def _parts(self, schema: Json) -> Iterator[JsonObject]:
        """Yield the schema and all subschemas that apply to the same value, the nearest first."""
        if not isinstance(schema, Mapping):
            return
        yield schema
        if "$ref" in schema:
            yield from self._parts(referenced(schema["$ref"], self._root))
        for keyword in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(keyword, ()):
                yield from self._parts(branch)

    def _types(self, schema: Json) -> frozenset[str]:
        """Return the JSON types of the values that may fit the schema."""
        if not isinstance(schema, Mapping):
            return ALL_TYPES
        declared = schema.get("type", ALL_TYPES)
        types = frozenset({declared} if isinstance(declared, str) else declared)
        if "$ref" in schema:
            types &= self._types(referenced(schema["$ref"], self._root))
        for branch in schema.get("allOf", ()):
            types &= self._types(branch)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                types &= frozenset[str]().union(*map(self._types, schema[keyword]))
        return types


def _prune(plans: list[Plan]) -> None:
    """Remove the plans below which nothing can be coerced, so that they cost a submission nothing."""
    needed = {plan for plan in plans if plan.has_date() or plan.is_array()}
    while found := {plan for plan in plans if plan not in needed and not needed.isdisjoint(plan.inner())}:
        needed |= found
    for plan in plans:
        plan.items = plan.items if plan.items in needed else None
        plan.properties = {name: inner for name, inner in plan.properties.items() if inner in needed}
