"""A file with one submission a line, cut into requests that the server takes."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import BinaryIO

from shopdb_core.intake.ndjson import MOST_BYTES, MOST_LINES

_BLOCK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Part:
    """What goes into one request: the blocks of bytes, and the number of lines before it in the file."""

    before: int
    blocks: Iterator[bytes]


def opened(file: Path) -> AbstractContextManager[BinaryIO]:
    """Open a file, or standard input for `-`; raises `OSError`."""
    return nullcontext(sys.stdin.buffer) if str(file) == "-" else file.open("rb")


def parts(lines: Iterable[bytes]) -> Iterator[Part]:
    """Yield part after part, each read while it is sent; use up one before the next."""
    for _, numbered in groupby(enumerate(lines), _Numbering()):
        yield _part(numbered)


def _part(numbered: Iterator[tuple[int, bytes]]) -> Part:
    before, first = next(numbered)
    return Part(before, _blocks(chain([first], (line for _, line in numbered))))


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Join lines, which would be sent as a packet each."""
    block = bytearray()
    for line in lines:
        block += line
        if len(block) >= _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


class _Numbering:
    """Tells into which part each line goes; asked once for each, in order."""

    def __init__(self) -> None:
        self._part = self._lines = self._bytes = 0

    def __call__(self, numbered: tuple[int, bytes]) -> int:
        size = len(numbered[1])
        if self._lines == MOST_LINES or self._bytes + size > MOST_BYTES:
            self._part += 1
            self._lines = self._bytes = 0
        self._lines += 1
        self._bytes += size
        return self._part
