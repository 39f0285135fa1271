"""Databases as a released version of ShopDB left them.

`releases/VERSION.json` has the rows of a site that this release itself served: with changes, noops, a shared
secondary identity, an asset entered by hand and a relationship.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Boolean, Connection, DateTime, MetaData, Table, delete, func, insert, select, text

from shopdb_core.store.migrate import MigrationScripts, core_scripts
from shopdb_core.store.open import migration_transaction
from shopdb_core.store.revisions import VERSION_TABLE_PREFIX

RELEASES = Path(__file__).parent / "releases"


def restore_release(url: str, release: str, plugins: Sequence[MigrationScripts]) -> None:
    """Fill an empty database with the tables and rows of a release."""
    rows: Mapping[str, Any] = json.loads((RELEASES / f"{release}.json").read_text(encoding="utf-8"))
    with migration_transaction(url) as connection:
        for scripts in (core_scripts(), *plugins):
            ((revision,),) = (row.values() for row in rows[VERSION_TABLE_PREFIX + scripts.name])
            command.upgrade(scripts._config(connection), revision)
        for name, found in rows.items():
            if found and not name.startswith(VERSION_TABLE_PREFIX):
                _insert(connection, Table(name, MetaData(), autoload_with=connection), found)


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(delete(table))  # what its migration has put there
    connection.execute(
        insert(table),
        [{name: _value(table.c[name].type, value) for name, value in row.items()} for row in rows],
    )
    (key, *others) = table.primary_key
    if connection.dialect.name == "postgresql" and not others:
        # A row with a number of its own does not advance the sequence.
        sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, key.name)))
        if sequence:
            connection.execute(
                text(f"SELECT setval('{sequence}', (SELECT max({key.name}) FROM {table.name}))")
            )


def _value(kind: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    if isinstance(kind, DateTime) and value is not None:
        return datetime.fromisoformat(value)
    return bool(value) if isinstance(kind, Boolean) and value is not None else value
