"""Where the faults of a submission are in its text: the lines around each, with the value at fault marked."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from shopdb_core.json_text import pointer_keys

AROUND = 2
"""How many lines before and after the marked one are shown."""

LONGEST = 100
"""How many characters of a line before, in and after the mark are shown."""

Keys: TypeAlias = tuple[str, ...]

# Numbers stay text: Python refuses to convert thousands of digits. Control characters are another fault.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, strict=False)
_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the text by its number from 1, with what is marked in it; empty if nothing is."""

    number: int
    before: str
    marked: str = ""
    after: str = ""


class MarkedText:
    """A text of JSON, and where its values are."""

    def __init__(self, text: str, pointers: Iterable[str] = ()) -> None:
        """Find the values of some JSON pointers in a text, which is valid JSON."""
        self._text = text
        self._starts = [0, *(at + 1 for at, each in enumerate(text) if each == "\n")]
        wanted = {tuple(pointer_keys(each)) for each in pointers}
        self._inner = {keys[:length] for keys in wanted for length in range(len(keys))}
        self._wanted = wanted | self._inner
        self._found: dict[Keys, tuple[int, int]] = {}
        if wanted:
            self._value(self._blanks(0), ())

    def excerpt(self, pointer: str) -> Sequence[Line]:
        """Return the lines around the value of a pointer, or around the object that lacks it.

        Nothing for what the text as a whole lacks.
        """
        keys = tuple(pointer_keys(pointer))
        if keys in self._found:
            return self.around(*self._found[keys])
        while keys and keys not in self._found:
            keys = keys[:-1]
        start, _ = self._found.get(keys, (0, 0))
        return self.around(start, start + 1) if keys else ()

    def around(self, start: int, end: int) -> Sequence[Line]:
        """Return the lines around a place, of which the text from `start` to `end` is marked in the first."""
        number = bisect_right(self._starts, start) - 1
        last = min(number + AROUND, len(self._starts) - 1)
        return [
            self._marked(each, start, end) if each == number else Line(each + 1, _cut(self._line(each)))
            for each in range(max(0, number - AROUND), last + 1)
        ]

    def _line(self, number: int) -> str:
        follows = number + 1 < len(self._starts)
        end = self._starts[number + 1] if follows else len(self._text)
        return self._text[self._starts[number] : end].rstrip("\r\n")

    def _marked(self, number: int, start: int, end: int) -> Line:
        line, first = self._line(number), self._starts[number]
        before, marked, after = line[: start - first], line[start - first : end - first], line[end - first :]
        return Line(number + 1, _cut_start(before), _cut(marked), _cut(after))

    def _value(self, at: int, keys: Keys) -> int:
        """Note the value that begins at a place, and return where it ends."""
        if keys not in self._inner:
            _, end = _DECODER.raw_decode(self._text, at)
        elif self._text[at] == "{":
            end = self._members(at, keys)
        elif self._text[at] == "[":
            end = self._items(at, keys)
        else:
            _, end = _DECODER.raw_decode(self._text, at)
        if keys in self._wanted:
            self._found[keys] = (at, end)
        return end

    def _members(self, at: int, keys: Keys) -> int:
        for inside in self._parts(at, "}"):
            name, after = _DECODER.raw_decode(self._text, inside)
            colon = self._blanks(after)
            self._end = self._value(self._blanks(colon + 1), (*keys, name))
        return self._end

    def _items(self, at: int, keys: Keys) -> int:
        for index, inside in enumerate(self._parts(at, "]")):
            self._end = self._value(inside, (*keys, str(index)))
        return self._end

    def _parts(self, at: int, closing: str) -> Iterator[int]:
        """Yield where each part between brackets begins; `_end` is where the one before it ended."""
        inside = self._blanks(at + 1)
        while self._text[inside] != closing:
            yield inside
            inside = self._blanks(self._end)
            if self._text[inside] == ",":
                inside = self._blanks(inside + 1)
        self._end = inside + 1

    def _blanks(self, at: int) -> int:
        """Return where the white space at a place ends."""
        while at < len(self._text) and self._text[at] in _BLANKS:
            at += 1
        return at


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _cut_start(text: str) -> str:
    return text if len(text) <= LONGEST else "…" + text[-LONGEST:]
