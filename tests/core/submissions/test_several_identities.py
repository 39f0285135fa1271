"""Assets with several secondary identities: which asset a submission concerns, and what it finds."""

import pytest
from shops import ORIGIN
from sqlalchemy import delete, insert

from shopdb_core.assets.duplicates.evidence import MOST_VALUES
from shopdb_core.audit.verifying.verify import verify
from shopdb_core.store import Statement
from shopdb_core.store.tables import assetevidence
from shopdb_hookspecs import hookimpl

pytestmark = [pytest.mark.every_database, pytest.mark.every_way]

DOCK = "00:1A:2B:00:00:D0"
ONE, OTHER, THIRD = "00:1A:2B:00:00:01", "00:1A:2B:00:00:02", "00:1A:2B:00:00:03"


class Laptops:
    """A plugin whose assets have serial number, UUID and MAC addresses, some of them in a list."""

    @hookimpl
    def get_collector_schema(self):
        interface = {"type": "object", "properties": {"mac": {"type": ["string", "null"]}}}
        return {
            "identityfield": "name",
            "secondaryidentity": ["serial", "uuid", "mac", "interfaces/mac"],
            "fields": {
                **{name: {"type": "string"} for name in ("name", "serial", "uuid", "mac", "user")},
                "interfaces": {"type": "array", "items": interface},
            },
        }


@pytest.fixture
def shop(make_shop):
    """Return a site that flags."""
    return make_shop({"laptops": Laptops()})


@pytest.fixture
def adopting(make_shop):
    """Return a site that adopts at once."""
    return make_shop({"laptops": Laptops()}, onmatch={"laptops": "adopt"}, adopt_after_hours={"laptops": 0})


def submit(shop, name, *macs, **fields):
    """Submit a laptop with the addresses of its interfaces."""
    interfaces = {"interfaces": [{"mac": mac} for mac in macs]} if macs else {}
    return shop.submit("laptops", {"name": name, **interfaces, **fields})


def findings(shop):
    """Return kind, field, value and the two names of what is listed."""
    names = ("kind", "field", "value", "identityvalue", "otheridentityvalue")
    return [tuple(each[name] for name in names) for each in shop.get("/api/duplicates").json["items"]]


def evidence(shop, assetid):
    """Return what is stored as evidence of one asset."""
    query = "SELECT field, value FROM assetevidence WHERE assetid = :assetid"
    return sorted((field, bytes(value).decode()) for field, value in shop.rows(query, assetid=assetid))


def test_every_value_is_stored_by_its_kind(shop):
    """An address is one kind, wherever it stands, and once; placeholders stay fields only."""
    answer = submit(
        shop, "L1", ONE, OTHER, ONE.lower(), "00:00:00:00:00:00", None, mac=ONE, serial="SN-1", uuid="None"
    )
    assert evidence(shop, answer.assetid) == [
        ("mac", ONE.lower()),
        ("mac", OTHER.lower()),
        ("serial", "sn-1"),
    ]
    attributes = shop.get(f"/api/assets/{answer.assetid}").json["attributes"]
    assert (attributes["uuid"], len(attributes["interfaces"])) == ("None", 5)

    submit(shop, "L1", THIRD, mac=None)
    assert evidence(shop, answer.assetid) == [("mac", THIRD.lower()), ("serial", "sn-1")]


@pytest.mark.parametrize(
    "fields",
    [{"serial": "sn-1"}, {"uuid": "U-1"}, {"mac": OTHER}, {"interfaces": [{"mac": THIRD}, {"mac": ONE}]}],
    ids=["serial", "uuid", "mac", "interfaces"],
)
def test_any_value_matches(shop, fields):
    """One finding, by the strongest value, also where it was an interface's and is the field's."""
    submit(shop, "L1", ONE, OTHER, serial="SN-1", uuid="U-1")
    answer = submit(shop, "L2", **fields)
    assert answer.action == "created"
    (warning,) = answer.warnings
    assert "also on L1 (asset 1); if this is that device renamed, merge them" in warning
    assert [(kind, *names) for kind, _, _, *names in findings(shop)] == [("renamed", "L1", "L2")]


def test_a_warning_has_the_value_where_there_are_several(shop):
    """Otherwise nobody knows which address it is."""
    submit(shop, "L1", ONE)
    answer = submit(shop, "L2", OTHER, ONE)
    assert answer.warnings == (
        f"mac: {ONE} is also on L1 (asset 1); if this is that device renamed, merge them",
    )


def test_equal_values_of_two_kinds_are_not_equal(shop):
    """A serial number is compared with serial numbers."""
    submit(shop, "L1", serial="SAME-1")
    assert submit(shop, "L2", uuid="SAME-1").warnings == ()


