"""One sentence for each way in which a value breaks its schema, with the next step where one is known."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shopdb_hookspecs import Json

SHOWN = 80
"""The most characters of a value that a message may echo (contract, section 2)."""

# What Windows PowerShell writes in place of an object or array that lies below its depth.
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


@dataclass(frozen=True, slots=True)
class Violation:
    """A value that breaks a rule: the keyword and its rule, in which schema, and the value's name."""

    keyword: str
    rule: Json
    schema: Json
    name: str
    value: Json


def sentence(breach: Violation) -> str:
    """Say what the value must be and, as far as that helps, what it is."""
    word = _SENTENCES.get(breach.keyword)
    return word(breach) if word else f"does not satisfy the rule {breach.keyword}"


def shown(value: Json) -> str:
    """Describe a value in at most 80 characters; what does not print is escaped."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    printable = isinstance(value, str) and value.isprintable()
    return shortened(json.dumps(value, ensure_ascii=not printable))


def shortened(text: str) -> str:
    """Cut the text to 80 characters."""
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Half a sentence that names the known word closest to this one, or nothing."""
    close = difflib.get_close_matches(word[:SHOWN], list(known), n=1)
    return f"; did you mean {shown(close[0])}?" if close else ""


def _type(breach: Violation) -> str:
    return _wrong_kind(_types(breach.rule), breach.value)


def _any_of(breach: Violation) -> str:
    names = [_name_of(branch) for branch in breach.rule]
    if all(names):
        return _wrong_kind(_either(names), breach.value)
    return f"has none of the forms that are allowed here: {shown(breach.value)}"


def _wrong_kind(wanted: str, value: Json) -> str:
    cut_off = isinstance(value, str) and _CUT_OFF.match(value)
    hint = ": PowerShell cut an object off, use ConvertTo-Json -Depth 6" if cut_off else ""
    return f"must be {wanted}, not {shown(value)}{hint}"


def _name_of(branch: Json) -> str:
    """What an author would call this alternative: its title, its format, else its type."""
    if not isinstance(branch, dict):
        return ""
    name: str = branch.get("title") or branch.get("format") or _types(branch.get("type", []))
    return name


def _types(types: str | list[str]) -> str:
    return _either([_TYPES[each] for each in ([types] if isinstance(types, str) else types)])


def _enum(breach: Violation) -> str:
    values = breach.rule
    more = [f"{len(values) - _LISTED} more"] if len(values) > _LISTED else []
    allowed = _either([*map(shown, values[:_LISTED]), *more])
    return f"must be {allowed}, not {shown(breach.value)}"


def _pattern(breach: Violation) -> str:
    return f"must match {breach.rule}{_title(breach.schema)}, not {shown(breach.value)}"


def _name(breach: Violation) -> str:
    return f"{shown(breach.name)} is not allowed as a name here{_title(breach.rule)}"


def _unknown_member(breach: Violation) -> str:
    name = breach.name
    return f"{shown(name)} is not known here{did_you_mean(name, breach.schema.get('properties', ()))}"


def _title(schema: Json) -> str:
    return f" ({schema['title']})" if isinstance(schema, dict) and "title" in schema else ""


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _count(wanted: str, units: str) -> Callable[[Violation], str]:
    def word(breach: Violation) -> str:
        unit = units.removesuffix("s") if breach.rule == 1 else units
        return f"must have {wanted} {breach.rule} {unit}, not {len(breach.value)}"

    return word


def _bound(wanted: str) -> Callable[[Violation], str]:
    return lambda breach: f"must be {wanted} {breach.rule}, not {shown(breach.value)}"


_SENTENCES: dict[str, Callable[[Violation], str]] = {
    "false": lambda _: "must not be given here",
    "additionalProperties": _unknown_member,
    "anyOf": _any_of,
    "const": lambda breach: f"must be {shown(breach.rule)}, not {shown(breach.value)}",
    "dependentRequired": lambda _: "is required together with other members that are given",
    "enum": _enum,
    "exclusiveMaximum": _bound("less than"),
    "exclusiveMinimum": _bound("more than"),
    "format": lambda breach: f"must be a valid {breach.rule}, not {shown(breach.value)}",
    "maxItems": _count("at most", "items"),
    "maxLength": _count("at most", "characters"),
    "maxProperties": _count("at most", "members"),
    "maximum": _bound("at most"),
    "minItems": _count("at least", "items"),
    "minLength": _count("at least", "characters"),
    "minProperties": _count("at least", "members"),
    "minimum": _bound("at least"),
    "multipleOf": _bound("a multiple of"),
    "oneOf": lambda breach: (
        f"must have exactly one of the forms that are allowed here: {shown(breach.value)}"
    ),
    "items": lambda _: "must not be given here",
    "pattern": _pattern,
    "properties": lambda _: "must not be given here",
    "propertyNames": _name,
    "required": lambda _: "is required, and missing",
    "type": _type,
    "uniqueItems": lambda _: "repeats an earlier item",
}
