"""The position automaton of a pattern (Glushkov), with the number of ways along each edge.

A position is one character of the pattern. Where a backtracking engine can get from one position
to the next in several ways, the edge counts them: each is a separate attempt to that engine.
"""

from collections import Counter
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise

from shopdb_core.plugins.charsets import ANYTHING, NOTHING, Charset
from shopdb_core.plugins.patterntree import (
    EMPTY,
    Anchor,
    Character,
    Choice,
    Node,
    PatternError,
    Repeat,
    Sequence,
)

WRITTEN_OUT = 100
"""A counted repetition of at most so many characters is written out; a longer one counts as endless."""

POSITIONS = 1_000
"""The most characters of a pattern, when its counted repetitions are written out."""


@dataclass(slots=True)
class Automaton:
    """The characters that each position takes, the ways in, and the ways from each position on.

    The last position takes no character: the ways to it are the ways to end.
    """

    charsets: list[Charset] = field(default_factory=list)
    first: Counter[int] = field(default_factory=Counter)
    follow: list[Counter[int]] = field(default_factory=list)

    def add(self, charset: Charset) -> int:
        """Add a position without edges."""
        if len(self.charsets) == POSITIONS:
            raise PatternError(f"is longer than {POSITIONS} characters when its repetitions are written out")
        self.charsets.append(charset)
        self.follow.append(Counter())
        return len(self.charsets) - 1

    def connect(self, sources: Counter[int], targets: Counter[int]) -> None:
        """Add the ways from each source to each target."""
        for source, ways in sources.items():
            self.follow[source].update(_times(ways, targets))


@dataclass(frozen=True, slots=True)
class _Fragment:
    """A part of the automaton: in how many ways it matches nothing, is entered, and is left."""

    nothing: int
    first: Counter[int]
    last: Counter[int]


def automaton(tree: Node) -> Automaton:
    """Build the automaton of a search for the pattern, anywhere in the string unless it is anchored.

    Raises `PatternError` for a repetition of what may match nothing, and for too large a pattern.
    """
    search = EMPTY if _anchored(tree) else Repeat(Character(ANYTHING), 0, None)
    built = Automaton()
    built.first = _build(Sequence((search, tree, Character(NOTHING))), built).first
    return built


def _anchored(node: Node) -> bool:
    if isinstance(node, Choice):
        return all(map(_anchored, node.branches))
    if isinstance(node, Sequence):
        return bool(node.parts) and _anchored(node.parts[0])
    return isinstance(node, Anchor) and node.start


def _build(node: Node, built: Automaton) -> _Fragment:
    if isinstance(node, Character):
        here = Counter([built.add(node.charset)])
        return _Fragment(0, here, here)
    if isinstance(node, Sequence):
        return reduce(lambda left, part: _join(left, _build(part, built), built), node.parts, _NOTHING)
    if isinstance(node, Choice):
        return reduce(_either, (_build(branch, built) for branch in node.branches))
    if isinstance(node, Repeat):
        return _repeat(node, built)
    return _NOTHING


def _join(left: _Fragment, right: _Fragment, built: Automaton) -> _Fragment:
    built.connect(left.last, right.first)
    return _Fragment(
        left.nothing * right.nothing,
        left.first + _times(left.nothing, right.first),
        right.last + _times(right.nothing, left.last),
    )


def _either(left: _Fragment, right: _Fragment) -> _Fragment:
    return _Fragment(left.nothing + right.nothing, left.first + right.first, left.last + right.last)


def _repeat(node: Repeat, built: Automaton) -> _Fragment:
    if node.most == 0:
        return _NOTHING
    if node.most != 1 and _nullable(node.inner):
        raise PatternError("repeats a part that may match nothing: let the part match at least one character")
    count, endless = _copies(node)
    copies = [_build(node.inner, built) for _ in range(count)]
    for earlier, later in pairwise(copies):
        built.connect(earlier.last, later.first)
    if endless:
        built.connect(copies[-1].last, copies[-1].first)
    ends = copies[max(1, min(node.least, count)) - 1 :]
    skipped = 1 if node.least == 0 else 0
    return _Fragment(skipped + copies[0].nothing, copies[0].first, sum((end.last for end in ends), Counter()))


def _copies(node: Repeat) -> tuple[int, bool]:
    """How many copies of the inner part stand for the repetition, and whether the last one loops."""
    count = node.most or max(1, node.least)
    if count > 1 and count * _size(node.inner) > WRITTEN_OUT:
        return 1, True
    return count, node.most is None


def _size(node: Node) -> int:
    """How many positions the node becomes."""
    if isinstance(node, Repeat):
        return _copies(node)[0] * _size(node.inner)
    return 1 if isinstance(node, Character) else sum(map(_size, _parts(node)))


def _nullable(node: Node) -> bool:
    if isinstance(node, Repeat):
        return node.least == 0 or _nullable(node.inner)
    if isinstance(node, Choice):
        return any(map(_nullable, node.branches))
    return isinstance(node, Anchor) or (isinstance(node, Sequence) and all(map(_nullable, node.parts)))


def _parts(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Sequence):
        return node.parts
    return node.branches if isinstance(node, Choice) else ()


def _times(ways: int, edges: Counter[int]) -> Counter[int]:
    return Counter({position: ways * count for position, count in edges.items()})


_NOTHING = _Fragment(1, Counter(), Counter())
