"""Every value of a JSON document, one depth at a time.

A level at a time keeps the loops in C: sums, sets and joins over a whole level cost a tenth of
what a Python function called for each value does.

The warnings about one submission, counted, so that 5,000 equal ones are one sentence.

Trimming: strings lose the blanks around them, and what is empty then is absent (contract, section 3).

What JSON allows and no database stores: NUL, half a surrogate pair, a number beyond 64 bits.

A quick look over a whole document: whether there is anything to trim, or that cannot be stored.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from math import isfinite
from typing import NamedTuple

from shopdb_core.errors import Fault
from shopdb_core.json_text import Path, quoted, quoted_pointer
from shopdb_hookspecs import Json


class Level(NamedTuple):
    """All objects of one depth, and what all objects and arrays of that depth hold."""

    objects: list[dict[str, Json]]
    values: list[Json]
    types: set[type]


def levels(document: dict[str, Json]) -> Iterator[Level]:
    """Walk a document from the outside in; it has as many levels as it is deep."""
    objects: list[dict[str, Json]] = [document]
    arrays: list[list[Json]] = []
    while objects or arrays:
        values = [*chain.from_iterable(map(dict.values, objects)), *chain.from_iterable(arrays)]
        level = Level(objects, values, set(map(type, values)))
        yield level
        objects = members_of(level, dict)
        arrays = members_of(level, list)


def members_of(level: Level, wanted: type) -> list[Json]:
    """Give the level's values of exactly one type; `bool` is no `int` here."""
    if wanted not in level.types:
        return []
    if len(level.types) == 1:
        return level.values
    return [value for value in level.values if type(value) is wanted]


MOST_WARNINGS = 20


class Notes:
    """Gathers remarks by top-level field and sentence."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], Path] = {}

    def add(self, path: Path, sentence: str) -> None:
        """Note something about the value at `path`; the sentence goes on where the field's name stops."""
        remark = (str(path[0]), sentence)
        self._counts[remark] += 1
        self._first.setdefault(remark, path)

    def warnings(self) -> list[str]:
        """Give the sentences in the order of their first occurrence, at most 20 and a count of the others."""
        first = islice(self._first.items(), MOST_WARNINGS)
        sentences = [_sentence(*remark, self._counts[remark], path) for remark, path in first]
        return shortened(sentences, len(self._first))


def shortened(sentences: Sequence[str], total: int) -> list[str]:
    """Give at most 20 of `total` sentences and say how many are left out."""
    more = total - MOST_WARNINGS
    return [*sentences[:MOST_WARNINGS], f"and {more} more"] if more > 0 else list(sentences)


def _sentence(field: str, sentence: str, count: int, first: Path) -> str:
    if count > 1:
        where = f" ({count} times, first at {quoted_pointer(first)})"
    else:
        where = f" (at {quoted_pointer(first)})" if len(first) > 1 else ""
    return f"{quoted(field)}: {sentence}{where}"


_EMPTY = "an empty string counts as absent"


def are_tidy(strings: list[str]) -> bool:
    """Tell whether there is nothing to trim and nothing empty."""
    return all(strings) and list(map(str.strip, strings)) == strings


def tidied_object(members: dict[str, Json], notes: Notes, path: Path = ()) -> dict[str, Json]:
    """Give an object with trimmed strings everywhere, without its empty members; each is noted."""
    kept = {}
    for name, value in members.items():
        tidied = _tidied(value, notes, (*path, name))
        if tidied != "":
            kept[name] = tidied
    return kept


def _tidied_array(items: list[Json], notes: Notes, path: Path) -> list[Json]:
    tidied = [_tidied(item, notes, (*path, position)) for position, item in enumerate(items)]
    return [item for item in tidied if item != ""]


def _tidied(value: Json, notes: Notes, path: Path) -> Json:
    if isinstance(value, str):
        trimmed = value.strip()
        if not trimmed:
            notes.add(path, _EMPTY)
        return trimmed
    if isinstance(value, dict):
        return tidied_object(value, notes, path)
    if isinstance(value, list):
        return _tidied_array(value, notes, path)
    return value


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
            yield Fault(quoted_pointer(path), "string", message)
    elif isinstance(value, int | float) and not is_storable_number(value):
        yield Fault(quoted_pointer(path), "number", "is beyond 64 bits and cannot be stored")


def _faults_of_all(members: Iterable[tuple[str | int, Json]], path: Path) -> Iterator[Fault]:
    for token, value in members:
        yield from _faults(value, (*path, token))


def _name_faults(members: Iterable[str], path: Path) -> Iterator[Fault]:
    for name in members:
        if not is_storable_text(name):
            message = f"has a member named {quoted(name)}: a name cannot have NUL or a lone surrogate"
            yield Fault(quoted_pointer(path), "string", message)


@dataclass(frozen=True, slots=True)
class DocumentScan:
    """Everything that a document holds, without its order, and how many levels it has."""

    depth: int
    names: list[str]
    strings: list[str]
    numbers: list[int | float]

    def are_tidy(self) -> bool:
        """Tell whether no string is empty or has blanks around it."""
        return are_tidy(self.strings)

    def are_storable(self) -> bool:
        """Tell whether every name, string and number can be stored."""
        texts = is_storable_text("".join(self.names)) and is_storable_text("".join(self.strings))
        return texts and all(map(is_storable_number, self.numbers))


def scan_document(document: dict[str, Json]) -> DocumentScan:
    """Gather the contents of a document in one walk."""
    names: list[str] = []
    strings: list[str] = []
    numbers: list[int | float] = []
    found = list(levels(document))
    for level in found:
        names += chain.from_iterable(level.objects)
        strings += members_of(level, str)
        numbers += members_of(level, int)
        numbers += members_of(level, float)
    return DocumentScan(len(found), names, strings, numbers)
