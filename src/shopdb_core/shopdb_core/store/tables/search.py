"""The index of words (ADR 0034)."""

from sqlalchemy import BigInteger, Column, Integer, Table

from shopdb_core.store.statement import AssetSet, RowId, Word
from shopdb_core.store.tables.columns import metadata

# Which assets have a word (ADR 0034), for each block of 4,096 assets. Without foreign keys, here and below:
# they are written apart from the assets. On SQLite a row of these is an entry of the key's own tree.
assetword = Table(
    "assetword",
    metadata,
    Column("block", Integer, primary_key=True, autoincrement=False, comment="assetid / 4096"),
    Column("word", Word, primary_key=True),
    Column("assets", AssetSet, nullable=False, comment="their positions in the block, or a bitmap"),
    sqlite_with_rowid=False,
)

# The assets that changed since they were indexed.
assetmark = Table(
    "assetmark",
    metadata,
    Column("assetid", RowId, primary_key=True, autoincrement=False),
    Column("auditid", RowId, primary_key=True, autoincrement=False, comment="0: index the whole asset"),
    sqlite_with_rowid=False,
)

# One row, which a transaction locks that writes the index.
wordindex = Table(
    "wordindex",
    metadata,
    Column("wordindexid", Integer, primary_key=True, autoincrement=False),
    Column("writes", BigInteger, nullable=False, comment="how many transactions wrote the index"),
)
