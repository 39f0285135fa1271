"""The reference reader of strict JSON: the standard library's, with what RFC 8259 leaves open decided.

One object at the top, no name twice in one object, at most 20 levels, no NaN or Infinity.
"""

import json
import re
from collections import Counter
from typing import NoReturn

from shopdb_core.errors import MalformedBody
from shopdb_core.intake.quoting import shown
from shopdb_hookspecs import Json

DEEPEST = 20

_LONGEST_INTEGER = 4_000
_STRING_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


def read_reference(text: str) -> dict[str, Json]:
    """Parse one strict JSON object; raises MalformedBody with the place, never the text."""
    _check_depth(text)
    try:
        document = json.loads(
            text,
            object_pairs_hook=_unique_members,
            parse_constant=_refuse_constant,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        problem = error.msg.rstrip(": ").removesuffix(" at")
        line = f"line {error.lineno} " if "\n" in text else ""
        raise MalformedBody(f"The body is not JSON: {problem}, {line}column {error.colno}.") from error
    if not isinstance(document, dict):
        raise MalformedBody(
            "The body is JSON but no object; send one object with the fields of the collector."
        )
    return document


def _check_depth(text: str) -> None:
    """Refuse what is too deep before a recursive parser sees it: the text decides, in one pass."""
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        match text[token.start()]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
        if depth > DEEPEST:
            raise MalformedBody(
                f"The body is nested deeper than {DEEPEST} levels, at character {token.start() + 1}."
            )


def _unique_members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = counts.most_common(1)[0][0]
        raise MalformedBody(f"The name {shown(twice)} stands twice in one object; send it once.")
    return members


def _refuse_constant(constant: str) -> NoReturn:
    raise MalformedBody(f"The body has {constant}, which is no JSON; send null or leave the field out.")


def _integer(digits: str) -> int | float:
    """Read an integer; what Python would not convert becomes infinite, so that it is refused as too large."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)
