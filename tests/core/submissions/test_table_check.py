"""Comparing a plugin's tables with the attributes of its assets: what is found, and that nothing is written.

`EDITS` are edits by hand, and what finds them.
"""

from collections.abc import Callable
from typing import Any

import pytest
from shops import ORIGIN, Failing
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, String, Table, insert, text

from shopdb_core.edits.creating import ManualEntry
from shopdb_core.edits.edit import Editor
from shopdb_core.submissions.rebuild import rebuild
from shopdb_core.submissions.table_check import check_tables
from shopdb_hookspecs import JsonObject, hookimpl
from shopdb_printers import plugin as printers

pytestmark = pytest.mark.every_database

TABLES = ("printers_device", "printers_supply", "computers_software", "computers_inventory")
ONE, NONE = "lacks 1 of its rows", "lacks 0 of its rows"

# Printers are the assets 1 and 2, computers 3 and 4; each edit with the assets and tables that differ.
EDITS = {
    "delete a device": ("DELETE FROM printers_device WHERE assetid = 1", {(1, "printers_device", ONE)}),
    "change a counter": (
        "UPDATE printers_device SET pagecount = 9 WHERE assetid = 2",
        {(2, "printers_device", f"{ONE} and has 1 ")},
    ),
    "insert a supply": (
        "INSERT INTO printers_supply (assetid, position, name) VALUES (2, 9, 'forged')",
        {(2, "printers_supply", f"{NONE} and has 1 ")},
    ),
    "give a supply to another printer": (
        "UPDATE printers_supply SET assetid = 2, position = 7 WHERE assetid = 1 AND position = 0",
        {(1, "printers_supply", ONE), (2, "printers_supply", NONE)},
    ),
    "give a supply to a computer": (
        "UPDATE printers_supply SET assetid = 4 WHERE assetid = 1 AND position = 0",
        {(1, "printers_supply", ONE), (4, "printers_supply", "has rows of it")},
    ),
    "delete the programs of a computer": (
        "DELETE FROM computers_inventory WHERE computerid = 3",
        {(3, "computers_inventory", ONE)},
    ),
    "give a computer's programs to another": (
        (
            "UPDATE computers_inventory SET softwareids = (SELECT softwareids FROM (SELECT softwareids"
            " FROM computers_inventory WHERE computerid = 4) AS other) WHERE computerid = 3"
        ),
        {(3, "computers_inventory", f"{ONE} and has 1 ")},
    ),
}


class WritingStore:
    """A store in which something is submitted after each snapshot is read."""

    def __init__(self, store: Any, submit: Callable[[], object]) -> None:
        self.dry_run = store.dry_run
        self._store = store
        self._submit = submit

    def read(self, work: Callable[..., Any]) -> Any:
        result = self._store.read(work)
        self._submit()
        return result


def checked(shop: Any, store: Any = None) -> list[Any]:
    """Check every collector that has tables, and return the faults."""
    return [
        fault
        for collector in shop.plugins.collectors().values()
        if collector.hooks.stores
        for group in check_tables(store or shop.store, collector, pause=lambda _seconds: None)
        for fault in group.faults
    ]


def execute(shop: Any, statement: str) -> None:
    shop.store.transaction(lambda connection: connection.execute(text(statement)))


def stock(shop: Any) -> None:
    for serialnumber in "AB":
        supplies = [{"name": "Drum", "levelpercent": 71.5}, {"name": "Ink"}, {"name": "Ink"}]
        shop.submit("printers", {"serialnumber": serialnumber, "pagecount": 7, "supplies": supplies})
    for number in (1, 2):
        programs = [{"name": "7-Zip", "version": "24"}, {"name": f"Own {number}"}]
        shop.submit("computers", {"hostname": f"PC-{number}", "installedsoftware": programs})


@pytest.mark.parametrize(("statement", "found"), EDITS.values(), ids=EDITS)
def test_an_edit_by_hand_is_found(shop: Any, statement: str, found: set[tuple[int, str, str]]) -> None:
    """The faults name the plugin, the table and the assets whose rows differ, and no other."""
    stock(shop)
    assert checked(shop) == []

    execute(shop, statement)

    faults = {fault.assetid: fault.message for fault in checked(shop)}
    assert faults.keys() == {assetid for assetid, _, _ in found}
    for assetid, table, what in found:
        plugin = table.partition("_")[0]
        assert faults[assetid].startswith(f"plugin {plugin}: the table {table} {what}"), faults


def test_nothing_is_written_and_nothing_stays_hidden(shop: Any) -> None:
    """The rows are those of before, and a later submission and report find the plugin's own tables."""
    stock(shop)
    before = [shop.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES]

    for _ in range(8):  # more often than a statement is run until PostgreSQL prepares it
        assert checked(shop) == []

    assert [shop.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES] == before
    shop.submit("printers", {"serialnumber": "C", "supplies": [{"name": "Drum"}]})
    assert shop.count("printers_supply") == 7
    assert checked(shop) == []


