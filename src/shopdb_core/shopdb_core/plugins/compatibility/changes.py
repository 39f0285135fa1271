"""What a change of a declaration is: where, in which words, and the version step that it needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Step(IntEnum):
    """A step of semantic versioning; the greater one includes the lesser."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two declarations.

    `place` is a JSON pointer (RFC 6901) into the newer declaration, for what is gone into the older one.
    `sentence` says what changed and what a client or reader notices, `remedy` how not to break them.
    """

    place: str
    sentence: str
    step: Step
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}"


def step_of(changes: Iterable[Change]) -> Step:
    """Return the version step that all changes together need."""
    return max((change.step for change in changes), default=Step.NONE)


def breaking(changes: Iterable[Change]) -> list[Change]:
    """Return the changes that break clients."""
    return [change for change in changes if change.step is Step.MAJOR]
