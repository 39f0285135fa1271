"""The relationships of an asset as a drawing: itself in the middle, what leads to it left, the others right.

Lengths are in units of the drawing, which are about those of a pixel on a wide screen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shopdb_hookspecs import JsonObject

MOST_NODES = 24
WIDTH, NODE, ROW, TALL = 880, 240, 46, 34
"""The width of the drawing and of a node, the distance of two rows, the height of a node."""
LONGEST_NAME, LONGEST_WORD = 28, 24


@dataclass(frozen=True, slots=True)
class Node:
    """Another asset beside the middle: its box, the line to it, and where the name of the relationship is."""

    related: JsonObject
    name: str
    word: str
    x: float
    y: float
    path: str
    wordx: float
    wordy: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """The nodes, how many related assets are left out, and the box in the middle."""

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
    it, and `identityvalue`, that of the other asset.
    """
    drawn = related[:MOST_NODES]
    left = [each for each in drawn if not each["isfrom"]]
    right = [each for each in drawn if each["isfrom"]]
    height = ROW * max(len(left), len(right), 1) + ROW - TALL
    middle = height / 2
    nodes = (*_side(left, middle, is_right=False), *_side(right, middle, is_right=True))
    return Drawing(
        nodes,
        max(0, total - len(drawn)),
        WIDTH,
        height,
        (WIDTH - NODE) / 2,
        middle - TALL / 2,
        cut(identityvalue, LONGEST_NAME),
    )


def _side(related: Sequence[JsonObject], middle: float, *, is_right: bool) -> Iterator[Node]:
    """Yield the nodes of one side, from above to below."""
    top = middle - ROW * len(related) / 2 + ROW / 2
    inner, outer = (WIDTH + NODE) / 2, WIDTH - NODE
    for number, each in enumerate(related):
        y = top + ROW * number
        start, end = (inner, outer) if is_right else (WIDTH - inner, NODE)
        bend = (start + end) / 2
        path = f"M{start:g} {middle:g}C{bend:g} {middle:g} {bend:g} {y:g} {end:g} {y:g}"
        yield Node(
            each,
            cut(each["identityvalue"], LONGEST_NAME),
            cut(each["name"] or "", LONGEST_WORD),
            outer if is_right else 0,
            y - TALL / 2,
            path,
            bend,
            (middle + y) / 2 - 4,
        )


def cut(text: str, longest: int) -> str:
    """Return a text with at most `longest` characters, of which the last says that there are more."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
