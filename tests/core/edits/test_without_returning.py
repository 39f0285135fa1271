"""Edits on a server that has no `RETURNING`: MySQL lacks it, and MariaDB, where the tests run, has it."""

import pytest
from fleet import Fleet
from sqlalchemy import Engine, event

from shopdb_core.store.interface import Store


def engine_of(store: Store) -> Engine:
    """Return the engine of a store on a server."""
    return store.transaction(lambda connection: connection.engine)


@pytest.mark.parametrize("database_kind", ["mysql"])
def test_edits_work(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Assets are created, related, merged, taken apart and erased; no statement asks for what it wrote."""
    engine = engine_of(fleet.shop.store)
    monkeypatch.setattr(engine.dialect, "insert_returning", False)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    kept, gone, cell = fleet.computer("PC-1"), fleet.computer("PC-2"), fleet.cell("Cell 1")
    fleet.relate(gone, cell)
    merged = fleet.merge(kept, gone)
    fleet.undo(merged["mergeid"])
    fleet.erase(gone)

    assert statements
    assert not [each for each in statements if "RETURNING" in each]
    assert fleet.faults() == []
