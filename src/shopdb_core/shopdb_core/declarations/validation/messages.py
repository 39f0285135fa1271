"""`sentence` describes each way in which a value violates its schema; other functions shorten values."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from shopdb_hookspecs import Json

SHOWN = 80
"""The most characters of a value that a message may echo (contract, section 2)."""

# What Windows PowerShell writes for an object or array that is deeper than `ConvertTo-Json -Depth`.
_CUT_OFF = re.compile(r"@\{|System\.[A-Za-z.]+(\[\])?$")

_TYPES = {
    "array": "an array",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}

_LISTED = 10
"""The most values of an `enum` that a message lists."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A value that violates `keyword` of `schema`; `rule` is the keyword's value, `name` the value's key."""

    keyword: str
    rule: Json
    schema: Json
    name: str
    value: Json


def sentence(violation: Violation) -> str:
    """Return what the value must be and, if that helps, what it is."""
    word = _SENTENCES.get(violation.keyword)
    return word(violation) if word else f"does not satisfy the rule {violation.keyword}"


def describe(value: Json) -> str:
    """Return a value as JSON in at most 80 characters, escaped if it is not printable."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    if isinstance(value, str):
        value = value[: SHOWN + 1]  # what is cut off is not escaped first
    printable = isinstance(value, str) and value.isprintable()
    return shortened(json.dumps(value, ensure_ascii=not printable))


def shortened(text: str) -> str:
    """Cut the text to 80 characters."""
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that suggests the closest known word, empty if none is close."""
    words = list(known)
    close = [*near_words(word, words), *difflib.get_close_matches(word[:SHOWN], words, n=1)]
    return f"; did you mean {describe(close[0])}?" if close else ""


def near_words(word: str, known: Iterable[str]) -> list[str]:
    """Return the known words that differ only in case, or else those that differ by one letter too."""
    if len(word) > SHOWN:
        return []
    folded = word.casefold()
    words = list(known)
    same = [other for other in words if other.casefold() == folded]
    return same or [other for other in words if _is_one_letter_apart(folded, other.casefold())]


def _is_one_letter_apart(word: str, other: str) -> bool:
    """Return whether inserting, removing or replacing one letter turns one word into the other."""
    if abs(len(word) - len(other)) > 1:
        return False
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(word, other, strict=False)))
    shorter, longer = sorted((word[same:], other[same:]), key=len)
    return longer[1:] in (shorter, shorter[1:])


def _type(violation: Violation) -> str:
    return _wrong_kind(_types(violation.rule), violation.value)


def _any_of(violation: Violation) -> str:
    names = [_name_of(branch) for branch in violation.rule]
    if all(names):
        return _wrong_kind(_either(names), violation.value)
    return f"does not match any of the allowed forms: {describe(violation.value)}"


def _wrong_kind(wanted: str, value: Json) -> str:
    cut_off = isinstance(value, str) and _CUT_OFF.match(value)
    hint = ": PowerShell cut an object off, use ConvertTo-Json -Depth 6" if cut_off else ""
    return f"must be {wanted}, not {describe(value)}{hint}"


def _name_of(branch: Json) -> str:
    """Return what to call an alternative: its title, its format or its type."""
    if not isinstance(branch, dict):
        return ""
    name: str = branch.get("title") or branch.get("format") or _types(branch.get("type", []))
    return name


def _types(types: str | list[str]) -> str:
    return _either([_TYPES[each] for each in ([types] if isinstance(types, str) else types)])


def _enum(violation: Violation) -> str:
    values = violation.rule
    more = [f"{len(values) - _LISTED} more"] if len(values) > _LISTED else []
    allowed = _either([*map(describe, values[:_LISTED]), *more])
    return f"must be {allowed}, not {describe(violation.value)}"


def _pattern(violation: Violation) -> str:
    return f"must match {violation.rule}{_title(violation.schema)}, not {describe(violation.value)}"


def _not(violation: Violation) -> str:
    return f"is not allowed{_title(violation.rule)}: {describe(violation.value)}"


def _name(violation: Violation) -> str:
    return f"{describe(violation.name)} is not allowed as a name here{_title(violation.rule)}"


def _unknown_member(violation: Violation) -> str:
    name = violation.name
    return f"{describe(name)} is not known here{did_you_mean(name, violation.schema.get('properties', ()))}"


def _title(schema: Json) -> str:
    return f" ({schema['title']})" if isinstance(schema, dict) and "title" in schema else ""


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _count(wanted: str, units: str) -> Callable[[Violation], str]:
    def word(violation: Violation) -> str:
        unit = units.removesuffix("s") if violation.rule == 1 else units
        return f"must have {wanted} {violation.rule} {unit}, not {len(violation.value)}"

    return word


def _bound(wanted: str) -> Callable[[Violation], str]:
    return lambda violation: f"must be {wanted} {violation.rule}, not {describe(violation.value)}"


_SENTENCES: dict[str, Callable[[Violation], str]] = {
    "false": lambda _: "must not be given here",
    "additionalProperties": _unknown_member,
    "anyOf": _any_of,
    "const": lambda violation: f"must be {describe(violation.rule)}, not {describe(violation.value)}",
    "dependentRequired": lambda _: "is required together with other members that are given",
    "enum": _enum,
    "exclusiveMaximum": _bound("less than"),
    "exclusiveMinimum": _bound("more than"),
    "format": lambda violation: f"must be a valid {violation.rule}, not {describe(violation.value)}",
    "maxItems": _count("at most", "items"),
    "maxLength": _count("at most", "characters"),
    "maxProperties": _count("at most", "members"),
    "maximum": _bound("at most"),
    "minItems": _count("at least", "items"),
    "minLength": _count("at least", "characters"),
    "minProperties": _count("at least", "members"),
    "minimum": _bound("at least"),
    "multipleOf": _bound("a multiple of"),
    "not": _not,
    "oneOf": lambda violation: f"must match exactly one of the allowed forms: {describe(violation.value)}",
    "items": lambda _: "must not be given here",
    "pattern": _pattern,
    "properties": lambda _: "must not be given here",
    "propertyNames": _name,
    "required": lambda _: "is required, and missing",
    "type": _type,
    "uniqueItems": lambda _: "repeats an earlier item",
}