def test_a_stronger_value_that_differs_vetoes(adopting):
    """Thirty laptops with serial numbers stay thirty at one dock, and nobody is warned."""
    for number in range(30):
        answer = submit(adopting, f"L{number}", DOCK, serial=f"SN-{number}")
        assert (answer.action, answer.warnings) == ("created", ())
    assert findings(adopting) == []


def test_thirty_laptops_in_a_batch_stay_thirty(adopting):
    """A batch takes the same path."""
    lines = [
        {"name": f"L{number}", "serial": f"SN-{number}", "interfaces": [{"mac": DOCK}]}
        for number in range(30)
    ]
    results = adopting.submissions.submit_many("laptops", lines, ORIGIN)
    assert [(result.action, result.warnings) for result in results] == [("created", ())] * 30


@pytest.mark.parametrize(
    ("first", "second", "action"),
    [
        ({"serial": "SN-1"}, {"serial": "SN-2"}, "created"),
        ({"serial": "SN-1", "uuid": "U-1"}, {"serial": "SN-1", "uuid": "U-2"}, "updated"),
        ({"serial": "SN-1", "uuid": "U-1"}, {"serial": "SN-2", "uuid": "U-1"}, "created"),
        ({"uuid": "U-1"}, {"uuid": "U-2"}, "created"),
        ({"serial": "SN-1"}, {}, "updated"),
        ({}, {"serial": "SN-1"}, "updated"),
        ({"serial": "Default string"}, {"serial": "SN-1"}, "updated"),
        ({}, {}, "updated"),
    ],
)
def test_who_adopts_by_a_common_address(adopting, first, second, action):
    """Kinds are compared in their order; one that either lacks, or has as a placeholder, decides nothing."""
    submit(adopting, "L1", DOCK, **first)
    assert submit(adopting, "L2", DOCK, **second).action == action


def test_a_laptop_that_is_renamed_at_a_dock_adopts_its_own_asset(adopting):
    """Its serial number leads to it, though the dock's address is also on another laptop."""
    submit(adopting, "L1", DOCK, serial="SN-1")
    own = submit(adopting, "L2", ONE, serial="SN-2")
    renamed = submit(adopting, "L2-NEW", DOCK, ONE, serial="SN-2")
    assert (renamed.action, renamed.assetid) == ("updated", own.assetid)
    assert renamed.warnings == ("name: asset 2 was L2, and was matched by its serial and mac",)
    assert evidence(adopting, own.assetid) == [
        ("mac", ONE.lower()),
        ("mac", DOCK.lower()),
        ("serial", "sn-2"),
    ]


def test_values_on_two_assets_adopt_neither(adopting):
    """Two warnings name both; both pairs are listed."""
    submit(adopting, "L1", ONE)
    submit(adopting, "L2", serial="SN-2")
    answer = submit(adopting, "L3", ONE, serial="SN-2")
    assert answer.action == "created"
    none = "while other values are on another asset, so that no asset is adopted"
    assert answer.warnings == (
        f"serial: also on L2 (asset 2), {none}; if this is that device renamed, merge them",
        f"mac: also on L1 (asset 1), {none}; if this is that device renamed, merge them",
    )
    assert findings(adopting) == [
        ("renamed", "serial", "SN-2", "L2", "L3"),
        ("renamed", "mac", ONE, "L1", "L3"),
    ]


def test_a_submission_is_compared_with_three_assets_at_most(shop):
    """A server with the adapters of many laptops."""
    macs = [f"00:1A:2B:00:01:{number:02}" for number in range(9)]
    for number, mac in enumerate(macs):
        submit(shop, f"L{number}", mac)
    assert len(submit(shop, "SERVER", *macs).warnings) == 3


def test_one_value_that_never_moved_is_enough_to_adopt(adopting):
    """The dock's address changed hands twice; the serial number did not."""
    for name in ("L1", "L2", "L3"):
        submit(adopting, name, DOCK)
    assert submit(adopting, "L4", DOCK).action == "created"
    submit(adopting, "L5", ONE, serial="SN-5")
    submit(adopting, "L5", DOCK)
    assert submit(adopting, "L6", DOCK, serial="SN-5").action == "updated"


def test_a_finding_stays_while_a_value_is_common(shop):
    """It is withdrawn when the value that it was made by is gone, and not with another one."""
    submit(shop, "L1", ONE, serial="SN-1")
    submit(shop, "L2", OTHER, serial="SN-1")
    submit(shop, "L2", THIRD)
    assert findings(shop) == [("renamed", "serial", "SN-1", "L1", "L2")]
    submit(shop, "L2", serial="SN-2")
    assert findings(shop) == []


