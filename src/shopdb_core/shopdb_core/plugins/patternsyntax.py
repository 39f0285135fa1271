r"""The syntax of patterns: what ECMA-262, Python and Rust share and read alike.

pattern  = branch *( "|" branch )
branch   = *( atom [ quantity [ "?" ] ] )
quantity = "*" / "+" / "?" / "{n}" / "{n,}" / "{n,m}"
atom     = "^" / "$" / "." / class / "(" pattern ")" / "(?:" pattern ")" / escape / character
class    = "[" [ "^" ] 1*( character / escape / character "-" character ) "]"
escape   = "\" ( "d" / "D" / "w" / "W" / "s" / "S" / "t" / "n" / "r" / "f" / "v" / punctuation )
"""

import re

from shopdb_core.plugins.charsets import CLASSES, LINE, Charset, complement, single, union
from shopdb_core.plugins.patterntree import Anchor, Character, Choice, Node, PatternError, Repeat, Sequence

_SYNTAX = frozenset("^$\\.*+?()[]{}|")
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_QUANTITY = re.compile(r"(?:([*+?])|\{(\d{1,4})(?:(,)(\d{1,4})?)?\})\??", re.ASCII)
_SIGNS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


GROUPS = 20
"""The most groups that may lie in each other."""


def parse(pattern: str) -> Node:
    """Read a pattern. Raises `PatternError` for what lies outside the shared syntax."""
    reader = _Reader(pattern)
    tree = reader.choice()
    if not reader.at_end():
        raise PatternError("closes a group that was never opened: write \\) for the character")
    return tree


class _Reader:
    """Reads one pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0
        self._depth = 0

    def at_end(self) -> bool:
        return self._position == len(self._pattern)

    def choice(self) -> Node:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _sequence(self) -> Node:
        parts = []
        while not self.at_end() and self._pattern[self._position] not in "|)":
            parts.append(self._repeated(self._atom()))
        return Sequence(tuple(parts))

    def _repeated(self, atom: Node) -> Node:
        quantity = _QUANTITY.match(self._pattern, self._position)
        if not quantity:
            return atom
        if isinstance(atom, Anchor):
            raise PatternError(f"repeats an anchor: remove {quantity[0]}")
        self._position = quantity.end()
        least, most = _times(quantity)
        if most is not None and most < least:
            raise PatternError(f"repeats from more to less: turn {quantity[0]} round")
        return Repeat(atom, least, most)

    def _atom(self) -> Node:
        character = self._next()
        if character in "^$":
            return Anchor(start=character == "^")
        if character == "(":
            return self._group()
        if character == "[":
            return Character(self._class())
        if character == "\\":
            return Character(self._escape(_SYNTAX | {"/"}))
        if character in _SYNTAX - {"."}:
            raise PatternError(
                f"has {character} where it repeats, opens or closes nothing: write \\{character}"
            )
        return Character(LINE if character == "." else single(character))

    def _group(self) -> Node:
        if self._take("?") and not self._take(":"):
            raise PatternError(
                "has a group that begins with (? (a look-around, a name, a flag): use (?: or ("
            )
        self._depth += 1
        if self._depth > GROUPS:
            raise PatternError(f"nests more than {GROUPS} groups: flatten them")
        inner = self.choice()
        self._depth -= 1
        if not self._take(")"):
            raise PatternError("opens a group that is never closed: write \\( for the character")
        return inner

    def _class(self) -> Charset:
        negated = self._take("^")
        start = self._position
        ranges: list[tuple[int, int]] = []
        while not self._take("]"):
            ranges.extend(self._class_range(first=self._position == start))
        if not ranges:
            raise PatternError("has a character class without characters: name them")
        return complement(union(ranges)) if negated else union(ranges)

    def _class_range(self, *, first: bool) -> Charset:
        low = self._class_member(dash=first)
        if not self._pattern.startswith("-", self._position) or self._pattern.startswith(
            "-]", self._position
        ):
            return low
        self._next()
        high = self._class_member(dash=False)
        if any(lowest != highest for lowest, highest in low + high) or low > high:
            raise PatternError(
                "has a range that does not run from a character to a higher one: write \\- for a hyphen"
            )
        return ((low[0][0], high[0][0]),)

    def _class_member(self, *, dash: bool) -> Charset:
        character = self._next()
        if character == "\\":
            return self._escape(_SYNTAX | {"/", "-"})
        if character == "[" or (
            character == "-" and not (dash or self._pattern.startswith("]", self._position))
        ):
            raise PatternError(f"has {character} inside a character class: write \\{character}")
        if character in "&~|-" and self._pattern.startswith(character, self._position):
            raise PatternError(f"has {character * 2} inside a character class, an operator to some engines")
        return single(character)

    def _escape(self, punctuation: frozenset[str]) -> Charset:
        character = self._next()
        if character in CLASSES:
            return CLASSES[character]
        if character in _CONTROLS or character in punctuation:
            return single(_CONTROLS.get(character, character))
        advice = ", which not all engines share" if character.isalnum() else f": write {character} alone"
        raise PatternError(f"has the escape \\{character}{advice}")

    def _next(self) -> str:
        if self.at_end():
            raise PatternError("ends in the middle of an escape or a character class: complete it")
        self._position += 1
        return self._pattern[self._position - 1]

    def _take(self, character: str) -> bool:
        taken = self._pattern.startswith(character, self._position)
        self._position += taken
        return taken


def _times(quantity: re.Match[str]) -> tuple[int, int | None]:
    sign, least, comma, most = quantity.groups()
    if sign:
        return _SIGNS[sign]
    if not comma:
        return int(least), int(least)
    return int(least), int(most) if most else None
