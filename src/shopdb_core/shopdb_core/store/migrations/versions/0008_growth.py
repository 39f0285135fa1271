"""Replace and add indexes, so that a list takes as long on a large site as on a small one."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_ADDED = {
    "asset": ("assettype", "assetid"),
    "assetduplicate": ("kind", "duplicateid"),
    "assetrelationship": ("sourceassetid", "relationshipid"),
}
_REPLACED = {
    "auditentry": (("plugin", "auditid"), ("plugin", "action", "auditid")),
    "assetrelationship": (("targetassetid",), ("targetassetid", "relationshipid")),
}


def upgrade() -> None:
    """Create the indexes; each new one before the old one is dropped, which a foreign key may need."""
    for table, columns in _ADDED.items():
        _create(table, columns)
    for table, (old, new) in _REPLACED.items():
        _create(table, new)
        _drop(table, old)


def downgrade() -> None:
    """Restore the indexes that an older server uses."""
    for table, (old, new) in _REPLACED.items():
        _create(table, old)
        _drop(table, new)
    for table, columns in _ADDED.items():
        _drop(table, columns)


def _create(table: str, columns: tuple[str, ...]) -> None:
    # Findings that were ignored are not listed; MySQL and MariaDB have no partial indexes.
    listed = sa.text("ignoredat IS NULL") if table == "assetduplicate" else None
    op.create_index(_name(table, columns), table, columns, sqlite_where=listed, postgresql_where=listed)


def _drop(table: str, columns: tuple[str, ...]) -> None:
    op.drop_index(_name(table, columns), table)


def _name(table: str, columns: tuple[str, ...]) -> str:
    return "_".join(("ix", table, *columns))
