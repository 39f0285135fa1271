"""Checking the index of words against the assets, block by block, and repairing it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from shopdb_core.errors import Unavailable
from shopdb_core.search.index import BLOCK, lock_index, place_of, read_bits, write_block
from shopdb_core.search.marking import asset_keys, marked, select_texts
from shopdb_core.store import Store
from shopdb_core.store.tables import asset, assetword, wordindex

ATTEMPTS = 20
"""How often a block is compared anew because the server wrote the index meanwhile."""

READ_AT_ONCE = 256
"""How many assets' texts are in memory together."""


@dataclass(frozen=True, slots=True)
class BlockDifference:
    """What the index lacks of a block, and has too much: the assets of each word, as the bits of a number.

    `writes` is the number of transactions that had written the index when it was read.
    """

    block: int
    assets: int
    missing: Mapping[bytes, int]
    wrong: Mapping[bytes, int]
    writes: int

    def words(self) -> set[bytes]:
        """Return the words that differ."""
        return {*self.missing, *self.wrong}

    @classmethod
    def read(cls, connection: Connection, block: int) -> "BlockDifference":
        """Compare one block on a snapshot; marked assets are left out, as they will be indexed."""
        first, end = block * BLOCK, (block + 1) * BLOCK
        expected, assets = _expected(connection, block)
        unmarked = ~sum(1 << (assetid - first) for assetid in marked(connection, first - 1, end))
        query = select(assetword.c.word, assetword.c.assets).where(assetword.c.block == block)
        stored = {bytes(word): read_bits(bits) for word, bits in connection.execute(query)}
        writes = connection.scalars(select(wordindex.c.writes)).one()
        missing = _more(expected, stored, unmarked)
        return cls(block, assets, missing, _more(stored, expected, unmarked), writes)

    def repair(self, connection: Connection) -> bool:
        """Write what differs, unless the index was written meanwhile; return whether it was repaired."""
        if lock_index(connection) != self.writes:
            return False
        write_block(connection, self.block, self.missing, self.wrong)
        return True


def check_index(store: Store, *, repair: bool) -> Iterator[BlockDifference]:
    """Compare the index with the assets, and yield the difference of each block after it was repaired.

    Raises `Unavailable` if a server writes the index all the time.
    """
    for block in range(store.read(count_blocks)):
        yield _check_block(store, block, repair=repair)


def count_blocks(connection: Connection) -> int:
    """Return how many blocks there are."""
    return (connection.scalar(select(func.max(asset.c.assetid))) or 0) // BLOCK + 1


def _check_block(store: Store, block: int, *, repair: bool) -> BlockDifference:
    for _ in range(ATTEMPTS):
        found = store.read(lambda connection: BlockDifference.read(connection, block))
        if not repair or not found.words() or store.transaction(found.repair):
            return found
    raise Unavailable("The index is written all the time: repeat the command when the server has less to do.")


def _expected(connection: Connection, block: int) -> tuple[Mapping[bytes, int], int]:
    """Return the words that a block should have, and how many assets are in it."""
    words: dict[bytes, int] = defaultdict(int)
    assets, after, end = 0, block * BLOCK - 1, (block + 1) * BLOCK
    query = select_texts().order_by(asset.c.assetid).limit(READ_AT_ONCE)
    while rows := connection.execute(query.where(asset.c.assetid > after, asset.c.assetid < end)).all():
        for row in rows:
            _, bit = place_of(row.assetid)
            for key in asset_keys(row):
                words[key] |= bit
        assets, after = assets + len(rows), rows[-1].assetid
    return words, assets


def _more(left: Mapping[bytes, int], right: Mapping[bytes, int], mask: int) -> Mapping[bytes, int]:
    """Return what the left has more of each word, of the assets in `mask`."""
    found = {word: bits & ~right.get(word, 0) & mask for word, bits in left.items()}
    return {word: bits for word, bits in found.items() if bits}
