"""The QR code of an address, as the path of an SVG: a square of side 1 for each dark module."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

QUIET = 4
"""Modules of empty space around a code (ISO/IEC 18004)."""


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code: its side in modules, with the empty space around it, and the path of the dark ones."""

    side: int
    path: str


def code_of(address: str) -> Code:
    """Return the QR code of an address; about 15 % of it may be damaged."""
    import segno  # noqa: PLC0415  # it takes 80 ms, and few servers print labels

    code = segno.make(address, error="m", micro=False)
    return Code(len(code.matrix) + 2 * QUIET, "".join(_runs(code.matrix)))


def _runs(matrix: tuple[bytearray, ...]) -> Iterator[str]:
    """Yield the part of the path of each row of dark modules that touch."""
    for y, row in enumerate(matrix):
        x = QUIET
        for isdark, run in groupby(row):
            length = len([*run])
            if isdark:
                yield f"M{x} {y + QUIET}h{length}v1h-{length}z"
            x += length
