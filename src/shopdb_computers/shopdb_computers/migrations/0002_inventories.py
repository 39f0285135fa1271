"""Store the programs of a computer in one row, and count the computers of each program."""

import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

Row = dict[str, Any]

revision = "computers_0002"
down_revision = "computers_0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
BUCKET = 64
BLOCK = 4_096
"""How many consecutive assets had a common first column in the old table, and have in the new one."""

TOTAL = -1
"""The number that stands in place of a block's for all of them."""

ROWS = 5_000

METADATA = sa.MetaData()
INSTALLATION = sa.Table(
    "computers_installation",
    METADATA,
    sa.Column("bucket", ID),
    sa.Column("softwareid", ID),
    sa.Column("assetid", ID),
)
INVENTORY = sa.Table(
    "computers_inventory", METADATA, sa.Column("computerid", ID), sa.Column("softwareids", sa.LargeBinary)
)
COUNT = sa.Table(
    "computers_count",
    METADATA,
    sa.Column("block", ID),
    sa.Column("softwareid", ID),
    sa.Column("computers", sa.Integer),
)


def upgrade() -> None:
    """Replace `computers_installation` by `computers_inventory` and its counts.

    MySQL and MariaDB commit at each CREATE TABLE, so a second run must find nothing in its way.
    """
    op.create_table(
        "computers_inventory",
        sa.Column(
            "computerid",
            ID,
            sa.ForeignKey("asset.assetid", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("softwareids", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "computers_uncounted",
        sa.Column("computerid", ID, primary_key=True, autoincrement=False),
        sa.Column("softwareids", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "computers_count",
        sa.Column("block", ID, primary_key=True, autoincrement=False),
        sa.Column("softwareid", ID, primary_key=True, autoincrement=False),
        sa.Column("computers", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )
    connection = op.get_bind()
    for table in (INVENTORY, COUNT):
        connection.execute(sa.delete(table))
    buckets = BLOCK // BUCKET
    totals: Counter[int] = Counter()
    for block in range(_last(connection, INSTALLATION.c.bucket) // buckets + 1):
        counts: Counter[int] = Counter()
        for bucket in range(block * buckets, (block + 1) * buckets):
            inventories = _inventories(connection, bucket)
            counts.update(key for keys in inventories.values() for key in keys)
            _insert(connection, INVENTORY, map(_inventory_row, inventories.items()))
        totals.update(counts)
        _insert(connection, COUNT, (_count_row(block, *each) for each in sorted(counts.items())))
    _insert(connection, COUNT, (_count_row(TOTAL, *each) for each in sorted(totals.items())))
    op.drop_table("computers_installation")


def downgrade() -> None:
    """Write each installation as a row again."""
    op.create_table(
        "computers_installation",
        sa.Column("bucket", ID, primary_key=True, autoincrement=False),
        sa.Column("softwareid", ID, sa.ForeignKey("computers_software.softwareid"), primary_key=True),
        sa.Column("assetid", ID, sa.ForeignKey("asset.assetid", ondelete="CASCADE"), primary_key=True),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )
    connection = op.get_bind()
    connection.execute(sa.delete(INSTALLATION))
    for bucket in range(_last(connection, INVENTORY.c.computerid) // BUCKET + 1):
        _insert(connection, INSTALLATION, _installation_rows(connection, bucket))
    op.drop_table("computers_count")
    op.drop_table("computers_uncounted")
    op.drop_table("computers_inventory")


def _inventories(connection: sa.Connection, bucket: int) -> dict[int, list[int]]:
    """Return the programs of each computer in one bucket."""
    inventories: defaultdict[int, list[int]] = defaultdict(list)
    query = sa.select(INSTALLATION.c.assetid, INSTALLATION.c.softwareid)
    for assetid, softwareid in connection.execute(query.where(INSTALLATION.c.bucket == bucket)):
        inventories[assetid].append(softwareid)
    return inventories


def _inventory_row(inventory: tuple[int, list[int]]) -> Row:
    assetid, softwareids = inventory
    return {"computerid": assetid, "softwareids": struct.pack(f">{len(softwareids)}Q", *sorted(softwareids))}


def _count_row(block: int, softwareid: int, computers: int) -> Row:
    return {"block": block, "softwareid": softwareid, "computers": computers}


def _installation_rows(connection: sa.Connection, bucket: int) -> Iterator[Row]:
    """Yield the rows of one bucket for the old table."""
    first = bucket * BUCKET
    in_bucket = INVENTORY.c.computerid.between(first, first + BUCKET - 1)
    query = sa.select(INVENTORY.c.computerid, INVENTORY.c.softwareids).where(in_bucket)
    for assetid, softwareids in connection.execute(query).all():
        for softwareid in struct.unpack(f">{len(softwareids) // 8}Q", softwareids):
            yield {"bucket": bucket, "softwareid": softwareid, "assetid": assetid}


def _last(connection: sa.Connection, column: sa.ColumnElement[int]) -> int:
    """Return the greatest value of a column; -1 for an empty table, so that it has no blocks."""
    greatest = connection.execute(sa.select(sa.func.max(column))).scalar_one()
    return -1 if greatest is None else int(greatest)


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterable[Row]) -> None:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS:
            connection.execute(sa.insert(table), batch)
            batch = []
    if batch:
        connection.execute(sa.insert(table), batch)
