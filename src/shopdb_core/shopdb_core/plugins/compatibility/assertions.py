"""The keywords that look at a value as a whole: when what is known of it implies them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from shopdb_core.plugins.compatibility.facts import Facts
from shopdb_core.plugins.compatibility.kinds import ALL_KINDS, NUMBERS, of_types
from shopdb_hookspecs import Json

_STRINGS, _ARRAYS, _OBJECTS = frozenset({"string"}), frozenset({"array"}), frozenset({"object"})


def _at_least(keyword: str) -> Callable[[Facts, Json], bool]:
    return lambda known, least: any(stated >= least for stated in [0, *known.stated(keyword)])


def _at_most(keyword: str) -> Callable[[Facts, Json], bool]:
    return lambda known, most: any(stated <= most for stated in known.stated(keyword))


def _the_same(keyword: str) -> Callable[[Facts, Json], bool]:
    return lambda known, rule: rule in known.stated(keyword)


def _type(known: Facts, types: Json) -> bool:
    return known.kinds <= of_types(types)


def _minimum(known: Facts, least: Json) -> bool:
    return any(stated >= least for stated in known.stated("minimum") + known.stated("exclusiveMinimum"))


def _maximum(known: Facts, most: Json) -> bool:
    return any(stated <= most for stated in known.stated("maximum") + known.stated("exclusiveMaximum"))


def _exclusive_minimum(known: Facts, bound: Json) -> bool:
    above = any(stated > bound for stated in known.stated("minimum"))
    return above or any(stated >= bound for stated in known.stated("exclusiveMinimum"))


def _exclusive_maximum(known: Facts, bound: Json) -> bool:
    below = any(stated < bound for stated in known.stated("maximum"))
    return below or any(stated <= bound for stated in known.stated("exclusiveMaximum"))


def _multiple_of(known: Facts, factor: int) -> bool:
    whole = factor == 1 and "fraction" not in known.kinds
    return whole or any(stated % factor == 0 for stated in known.stated("multipleOf"))


def _unique_items(known: Facts, wanted: Json) -> bool:
    return not wanted or known.longest() <= 1 or True in known.stated("uniqueItems")


def _never(_known: Facts, _rule: Json) -> bool:
    """Give up: that a value is one of a list follows from another list alone, which is looked at before."""
    return False


ASSERTIONS: Mapping[str, tuple[frozenset[str], Callable[[Facts, Json], bool]]] = MappingProxyType(
    {
        "type": (ALL_KINDS, _type),
        "enum": (ALL_KINDS, _never),
        "const": (ALL_KINDS, _never),
        "minLength": (_STRINGS, _at_least("minLength")),
        "maxLength": (_STRINGS, _at_most("maxLength")),
        "pattern": (_STRINGS, _the_same("pattern")),
        "format": (_STRINGS, _the_same("format")),
        "minimum": (NUMBERS, _minimum),
        "maximum": (NUMBERS, _maximum),
        "exclusiveMinimum": (NUMBERS, _exclusive_minimum),
        "exclusiveMaximum": (NUMBERS, _exclusive_maximum),
        "multipleOf": (NUMBERS, _multiple_of),
        "minItems": (_ARRAYS, _at_least("minItems")),
        "maxItems": (_ARRAYS, _at_most("maxItems")),
        "uniqueItems": (_ARRAYS, _unique_items),
        "minProperties": (_OBJECTS, _at_least("minProperties")),
        "maxProperties": (_OBJECTS, _at_most("maxProperties")),
    }
)
"""Each keyword with the kinds of value that it speaks of, and whether known facts imply a rule of it."""
