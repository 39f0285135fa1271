"""The plugin's own tables, and the columns of the core's `asset` that it reads."""

import struct
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy.dialects.mysql import VARCHAR
from sqlalchemy.types import TypeEngine

from shopdb_computers.declaration import MAX_NAME, MAX_VERSION

Id: Final = BigInteger().with_variant(Integer, "sqlite")


def exact_text(length: int) -> TypeEngine[str]:
    """Return the type of a string that every database compares and sorts by code points."""
    exact = String(length).with_variant(String(length, collation="C"), "postgresql")
    return exact.with_variant(VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql")


# The core's table has a separate MetaData: migrations of this plugin must not change it.
asset: Final = Table(
    "asset",
    MetaData(),
    Column("assetid", Id, primary_key=True),
    Column("assettype", String),
    Column("identityvalue", String),
    Column("lastseenat", DateTime),
)

metadata: Final = MetaData()

software: Final = Table(
    "computers_software",
    metadata,
    Column("softwareid", Id, primary_key=True, autoincrement=False),
    Column("name", exact_text(MAX_NAME), nullable=False),
    Column("version", exact_text(MAX_VERSION), nullable=False),
    # Days in UTC. `None`: it was there before these days were recorded.
    Column("appearedon", Date),
    # When its last computer lost it; one may have it again since.
    Column("vanishedon", Date),
    Index("ix_computers_software_name_version", "name", "version"),
    Index("ix_computers_software_appearedon", "appearedon"),
    # Where the database can, it has the programs that vanished alone (migration 0003).
    Index("ix_computers_software_vanishedon", "vanishedon"),
)

# One row for each computer, not one for each program on it: a new computer with 300 programs writes one page
# of an SQLite file. The counts follow from these rows, so `shopdb plugin rebuild` must not delete them, as it
# would by a column `assetid`.
inventory: Final = Table(
    "computers_inventory",
    metadata,
    Column(
        "computerid",
        Id,
        ForeignKey(asset.c.assetid, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("softwareids", LargeBinary, nullable=False),
)

# The computers whose inventory has changed since it was counted, and what was counted. Otherwise a new
# computer would write a count for each of its programs, and wait for others that have the same programs.
# Hundreds of computers together need far fewer. An asset that was deleted meanwhile may be among them. None
# is left for more than a day in which programs change, so that the day on which a program vanished is known.
uncounted: Final = Table(
    "computers_uncounted",
    metadata,
    Column("computerid", Id, primary_key=True, autoincrement=False),
    Column("softwareids", LargeBinary, nullable=False),
    Column("markedon", Date),
)

# How many computers of a block have a program, without the changes of uncounted computers; the rows of
# `TOTAL` have the sum over all blocks.
count: Final = Table(
    "computers_count",
    metadata,
    Column("block", Id, primary_key=True, autoincrement=False),
    Column("softwareid", Id, primary_key=True, autoincrement=False),
    Column("computers", Integer, nullable=False),
    sqlite_with_rowid=False,
)

BLOCK: Final = 4_096
"""How many consecutive assets are counted together."""


TOTAL: Final = -1
"""The number that stands in place of a block's for all of them."""


def block_of(assetid: int) -> int:
    """Return the number of an asset's block."""
    return assetid // BLOCK


def packed(softwareids: Iterable[int]) -> bytes:
    """Return the content of `softwareids` in `computers_inventory`: ascending keys of eight bytes each."""
    ordered = sorted(softwareids)
    return struct.pack(f">{len(ordered)}Q", *ordered)


def unpacked(softwareids: bytes) -> tuple[int, ...]:
    """Return the keys in a value of `softwareids`."""
    return struct.unpack(f">{len(softwareids) // 8}Q", softwareids)


# Computers share most of their programs: 300 cached keys take 13 microseconds instead of 210.
@lru_cache(maxsize=16_384)
def softwareid(name: str, version: str) -> int:
    """Return a program's key: 63 bits of BLAKE2b over name and version.

    Concurrent transactions compute the same key without a look-up. Among a million distinct programs, two
    share a key with a probability of 5 in 100 million; the later one is then counted as the earlier one.
    """
    digest = blake2b(f"{name}\0{version}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1
