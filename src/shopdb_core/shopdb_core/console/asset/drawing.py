"""The relationships of an asset as a drawing: itself in the middle, what leads to it left, the others right.

Lengths are in units of the drawing, which are about those of a pixel on a wide screen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shopdb_hookspecs import JsonObject

MOST_NODES = 24
NODE, TALL, ROW = 210, 26, 34
"""The width and the height of a node, and the distance of two rows."""
CURVE, WORD = 90, 130
"""How much room the line and the name of a relationship have between two nodes."""
LONGEST_NAME, LONGEST_WORD = 25, 20


@dataclass(frozen=True, slots=True)
class Node:
    """Another asset: the corner of its box, the line to it, and where the middle of the name is."""

    related: JsonObject
    name: str
    word: str
    x: float
    y: float
    path: str
    wordx: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """The nodes, how many related assets are left out, the size, and the corner of the box in the middle."""

    nodes: Sequence[Node]
    more: int
    width: int
    height: int
    x: float
    y: float
    name: str


def draw(identityvalue: str, related: Sequence[JsonObject], total: int) -> Drawing:
    """Return the drawing of some relationships, of `total` that there are.

    Each of `related` has `isfrom`, whether it begins at the asset, `name`, the word for it as the asset sees
    it, and `identityvalue`, that of the other asset. A side without any takes no room.
    """
    drawn = related[:MOST_NODES]
    left = [each for each in drawn if not each["isfrom"]]
    right = [each for each in drawn if each["isfrom"]]
    side = NODE + WORD + CURVE
    x = side if left else 0
    height = ROW * max(len(left), len(right), 1)
    nodes = (*_side(left, x, height / 2, is_right=False), *_side(right, x, height / 2, is_right=True))
    width = x + NODE + (side if right else 0)
    name = cut(identityvalue, LONGEST_NAME)
    return Drawing(nodes, max(0, total - len(drawn)), width, height, x, (height - TALL) / 2, name)


def _side(related: Sequence[JsonObject], x: float, middle: float, *, is_right: bool) -> Iterator[Node]:
    """Yield the nodes of one side, from above to below; `x` and `middle` are those of the box between."""
    top = middle - ROW * len(related) / 2 + ROW / 2
    start = x + NODE if is_right else x
    step = 1 if is_right else -1
    end = start + step * CURVE
    bend = (start + end) / 2
    for number, each in enumerate(related):
        y = top + ROW * number
        yield Node(
            each,
            cut(each["identityvalue"], LONGEST_NAME),
            cut(each["name"] or "", LONGEST_WORD),
            end + WORD if is_right else end - WORD - NODE,
            y - TALL / 2,
            f"M{start:g} {middle:g}C{bend:g} {middle:g} {bend:g} {y:g} {end:g} {y:g}h{step * WORD}",
            end + step * WORD / 2,
        )


def cut(text: str, longest: int) -> str:
    """Return a text with at most `longest` characters, of which the last says that there are more."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
