"""The migrations against the tables that the code declares."""

from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Engine, MetaData, String, Table, insert, inspect, text

from shopdb_computers.tables import BLOCK, TOTAL, Id, count, metadata, packed, software

core = Table("asset", MetaData(), Column("assetid", Id, primary_key=True), Column("identityvalue", String))

INSTALL = "INSERT INTO computers_installation (bucket, softwareid, assetid) VALUES ({}, {}, {})"

OWN_TABLES = {"computers_count", "computers_inventory", "computers_software", "computers_uncounted"}


def _differences(engine: Engine) -> list[object]:
    """Compare with the database; the core's own table is not the plugin's to declare."""
    with engine.connect() as connection:
        options = {"include_name": lambda name, kind, _: kind != "table" or name in OWN_TABLES}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def _rows(engine: Engine, table: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return sorted(tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}")))


@pytest.mark.usefixtures("connection")
@pytest.mark.every_database
def test_upgrade_gives_the_declared_tables(engine: Engine) -> None:
    """A migrated database has exactly the tables, columns, keys and indexes of the code."""
    assert _differences(engine) == []


def test_every_table_carries_the_name_of_the_plugin() -> None:
    """Tables of two plugins never clash."""
    assert set(metadata.tables) == OWN_TABLES


@pytest.mark.every_database
def test_an_existing_site_is_brought_along(
    engine: Engine, migrate: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inventories and counts follow from the installations, in batches; downgrading gives these back."""
    migrate("upgrade", "0001")
    monkeypatch.setattr(migrate("none", "0002"), "ROWS", 3)
    installed = {1: [7, 5], 63: [5], 64: [9], 4_095: [5], 4_096: [5, 9], 70_000: [2**62]}
    with engine.begin() as connection:
        for softwareid in (5, 7, 9, 2**62):
            row = {"softwareid": softwareid, "name": str(softwareid), "version": ""}
            connection.execute(insert(software).values(row))
        for assetid, softwareids in installed.items():
            connection.execute(insert(core).values(assetid=assetid, identityvalue=f"pc-{assetid}"))
            for softwareid in softwareids:
                connection.execute(text(INSTALL.format(assetid // 64, softwareid, assetid)))
    before = _rows(engine, "computers_installation")

    migrate("upgrade", "0002")

    assert _rows(engine, "computers_inventory") == [(key, packed(each)) for key, each in installed.items()]
    totals = [(TOTAL, 5, 4), (TOTAL, 7, 1), (TOTAL, 9, 2), (TOTAL, 2**62, 1)]
    first, second = [(0, 5, 3), (0, 7, 1), (0, 9, 1)], [(1, 5, 1), (1, 9, 1)]
    last = [(70_000 // BLOCK, 2**62, 1)]
    assert _rows(engine, "computers_count") == [*totals, *first, *second, *last]
    assert _rows(engine, "computers_uncounted") == []

    migrate("downgrade", "0002")
    assert _rows(engine, "computers_installation") == before
    migrate("upgrade", "0002")
    assert len(_rows(engine, "computers_inventory")) == len(installed)


@pytest.mark.every_database
def test_an_upgrade_that_was_cut_off_can_be_repeated(engine: Engine, migrate: Callable[..., None]) -> None:
    """MySQL and MariaDB keep the tables that a failed upgrade created, with their rows."""
    migrate("upgrade", "0001")
    with engine.begin() as connection:
        count.create(connection)
        connection.execute(insert(count).values(block=0, softwareid=1, computers=1))

    migrate("upgrade", "0002")

    assert _rows(engine, "computers_count") == []
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE computers_software ADD COLUMN appearedon DATE"))
        connection.execute(
            text("CREATE INDEX ix_computers_software_appearedon ON computers_software (appearedon)")
        )

    migrate("upgrade", "0003")

    assert _differences(engine) == []


@pytest.mark.every_database
def test_downgrade_leaves_nothing_behind_and_can_be_taken_back(
    engine: Engine, migrate: Callable[..., None]
) -> None:
    """Down removes all that up made, and up works again."""
    migrate("upgrade")
    migrate("downgrade")
    assert inspect(engine).get_table_names() == ["asset"]

    migrate("upgrade")
    assert _differences(engine) == []