def test_submissions_meanwhile_are_not_faults(shop: Any) -> None:
    """What is compared is of one moment, whatever is committed before the replay."""
    stock(shop)
    names = iter(f"Drum {number}" for number in range(1_000))

    def submit() -> None:
        shop.submit("printers", {"serialnumber": "A", "supplies": [{"name": next(names)}]})

    assert checked(shop, WritingStore(shop.store, submit)) == []


def test_more_assets_than_a_group_holds(shop: Any) -> None:
    """Each is checked once, and a row beyond the last asset of the type is found, too."""
    for number in range(101):
        shop.submit("printers", {"serialnumber": f"SN-{number}", "supplies": [{"name": "Drum"}]})
    other = shop.submit("computers", {"hostname": "PC-1"}).assetid
    execute(shop, "UPDATE printers_supply SET name = 'forged' WHERE assetid IN (1, 51, 101)")
    execute(shop, f"INSERT INTO printers_supply (assetid, position, name) VALUES ({other}, 0, 'x')")

    groups = list(check_tables(shop.store, shop.plugins.collector("printers"), pause=lambda _seconds: None))

    assert [group.assets for group in groups] == [50, 50, 1, 0]
    assert [fault.assetid for group in groups for fault in group.faults] == [1, 51, 101, other]


def test_an_asset_that_was_only_entered_by_hand_has_no_rows(shop: Any) -> None:
    """Rows of it are a fault."""
    entry = ManualEntry(
        "printers",
        "A",
        {"serialnumber": "A", "supplies": [{"name": "Drum"}]},
        Editor(ORIGIN, shop.chain, shop.plugins),
    )
    shop.store.transaction(entry)
    assert checked(shop) == []

    execute(shop, "INSERT INTO printers_device (assetid) VALUES (1)")

    assert [fault.assetid for fault in checked(shop)] == [1]


@pytest.mark.parametrize("text_", ["nonsense", "[]"])
def test_attributes_that_are_no_object_are_left_to_the_audit(shop: Any, text_: str) -> None:
    """They are a fault of the asset's own rows, and the others are compared."""
    stock(shop)
    execute(shop, f"UPDATE assetattributes SET attributes = '{text_}' WHERE assetid = 1")
    execute(shop, "DELETE FROM printers_supply")

    assert [fault.assetid for fault in checked(shop)] == [2]


def test_a_hook_that_fails_is_a_fault(make_shop: Any) -> None:
    """The asset is named, and the others of its group are compared."""
    failing = Failing()
    shop = make_shop({"printers": printers, "failing": failing})
    for serialnumber in "ABC":
        shop.submit("printers", {"serialnumber": serialnumber, "supplies": [{"name": "Drum"}]})
    failing.assetid = 2
    execute(shop, "DELETE FROM printers_supply")

    faults = {fault.assetid: fault.message for fault in checked(shop)}

    assert faults.keys() == {1, 2, 3}
    assert "its rows cannot be compared: Plugin printers" in faults[2]
    assert checked(shop)


metadata = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")
Table("asset", metadata, Column("assetid", Number, primary_key=True))
slot = Table(
    "racks_slot",
    metadata,
    Column("slotid", Number, primary_key=True),
    Column("assetid", Number, ForeignKey("asset.assetid", ondelete="CASCADE"), nullable=False),
    Column("name", String(20), unique=True),
)
card = Table(
    "racks_card",
    metadata,
    Column("cardid", Number, primary_key=True),
    Column("slotid", Number, ForeignKey("racks_slot.slotid", ondelete="CASCADE"), nullable=False),
    Column("model", String(20)),
)


class Racks:
    """A plugin whose rows have keys that the database generates, and a table without `assetid`."""

    @hookimpl
    def get_collector_schema(self) -> JsonObject:
        return {"identityfield": "name", "fields": {"name": {"type": "string"}}}

    @hookimpl
    def store_asset(self, connection: Any, assetid: int, after: JsonObject) -> None:
        for number in (1, 2):
            values = {"assetid": assetid, "name": f"{after['name']}-{number}"}
            (slotid,) = connection.execute(insert(slot).values(values)).inserted_primary_key
            connection.execute(insert(card).values(slotid=slotid, model="M"))


def test_generated_keys_are_not_compared(make_shop: Any) -> None:
    """The rows that refer to them are, by what they refer to, also those of a table without `assetid`."""
    shop = make_shop({"racks": Racks()})
    shop.store.transaction(lambda connection: metadata.create_all(connection, [slot, card]))
    for name in ("R-1", "R-2"):
        shop.submit("racks", {"name": name})
    list(rebuild(shop.store, shop.plugins.collector("racks"), dryrun=False))  # generates others
    assert checked(shop) == []
    ((cardid,),) = shop.rows("SELECT max(cardid) FROM racks_card")

    execute(shop, f"UPDATE racks_card SET model = 'N' WHERE cardid = {cardid}")

    (fault,) = checked(shop)
    assert (fault.assetid, "racks_card lacks 1" in fault.message) == (2, True)
