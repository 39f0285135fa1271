"""The migrations against the tables that the code declares."""

from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from shopdb_printers.tables import metadata

OWN_TABLES = {"printers_device", "printers_supply"}


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


@pytest.mark.every_database
def test_supplies_without_a_class_keep_their_place_in_the_report(
    engine: Engine, migrate: Callable[..., None]
) -> None:
    """Until a class is submitted, what is left is the level; down and up again, too."""
    migrate("upgrade", "0001")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO asset (assetid, identityvalue) VALUES (1, 'D9J')"))
        connection.execute(
            text(
                "INSERT INTO printers_supply (assetid, position, name, levelpercent) "
                "VALUES (1, 0, 'Black', 71.5), (1, 1, 'Waste', NULL)"
            )
        )
    for direction in ("upgrade", "downgrade", "upgrade"):
        migrate(direction, "0002")

    with engine.connect() as connection:
        rows = connection.execute(text("SELECT leftpercent FROM printers_supply ORDER BY position"))
        assert [row[0] for row in rows] == [71.5, None]
