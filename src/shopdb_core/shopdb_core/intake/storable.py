"""What JSON allows and no database stores: NUL, half a surrogate pair, a number beyond 64 bits."""

from collections.abc import Iterable, Iterator
from math import isfinite

from shopdb_core.faults import Fault
from shopdb_core.intake.quoting import Path, pointer, shown
from shopdb_hookspecs import Json

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


def is_storable_text(text: str) -> bool:
    """Tell whether a text, or many joined into one, can be stored: it fits UTF-8 and has no NUL."""
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False


def is_storable_number(number: float) -> bool:
    """Tell whether a number fits a signed 64-bit integer or is a finite float."""
    return isfinite(number) if isinstance(number, float) else _SMALLEST <= number <= _LARGEST


def storable_faults(document: dict[str, Json]) -> list[Fault]:
    """Give a fault for every value that cannot be stored.

    A member whose name cannot be stored is reported at its object: such a name fits in no pointer.
    """
    return list(_faults(document, ()))


def _faults(value: Json, path: Path) -> Iterator[Fault]:
    if isinstance(value, dict):
        yield from _name_faults(value, path)
        yield from _faults_of_all(value.items(), path)
    elif isinstance(value, list):
        yield from _faults_of_all(enumerate(value), path)
    elif isinstance(value, str):
        if not is_storable_text(value):
            message = "has a NUL character or half a surrogate pair, which cannot be stored"
            yield Fault(pointer(path), "string", message)
    elif isinstance(value, int | float) and not is_storable_number(value):
        yield Fault(pointer(path), "number", "is beyond 64 bits and cannot be stored")


def _faults_of_all(members: Iterable[tuple[str | int, Json]], path: Path) -> Iterator[Fault]:
    for token, value in members:
        yield from _faults(value, (*path, token))


def _name_faults(members: Iterable[str], path: Path) -> Iterator[Fault]:
    for name in members:
        if not is_storable_text(name):
            message = (
                f"has a member named {shown(name)}: a name with NUL or half a surrogate pair cannot be stored"
            )
            yield Fault(pointer(path), "string", message)
