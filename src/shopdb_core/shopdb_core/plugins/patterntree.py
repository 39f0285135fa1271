"""The tree of a pattern."""

from dataclasses import dataclass
from typing import TypeAlias

from shopdb_core.plugins.charsets import Charset


class PatternError(Exception):
    """The pattern is refused; the message says why and how to write it instead."""


@dataclass(frozen=True, slots=True)
class Character:
    """One character out of a set."""

    charset: Charset


@dataclass(frozen=True, slots=True)
class Anchor:
    """The start (`^`) or the end (`$`) of the string: consumes nothing."""

    start: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """All parts, one after the other."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the branches."""

    branches: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The inner part at least and at most so many times; `None` is without end."""

    inner: "Node"
    least: int
    most: int | None


Node: TypeAlias = Character | Anchor | Sequence | Choice | Repeat

EMPTY = Sequence(())
