"""The plugin's own tables, and the columns of the core's `asset` that it reads."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)

from shopdb_printers.declaration import MAX_TEXT

Number: Final = BigInteger().with_variant(Integer, "sqlite")

# The core's table has a separate MetaData: migrations of this plugin must not change it.
asset: Final = Table(
    "asset",
    MetaData(),
    Column("assetid", Number, primary_key=True),
    Column("identityvalue", String),
)

metadata: Final = MetaData()

device: Final = Table(
    "printers_device",
    metadata,
    Column("assetid", Number, ForeignKey(asset.c.assetid, ondelete="CASCADE"), primary_key=True),
    Column("model", String(MAX_TEXT)),
    Column("location", String(MAX_TEXT)),
    Column("pagecount", Number),
    Column("colorpagecount", Number),
    # Of `errorstate` what somebody must refill; null where a printer needs nothing.
    Column("needs", String(100)),
    Index("ix_printers_device_needs", "needs"),
)

# Supplies may have equal names, so that the position in the sorted list is the key.
supply: Final = Table(
    "printers_supply",
    metadata,
    Column("assetid", Number, ForeignKey(asset.c.assetid, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", String(MAX_TEXT), nullable=False),
    Column("colorant", String(MAX_TEXT)),
    Column("levelpercent", Double),
    Column("levelstate", String(20)),
    Column("supplyclass", String(30)),
    # The level; of a receptacle, the room that is left.
    Column("leftpercent", Double),
    Index("ix_printers_supply_leftpercent", "leftpercent"),
)
