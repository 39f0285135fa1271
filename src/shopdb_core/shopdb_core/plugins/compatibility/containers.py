"""The keywords that look into a value: at the members of an object, the items of an array."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import TypeAlias

from shopdb_core.plugins.compatibility.facts import Facts, facts
from shopdb_core.plugins.compatibility.gap import Gap
from shopdb_core.plugins.compatibility.parts import Part

_NAMES = frozenset({"string"})

Gaps: TypeAlias = Callable[[Facts, Part], list[Gap]]
"""Compares what is known of one value with one subschema."""


def _properties(known: Facts, part: Part, gaps: Gaps) -> Iterator[Gap]:
    for name in part.keyword("properties"):
        yield from gaps(known.member(name), part.inner("properties", name))


def _additional_properties(known: Facts, part: Part, gaps: Gaps) -> Iterator[Gap]:
    rules = part.inner("additionalProperties")
    for name in sorted(known.names() - set(part.keyword("properties") or ())):
        found = gaps(known.member(name), rules)
        yield from [Gap(known.place_of(name), "member", subject=name)] if found and not rules.rules else found
    yield from gaps(known.other_member(), rules)


def _property_names(known: Facts, part: Part, gaps: Gaps) -> Iterator[Gap]:
    rules = part.inner("propertyNames")
    if not (known.other_member().is_empty() and all(map(rules.verdict(), known.names()))):
        named = facts(*(each.inner("propertyNames") for each in known.having("propertyNames")))
        yield from gaps(named.only(_NAMES), rules)


def _required(known: Facts, part: Part, _gaps: Gaps) -> Iterator[Gap]:
    promised = set(chain.from_iterable(known.stated("required")))
    for name in part.keyword("required"):
        if name not in promised:
            yield Gap(f"{part.place}/required", "required", subject=name)


def _dependent_required(known: Facts, part: Part, _gaps: Gaps) -> Iterator[Gap]:
    promised = set(chain.from_iterable(known.stated("required")))
    place = f"{part.place}/dependentRequired"
    for given, names in part.keyword("dependentRequired").items():
        follow = (rule.get(given, ()) for rule in known.stated("dependentRequired"))
        present = promised.union([given], *follow)
        if not known.member(given).is_empty():
            lacking = (name for name in names if name not in present)
            yield from (Gap(place, "dependentRequired", rule=given, subject=name) for name in lacking)


def _prefix_items(known: Facts, part: Part, gaps: Gaps) -> Iterator[Gap]:
    for index, rules in enumerate(part.branches("prefixItems")):
        if index < known.longest():
            yield from gaps(known.item(index), rules)


def _items(known: Facts, part: Part, gaps: Gaps) -> Iterator[Gap]:
    first = len(part.keyword("prefixItems") or ())
    # One position beyond all that have rules of their own stands for the rest.
    for index in range(first, max(first, known.positions()) + 1):
        if index < known.longest():
            yield from gaps(known.item(index), part.inner("items"))


CONTAINERS: Mapping[str, tuple[str, Callable[[Facts, Part, Gaps], Iterator[Gap]]]] = MappingProxyType(
    {
        "properties": ("object", _properties),
        "additionalProperties": ("object", _additional_properties),
        "propertyNames": ("object", _property_names),
        "required": ("object", _required),
        "dependentRequired": ("object", _dependent_required),
        "prefixItems": ("array", _prefix_items),
        "items": ("array", _items),
    }
)
"""Each keyword with the kind of value that it looks into, and what it asks for beyond the known."""
