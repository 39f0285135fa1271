"""The places of a submission, and what may stand there against all expectation."""

from collections.abc import Iterator, Mapping
from typing import Final

from shopdb_hookspecs import Json, JsonObject

Place = tuple[str | int, ...]

WRONG_VALUES: Final[tuple[Json, ...]] = (
    None,
    *(True, 7, -1.5, "x"),
    *([], [None], ["x"], [7], [[]], [{}], [{"name": None}]),
    *({}, {"name": 7}, {"x": [{}]}),
)


def places(value: Json, path: Place = ()) -> Iterator[Place]:
    """Yield the path of each value inside, the outermost first."""
    members: Iterator[tuple[str | int, Json]] = iter(())
    if isinstance(value, Mapping):
        members = iter(value.items())
    elif isinstance(value, list):
        members = iter(enumerate(value))
    for step, member in members:
        yield (*path, step)
        yield from places(member, (*path, step))


def at(value: Json, place: Place) -> Json:
    """Return the value at a place."""
    for step in place:
        value = value[step]
    return value


def replaced(submission: JsonObject, place: Place, value: Json) -> dict[str, Json]:
    """Return the submission with another value at one place, the given one left alone."""
    replacement: dict[str, Json] = _replaced(submission, place, value)
    return replacement


def _replaced(container: Json, place: Place, value: Json) -> Json:
    if not place:
        return value
    step, *rest = place
    inner = _replaced(container[step], tuple(rest), value)
    if isinstance(container, Mapping):
        return {**container, step: inner}
    return [*container[:step], inner, *container[int(step) + 1 :]]
