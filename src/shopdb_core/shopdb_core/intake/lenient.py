"""One bad value need not lose the machine: what is at fault is dropped (contract, section 2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from shopdb_core.errors import Fault
from shopdb_core.intake.scan import shortened
from shopdb_core.json_text import keys, quoted
from shopdb_hookspecs import Json

_MOST_ROUNDS = 5


class Validator(Protocol):
    """The schema of a collector."""

    def faults(self, submission: dict[str, Json], limit: int | None) -> Sequence[Fault]:
        """Give the faults of a submission, all of them where `limit` is `None`."""
        ...


@dataclass(frozen=True, slots=True)
class LenientResult:
    """What is left of a submission, the faults that still refuse it, and what was dropped."""

    submission: dict[str, Json]
    faults: list[Fault]
    warnings: list[str]


_Place: TypeAlias = tuple[str, int | None]
"""A top-level field, or with a position one item of its array."""


def drop_faulty(
    submission: dict[str, Json],
    validator: Validator,
    protected: frozenset[str],
    faults: Sequence[Fault],
) -> LenientResult:
    """Drop the optional fields and the items of top-level arrays that are at fault, until nothing is.

    `faults` are known ones, of values that cannot be stored; the validator is asked for the others, again
    after each of at most five rounds, since dropping items may leave too few. A fault of a field in
    `protected`, or of the whole submission, cannot be dropped: then all faults of that round come back,
    and the submission is refused. An item of a protected array can be: the array may still be right.
    """
    found = faults or validator.faults(submission, None)
    warnings: list[str] = []
    for _ in range(_MOST_ROUNDS):
        dropped = _droppable(found, submission, protected)
        if not dropped:
            break
        submission = _without(dropped.keys(), submission)
        warnings += [_sentence(place, fault) for place, fault in dropped.items()]
        found = validator.faults(submission, None)
    return LenientResult(submission, list(found), shortened(warnings, len(warnings)))


def _droppable(
    faults: Sequence[Fault],
    submission: dict[str, Json],
    protected: frozenset[str],
) -> dict[_Place, Fault]:
    """Give the places to drop, each with its first fault; none at all where one fault would remain."""
    places: dict[_Place, Fault] = {}
    for fault in faults:
        place = _place(fault, submission, protected)
        if place is None:
            return {}
        places.setdefault(place, fault)
    return places


def _place(fault: Fault, submission: dict[str, Json], protected: frozenset[str]) -> _Place | None:
    field, *inner = keys(fault.pointer)[:2] or [""]
    if inner and isinstance(submission.get(field), list):
        return field, int(inner[0])
    return (field, None) if field in submission and field not in protected else None


def _without(places: Iterable[_Place], submission: dict[str, Json]) -> dict[str, Json]:
    positions: dict[str, set[int | None]] = {}
    for field, position in places:
        positions.setdefault(field, set()).add(position)
    kept = {name: value for name, value in submission.items() if None not in positions.get(name, ())}
    for field in positions.keys() & kept.keys():
        kept[field] = [item for position, item in enumerate(kept[field]) if position not in positions[field]]
    return kept


def _sentence(place: _Place, fault: Fault) -> str:
    field, position = place
    what = "the field" if position is None else "the item"
    return f"{quoted(field)}: {fault.pointer} {fault.message}; {what} was left out"