def test_a_value_that_comes_to_a_known_asset_is_swapped(shop):
    """One finding with the strongest value; the other values stay as they are."""
    submit(shop, "L1", ONE, serial="SN-1")
    submit(shop, "L2", OTHER, uuid="U-2")
    answer = submit(shop, "L1", OTHER, uuid="U-2")
    assert answer.warnings == (
        "uuid: also on L2 (asset 2), and new for asset 1; check whether the two devices swapped names",
    )
    assert findings(shop) == [("swapped", "uuid", "U-2", "L1", "L2")]


def test_a_dock_beside_a_serial_number_that_differs_is_not_swapped(shop):
    """Both laptops are who they say they are."""
    submit(shop, "L1", DOCK, serial="SN-1")
    submit(shop, "L2", ONE, serial="SN-2")
    assert submit(shop, "L2", ONE, DOCK).warnings == ()
    assert findings(shop) == []


def test_an_address_that_comes_and_goes_beside_one_that_stays_is_no_collision(shop):
    """The first laptop has an adapter of its own, the second a serial number; the third has neither."""
    for _ in range(2):
        for name, own, serial in (("L1", [ONE], None), ("L2", [], "SN-2"), ("L3", [], None)):
            dock = f"00:1A:2B:00:00:D{name[1]}"
            home = f"00:1A:2B:00:00:E{name[1]}"
            submit(shop, name, *own, dock, serial=serial)
            submit(shop, name, *own, home)
    assert findings(shop) == [("collision", "mac", "00:1A:2B:00:00:D3", "L3", "L3")]


def test_a_serial_number_that_alternates_is_a_collision(shop):
    """Two machines share a name and a dock."""
    answers = [submit(shop, "L1", DOCK, serial=serial) for serial in ("SN-1", "SN-2", "SN-1")]
    assert answers[2].warnings == (
        "serial: alternates between SN-2 and SN-1; check whether two devices share the name of asset 1",
    )
    assert findings(shop) == [("collision", "serial", "SN-1", "L1", "L1")]


def test_the_values_of_an_asset_are_bounded(shop):
    """Thousands of interfaces make neither thousands of rows nor an error."""
    macs = [f"00:1A:2B:{number // 256:02x}:{number % 256:02x}:01" for number in range(3_000)]
    answer = submit(shop, "L1", *macs, serial="SN-1")
    assert len(evidence(shop, answer.assetid)) == MOST_VALUES
    assert submit(shop, "L2", macs[-1]).warnings == ()
    assert len(submit(shop, "L3", macs[0]).warnings) == 1
    assert submit(shop, "L1", *reversed(macs)).action == "updated"
    assert len(evidence(shop, answer.assetid)) == MOST_VALUES


def test_other_spellings_and_another_order_move_nothing(shop):
    """The interfaces are an updated field, and the same evidence."""
    submit(shop, "L1", ONE, OTHER, serial="SN-1")
    before = shop.rows("SELECT * FROM assetevidence")
    assert submit(shop, "L1", OTHER.lower(), ONE, serial="sn-1").action == "updated"
    assert shop.rows("SELECT * FROM assetevidence") == before
    assert shop.count("evidencemove") == 0


def test_one_query_finds_that_no_value_is_known(shop, monkeypatch):
    """Of all new assets of a batch, whatever number of values they have; a noop needs none."""
    lines = [
        {
            "name": f"L{number}",
            "serial": f"SN-{number}",
            "interfaces": [{"mac": f"00:1A:2B:0{number}:00:0{port}"} for port in range(5)],
        }
        for number in range(9)
    ]
    ran = []
    run = Statement.run

    def recorded(self, connection, values):
        ran.append(str(self._element))
        return run(self, connection, values)

    monkeypatch.setattr(Statement, "run", recorded)
    for queries in (1, 0):
        shop.submissions.submit_many("laptops", lines, ORIGIN)
        assert len([sql for sql in ran if "evidence" in sql]) == queries
        ran.clear()


def test_the_audit_verifies_every_value(shop):
    """A row that is missing is found by its kind, and so is a value that no interface has."""
    submit(shop, "L1", ONE, OTHER, serial="SN-1")
    assert faults(shop) == []

    shop.store.transaction(lambda connection: connection.execute(delete(assetevidence)) and None)
    assert faults(shop) == [f"{kind}: the row of assetevidence is missing" for kind in ("mac", "serial")]

    row = {"assettype": "laptops", "field": "mac", "value": THIRD.lower().encode(), "assetid": 1}
    shop.store.transaction(lambda connection: connection.execute(insert(assetevidence), row) and None)
    assert "mac: the row of assetevidence is not the stored value" in faults(shop)


def faults(shop):
    """Return what the audit finds, sorted."""
    found = verify(shop.store, shop.chain, shop.plugins.secondary_identities())
    return sorted(fault.message for batch in found for fault in batch.faults)
