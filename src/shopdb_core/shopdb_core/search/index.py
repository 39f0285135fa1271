"""The index of words: for each word and block of 4,096 assets, which of them have it (ADR 0034)."""

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from shopdb_core.search.conditions import IndexWord
from shopdb_core.search.words import word_key
from shopdb_core.store import SetQuery, Statement
from shopdb_core.store.tables import (
    assetword,
    wordindex,
)

BLOCK = 4096
"""How many assets with consecutive ids have a common row for a word."""

BITMAP_BYTES = BLOCK // 8
POSITION_BYTES = 2
MOST_LISTED = 255
"""Up to this number the positions of assets take less room than a bitmap."""

ROWS = 500
"""How many rows a statement finds or deletes by their words."""

_INSERT = Statement(
    insert(assetword).values(block=bindparam("block"), word=bindparam("word"), assets=bindparam("assets"))
)
_ROW = select(assetword.c.block, assetword.c.assets)
_WITH_WORD = SetQuery(_ROW.where(assetword.c.word == bindparam("word")), assetword.c.block)
_BEGINNING_WITH = SetQuery(
    _ROW.where(assetword.c.word >= bindparam("word"), assetword.c.word < bindparam("end")),
    assetword.c.block,
)
_LAST_BYTE = b"\xff"
"""Sorts after every byte of a UTF-8 string."""


def find_assets(connection: Connection, words: Sequence[IndexWord], blocks: Sequence[int]) -> dict[int, int]:
    """Return the assets that have all words, as the bits of a number for each block that has any."""
    found: dict[int, int] = {}
    left: Sequence[int] = blocks
    # Long and whole words are rare, and those that follow are only searched where these are.
    for word in sorted(words, key=lambda each: (each.whole, len(each.text)), reverse=True):
        having: dict[int, int] = defaultdict(int)
        for block, assets in _rows(connection, word, left):
            having[block] |= read_bits(assets)
        found = {block: bits & found.get(block, bits) for block, bits in having.items()}
        found = {block: bits for block, bits in found.items() if bits}
        left = [*found]
    return found


def _rows(connection: Connection, word: IndexWord, blocks: Sequence[int]) -> Sequence[Any]:
    key = word_key(word.text)
    if word.whole:
        return _WITH_WORD.run(connection, blocks, word=key)
    rows = _BEGINNING_WITH.run(connection, blocks, word=key, end=key + _LAST_BYTE)
    if word.version is None:
        return rows
    return [*rows, *_WITH_WORD.run(connection, blocks, word=word_key(word.version))]


def read_bits(assets: bytes) -> int:
    """Return stored assets of a block as the bits of a number."""
    if len(assets) == BITMAP_BYTES:
        return int.from_bytes(assets, "little")
    if len(assets) == POSITION_BYTES:
        return 1 << int.from_bytes(assets, "little")
    bits = 0
    for position in _listed(assets):
        bits |= 1 << position
    return bits


def _listed(assets: bytes) -> Sequence[int]:
    """Return the positions in stored assets that are not a bitmap."""
    return struct.unpack(f"<{len(assets) // POSITION_BYTES}H", assets)


def stored_bits(bits: int) -> bytes:
    """Return the assets of a block as they are stored: a bitmap if they are many, or else their positions."""
    if bits.bit_count() > MOST_LISTED:
        return bits.to_bytes(BITMAP_BYTES, "little")
    return _stored_list(positions_of(bits))


def _stored_list(positions: Iterable[int]) -> bytes:
    ordered = sorted(positions)
    return struct.pack(f"<{len(ordered)}H", *ordered)


def changed_bits(assets: bytes, added: int, removed: int) -> bytes:
    """Return stored assets of a block with some more and without others, as they are stored then.

    A list stays one as long as it may: numbers of 4,096 bits take ten times as long.
    """
    if len(assets) != BITMAP_BYTES:
        positions = {*_listed(assets), *positions_of(added)}.difference(positions_of(removed))
        if len(positions) <= MOST_LISTED:
            return _stored_list(positions)
    return stored_bits((read_bits(assets) | added) & ~removed)


def positions_of(bits: int) -> Iterator[int]:
    """Yield the positions of the assets of a block, in order."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def place_of(assetid: int) -> tuple[int, int]:
    """Return the block of an asset, and its bit there."""
    block, position = divmod(assetid, BLOCK)
    return block, 1 << position


def lock_index(connection: Connection) -> int:
    """Wait until no other transaction writes the index, and return the number of this one."""
    number: int = connection.scalars(select(wordindex.c.writes).with_for_update()).one()
    connection.execute(update(wordindex).values(writes=number + 1))
    return number


def write_block(
    connection: Connection, block: int, added: Mapping[bytes, int], removed: Mapping[bytes, int]
) -> None:
    """Add and remove assets of a block; the caller has locked the index."""
    words = sorted({*added, *removed})
    for start in range(0, len(words), ROWS):
        some = words[start : start + ROWS]
        among = and_(assetword.c.block == block, assetword.c.word.in_(some))
        stored = {
            bytes(word): assets
            for word, assets in connection.execute(select(assetword.c.word, assetword.c.assets).where(among))
        }
        if stored:
            connection.execute(delete(assetword).where(among))
        after = (
            (word, changed_bits(stored.get(word, b""), added.get(word, 0), removed.get(word, 0)))
            for word in some
        )
        rows = [{"block": block, "word": word, "assets": assets} for word, assets in after if assets]
        _INSERT.run_many(connection, rows)


def forget_words(connection: Connection, assetid: int) -> None:
    """Remove an asset from every word of its block; the caller has locked the index."""
    block, bit = place_of(assetid)
    query = select(assetword.c.word, assetword.c.assets).where(assetword.c.block == block)
    having = {bytes(word): bit for word, assets in connection.execute(query) if read_bits(assets) & bit}
    write_block(connection, block, {}, having)
