"""Writing a plugin's tables anew, beside submissions and with assets that the plugin cannot store."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from shopdb_core.errors import NotFound
from shopdb_core.submissions.rebuild import rebuild
from shopdb_hookspecs import hookimpl

pytestmark = pytest.mark.every_database

ROWS = "SELECT assetid, name FROM printers_supply ORDER BY assetid, position"


class InterferingStore:
    """A store in which something else is stored before each transaction."""

    def __init__(self, store: Any, interfere: Callable[[], object]) -> None:
        self.read = store.read
        self._store = store
        self._interfere = interfere

    def transaction(self, work: Callable[..., Any]) -> Any:
        self._interfere()
        return self._store.transaction(work)


class Tableless:
    """A plugin without tables."""

    @hookimpl
    def get_collector_schema(self):
        return {"identityfield": "name", "fields": {"name": {"type": "string"}}}


def rebuilt(shop: Any, store: Any = None) -> list[Any]:
    collector = shop.plugins.collector("printers")
    return list(rebuild(store or shop.store, collector, dryrun=False, pause=lambda _seconds: None))


def execute(shop: Any, statement: str, **values: object) -> None:
    shop.store.transaction(lambda connection: connection.execute(text(statement), values))


def test_a_submission_between_reading_and_writing_is_kept(make_shop: Any) -> None:
    """The rows that it wrote are replaced by those of its attributes."""
    shop = make_shop()
    shop.submit("printers", {"serialnumber": "A", "supplies": [{"name": "Drum"}]})

    def interfere() -> None:
        supplies = [{"name": "Fuser"}, {"name": "Ink"}, {"name": "Toner"}]
        shop.submit("printers", {"serialnumber": "A", "supplies": supplies})
        execute(shop, "INSERT INTO printers_supply (assetid, position, name) VALUES (1, 9, 'forged')")

    rebuilt(shop, InterferingStore(shop.store, interfere))

    assert shop.rows(ROWS) == [(1, "Fuser"), (1, "Ink"), (1, "Toner")]


def test_the_rows_of_an_asset_that_fails_stay(make_shop: Any) -> None:
    """The failure names the asset, and the others of its group are rebuilt."""
    shop = make_shop()
    for serialnumber in "ABC":
        shop.submit("printers", {"serialnumber": serialnumber, "supplies": [{"name": "Drum"}]})
    execute(
        shop,
        "UPDATE assetattributes SET attributes = :attributes WHERE assetid = 2",
        attributes='{"serialnumber": "B", "supplies": "none"}',
    )
    execute(shop, "UPDATE printers_supply SET name = 'forged'")

    (group,) = rebuilt(shop)

    assert [assetid for assetid, _ in group.failures] == [2]
    assert "store_asset raised" in group.failures[0][1]
    assert shop.rows(ROWS) == [(1, "Drum"), (2, "forged"), (3, "Drum")]


def test_a_plugin_without_tables_is_refused(make_shop: Any) -> None:
    """The error says what the plugin lacks."""
    shop = make_shop({"names": Tableless()})

    with pytest.raises(NotFound, match="it lacks store_asset"):
        list(rebuild(shop.store, shop.plugins.collector("names"), dryrun=True))
