"""The plugin's own tables, and the columns of ShopDB's `asset` that it reads.

A change here needs a new file in `migrations/`; a released migration is never changed.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, String, Table

from shopdb_network.declaration import MAX_TEXT

AssetId: Final = BigInteger().with_variant(Integer, "sqlite")
"""The type of `asset.assetid`: a foreign key must have the same."""

# In a MetaData of its own: the plugin reads this table of ShopDB and never creates it.
asset: Final = Table(
    "asset",
    MetaData(),
    Column("assetid", AssetId, primary_key=True),
    Column("identityvalue", String),
)

metadata: Final = MetaData()

device: Final = Table(
    "network_device",
    metadata,
    Column("assetid", AssetId, ForeignKey(asset.c.assetid, ondelete="CASCADE"), primary_key=True),
    Column("sysname", String(MAX_TEXT)),
    Column("vendor", String(MAX_TEXT)),
    Column("model", String(MAX_TEXT)),
    Column("firmware", String(MAX_TEXT)),
    Column("location", String(MAX_TEXT)),
)

# A port is identified by its position in the list: a device may report one number twice.
port: Final = Table(
    "network_port",
    metadata,
    Column("assetid", AssetId, ForeignKey(asset.c.assetid, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("ifindex", Integer, nullable=False),
    Column("name", String(MAX_TEXT)),
    Column("adminstatus", String(20)),
    Column("operstatus", String(20)),
    Column("speedmbps", BigInteger),
    Column("vlan", Integer),
)
