"""Writing a plugin's tables anew, beside submissions and with assets that the plugin cannot store."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from shops import ORIGIN, Failing
from sqlalchemy import text

from shopdb_core.edits.creating import ManualEntry
from shopdb_core.edits.edit import Editor
from shopdb_core.errors import NotFound
from shopdb_core.submissions.rebuild import rebuild
from shopdb_hookspecs import AssetWrite, JsonObject, hookimpl
from shopdb_printers import plugin as printers

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
    failing = Failing()
    shop = make_shop({"printers": printers, "failing": failing})
    for serialnumber in "ABC":
        shop.submit("printers", {"serialnumber": serialnumber, "supplies": [{"name": "Drum"}]})
    failing.assetid = 2
    execute(shop, "UPDATE printers_supply SET name = 'forged'")

    (group,) = rebuilt(shop)

    assert [assetid for assetid, _ in group.failures] == [2]
    assert "store_asset raised" in group.failures[0][1]
    assert shop.rows(ROWS) == [(1, "Drum"), (2, "forged"), (3, "Drum")]


class Batched:
    """A plugin that only stores several assets at once, and raises for one asset."""

    def __init__(self) -> None:
        self.stored: list[list[int]] = []
        self.faulty = 0

    @hookimpl
    def get_collector_schema(self) -> JsonObject:
        return {"identityfield": "name", "fields": {"name": {"type": "string"}}}

    @hookimpl
    def store_assets(self, writes: Sequence[AssetWrite]) -> None:
        self.stored.append(sorted(write.assetid for write in writes))
        if any(write.assetid == self.faulty for write in writes):
            raise ValueError


def test_assets_are_stored_together(make_shop: Any) -> None:
    """A group is one call; if that fails, each asset is stored alone, and the failure names its asset."""
    batched = Batched()
    shop = make_shop({"names": batched})
    for name in "ABC":
        shop.submit("names", {"name": name})
    collector = shop.plugins.collector("names")
    failures = []

    for faulty in (0, 2):
        batched.stored, batched.faulty = [], faulty
        (group,) = rebuild(shop.store, collector, dryrun=False, pause=lambda _seconds: None)
        failures.append([assetid for assetid, _ in group.failures])

    assert failures == [[], [2]]
    assert batched.stored == [[1, 2, 3], [1], [2], [3]]


def test_attributes_that_do_not_fit_the_declaration_are_left_out(make_shop: Any) -> None:
    """The hook gets the others, as it does for a submission."""
    shop = make_shop()
    shop.submit("printers", {"serialnumber": "A", "model": "M", "supplies": [{"name": "Drum"}]})
    attributes = '{"serialnumber": "A", "model": "N", "pagecount": "many", "supplies": "none"}'
    execute(shop, "UPDATE assetattributes SET attributes = :attributes", attributes=attributes)

    (group,) = rebuilt(shop)

    assert group.failures == ()
    assert shop.rows("SELECT model, pagecount FROM printers_device") == [("N", None)]
    assert shop.rows(ROWS) == []


def test_an_asset_that_was_only_entered_by_hand_gets_no_rows(make_shop: Any) -> None:
    """Its first submission then writes them as those of a new asset."""
    shop = make_shop()
    printer = {"serialnumber": "A", "supplies": [{"name": "Drum"}]}
    shop.store.transaction(ManualEntry("printers", "A", printer, Editor(ORIGIN, shop.chain, shop.plugins)))

    rebuilt(shop)

    assert shop.count("printers_device") == 0
    assert shop.submit("printers", printer).action == "noop"
    assert shop.rows(ROWS) == [(1, "Drum")]
    rebuilt(shop)
    assert shop.rows(ROWS) == [(1, "Drum")]


def test_a_plugin_without_tables_is_refused(make_shop: Any) -> None:
    """The error says what the plugin lacks."""
    shop = make_shop({"names": Tableless()})

    with pytest.raises(NotFound, match="it lacks store_asset and store_assets"):
        list(rebuild(shop.store, shop.plugins.collector("names"), dryrun=True))
