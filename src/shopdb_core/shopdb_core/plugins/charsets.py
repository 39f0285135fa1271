"""Sets of characters as sorted, disjoint ranges of code points, both ends included."""

from collections.abc import Iterable
from typing import TypeAlias

Charset: TypeAlias = tuple[tuple[int, int], ...]

_LAST = 0x10FFFF
ANYTHING: Charset = ((0, _LAST),)
NOTHING: Charset = ()


def union(ranges: Iterable[tuple[int, int]]) -> Charset:
    """Join ranges in any order, overlapping ones included."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def complement(charset: Charset) -> Charset:
    """Everything else that Unicode has."""
    starts = [0, *(high + 1 for _, high in charset)]
    ends = [*(low - 1 for low, _ in charset), _LAST]
    return tuple((start, end) for start, end in zip(starts, ends, strict=True) if start <= end)


def single(character: str) -> Charset:
    """Just this character."""
    return ((ord(character), ord(character)),)


def contains(charset: Charset, character: int) -> bool:
    """Whether the code point is in the set."""
    return any(low <= character <= high for low, high in charset)


def _ascii(characters: str) -> Charset:
    return union((ord(character), ord(character)) for character in characters)


# Beyond ASCII the engines disagree on what these classes hold, so each gets all that any of them
# takes; only that no space is a letter or a digit do they agree on.
_DIGITS = _ascii("0123456789")
_WORD = union([*_DIGITS, (ord("A"), ord("Z")), (ord("a"), ord("z")), (ord("_"), ord("_"))])
_SPACES = _ascii("\t\n\v\f\r ")
_OTHER_SPACES = union(
    [
        *((0x1C, 0x1F), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x180E, 0x180E), (0x2000, 0x200A)),
        *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
    ]
)
_OTHER_LETTERS = complement(union([(0, 0x7F), *_OTHER_SPACES]))

CLASSES: dict[str, Charset] = {
    "d": union([*_DIGITS, *_OTHER_LETTERS]),
    "D": complement(_DIGITS),
    "w": union([*_WORD, *_OTHER_LETTERS]),
    "W": complement(_WORD),
    "s": union([*_SPACES, *_OTHER_SPACES]),
    "S": complement(_SPACES),
}
"""The sets behind backslash and letter."""

LINE: Charset = complement(_ascii("\n"))
"""What the dot stands for."""
