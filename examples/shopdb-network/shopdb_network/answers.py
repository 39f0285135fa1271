"""The answers of a device by SNMP: the values of each object by index, in plain types."""

from collections.abc import Mapping
from typing import TypeAlias

Index: TypeAlias = tuple[int, ...]
"""The part of an OID after the object: (0,) for a scalar, (ifIndex,) for a port."""

Column: TypeAlias = Mapping[Index, int | bytes]

Answers: TypeAlias = Mapping[str, Column]
"""Columns by the names of `OBJECTS`; an object that a device does not have is empty or missing."""


def number(answers: Answers, name: str, index: Index = (0,)) -> int | None:
    """Return a number, or None if the device did not return one."""
    value = answers.get(name, {}).get(index)
    return value if isinstance(value, int) else None


def octets(answers: Answers, name: str, index: Index = (0,)) -> bytes:
    """Return the octets of a string; empty if the device did not return any."""
    value = answers.get(name, {}).get(index)
    return value if isinstance(value, bytes) else b""


def text(answers: Answers, name: str, index: Index = (0,)) -> str | None:
    """Return a text, or None if it is empty: agents fill strings with blanks and NUL."""
    return octets(answers, name, index).decode(errors="replace").strip(" \0") or None
