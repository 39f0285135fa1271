"""What a device answered by SNMP: each object with its values by index, in plain types."""

from collections.abc import Mapping
from typing import TypeAlias

Index: TypeAlias = tuple[int, ...]
"""What follows an object's own number: (0,) for a scalar, (ifIndex,) for a port."""

Column: TypeAlias = Mapping[Index, int | bytes]

Answers: TypeAlias = Mapping[str, Column]
"""Columns by the names of `OBJECTS`; a device without an object has an empty one, or none."""


def number(answers: Answers, name: str, index: Index = (0,)) -> int | None:
    """Give a number, or None where there is none."""
    value = answers.get(name, {}).get(index)
    return value if isinstance(value, int) else None


def octets(answers: Answers, name: str, index: Index = (0,)) -> bytes:
    """Give a string's octets; an empty string where there are none."""
    value = answers.get(name, {}).get(index)
    return value if isinstance(value, bytes) else b""


def text(answers: Answers, name: str, index: Index = (0,)) -> str | None:
    """Give a text, or None where it is empty: agents fill strings with blanks and NUL."""
    return octets(answers, name, index).decode(errors="replace").strip(" \0") or None
