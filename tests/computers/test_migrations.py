"""The migrations against the tables that the code declares."""

from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from shopdb_computers.tables import metadata

OWN_TABLES = {"computers_count", "computers_inventory", "computers_software", "computers_uncounted"}


def _differences(engine: Engine) -> list[object]:
    """Compare with the database; the core's own table is not the plugin's to declare."""
    with engine.connect() as connection:
        options = {"include_name": lambda name, kind, _: kind != "table" or name in OWN_TABLES}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


@pytest.mark.usefixtures("connection")
@pytest.mark.every_database
def test_upgrade_gives_the_declared_tables(engine: Engine) -> None:
    """A migrated database has exactly the tables, columns, keys and indexes of the code."""
    assert _differences(engine) == []


def test_every_table_carries_the_name_of_the_plugin() -> None:
    """Tables of two plugins never clash."""
    assert set(metadata.tables) == OWN_TABLES


@pytest.mark.every_database
def test_downgrade_leaves_nothing_behind_and_can_be_taken_back(
    engine: Engine, migrate: Callable[[str], None]
) -> None:
    """Down removes all that up made, and up works again."""
    migrate("upgrade")
    migrate("downgrade")
    assert inspect(engine).get_table_names() == ["asset"]

    migrate("upgrade")
    assert _differences(engine) == []
