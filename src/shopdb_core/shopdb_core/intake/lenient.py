"""Lenient handling: optional fields and array items that are at fault are dropped (contract, section 2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from shopdb_core.errors import Fault
from shopdb_core.intake.shape import capped
from shopdb_core.json_text import pointer_keys, printable
from shopdb_hookspecs import Json

_MOST_ROUNDS = 5


class Validator(Protocol):
    """The schema of a collector."""

    def faults(self, submission: dict[str, Json], limit: int | None) -> Sequence[Fault]:
        """Return the faults of a submission, all of them where `limit` is `None`."""
        ...


@dataclass(frozen=True, slots=True)
class LenientResult:
    """What is left of a submission, the faults for which it is still refused, and a warning for each drop."""

    submission: dict[str, Json]
    faults: list[Fault]
    warnings: list[str]


_Droppable: TypeAlias = tuple[str, int | None]
"""A top-level field, or with an index one item of its array."""


def drop_faulty(
    submission: dict[str, Json],
    validator: Validator,
    protected: frozenset[str],
    faults: Sequence[Fault],
) -> LenientResult:
    """Drop the optional fields and the items of top-level arrays that are at fault.

    `faults` are those of values that cannot be stored; where there are none, the validator reports the first
    ones. It runs again after each of at most five rounds, since dropping items may leave too few.

    A fault of a field in `protected`, or of the whole submission, cannot be dropped: then the result has all
    faults of that round, and the submission is refused. An item of a protected array is dropped: the array
    may still be valid.
    """
    found = faults or validator.faults(submission, None)
    warnings: list[str] = []
    for _ in range(_MOST_ROUNDS):
        dropped = _droppable(found, submission, protected)
        if not dropped:
            break
        submission = _without(dropped.keys(), submission)
        warnings += [_sentence(target, fault) for target, fault in dropped.items()]
        found = validator.faults(submission, None)
    return LenientResult(submission, list(found), capped(warnings, len(warnings)))


def _droppable(
    faults: Sequence[Fault],
    submission: dict[str, Json],
    protected: frozenset[str],
) -> dict[_Droppable, Fault]:
    """Return what to drop, each with its first fault; nothing where one fault would remain."""
    targets: dict[_Droppable, Fault] = {}
    for fault in faults:
        target = _target(fault, submission, protected)
        if target is None:
            return {}
        targets.setdefault(target, fault)
    return targets


def _target(fault: Fault, submission: dict[str, Json], protected: frozenset[str]) -> _Droppable | None:
    field, *inner = pointer_keys(fault.pointer)[:2] or [""]
    if inner and isinstance(submission.get(field), list):
        return field, int(inner[0])
    return (field, None) if field in submission and field not in protected else None


def _without(targets: Iterable[_Droppable], submission: dict[str, Json]) -> dict[str, Json]:
    indexes: dict[str, set[int | None]] = {}
    for field, index in targets:
        indexes.setdefault(field, set()).add(index)
    kept = {name: value for name, value in submission.items() if None not in indexes.get(name, ())}
    for field in indexes.keys() & kept.keys():
        kept[field] = [item for index, item in enumerate(kept[field]) if index not in indexes[field]]
    return kept


def _sentence(target: _Droppable, fault: Fault) -> str:
    field, index = target
    what = "the field" if index is None else "the item"
    return f"{printable(field)}: {fault.pointer} {fault.message}; {what} was left out"
