"""The plugin's own tables, and the columns of the core's `asset` that it reads."""

from functools import lru_cache
from hashlib import blake2b
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)
from sqlalchemy.dialects.mysql import VARCHAR
from sqlalchemy.types import TypeEngine

from shopdb_computers.declaration import MAX_NAME, MAX_VERSION

Id: Final = BigInteger().with_variant(Integer, "sqlite")


def exact_text(length: int) -> TypeEngine[str]:
    """Return the type of a string that every database compares and sorts by its characters' numbers."""
    exact = String(length).with_variant(String(length, collation="C"), "postgresql")
    return exact.with_variant(VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql")


# The core's table has a MetaData of its own here: migrations of this plugin never touch it.
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
    Index("ix_computers_software_name_version", "name", "version"),
)

# Sorted by program alone, a new computer's 300 rows would land on 300 pages of the file, each written
# whole; by bucket they share a few dozen (28 against 1.5 ms a computer at 3,000 computers). Asking for a
# program looks into every bucket: 1,600 short look-ups at 100,000 computers.
installation: Final = Table(
    "computers_installation",
    metadata,
    Column("bucket", Id, primary_key=True, autoincrement=False),
    Column("softwareid", Id, ForeignKey(software.c.softwareid), primary_key=True),
    Column("assetid", Id, ForeignKey(asset.c.assetid, ondelete="CASCADE"), primary_key=True),
    sqlite_with_rowid=False,
)


def bucket_of(assetid: int) -> int:
    """Return the bucket that holds an asset's installations: 64 assets, in the order they came."""
    return assetid // 64


# Computers share most of their programs: 300 known ones take 13 microseconds instead of 210.
@lru_cache(maxsize=16_384)
def softwareid(name: str, version: str) -> int:
    """Compute a program's key from what it names: 63 bits of BLAKE2b.

    Writers need neither a look-up nor each other to agree on it. Among a million distinct programs two
    share a key with a probability of 5 in 100 million; the later one is then counted as the earlier.
    """
    digest = blake2b(f"{name}\0{version}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1
