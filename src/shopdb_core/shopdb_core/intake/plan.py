"""Where a collector's schema asks for an array or a date-time: found once, followed for each submission."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from shopdb_core.intake.kinds import ALL_KINDS, Schemas
from shopdb_hookspecs import Json, JsonObject


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
