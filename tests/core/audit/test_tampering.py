"""The tampering table: each edit by hand of the tables that the audit is about, and what finds it."""

from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, make_url

from shopdb_core.audit.verifying.history import HistoryFault
from shopdb_core.audit.verifying.verify import verify
from shopdb_core.site import upgrade_site
from shopdb_core.store.tables import (
    asset,
    assetattributes,
    assetevidence,
    assetrelationship,
    auditcheckpoint,
    auditentry,
    auditpruning,
)

MACS = ("A4:BB:6D:00:00:01", "A4:BB:6D:00:00:02")
OFF_KEYS = {
    "sqlite": "PRAGMA foreign_keys = OFF",
    "postgresql": "SET session_replication_role = replica",
    "mysql": "SET foreign_key_checks = 0",
}

ROW = "the asset's own row"
FORGED = "the entry was changed"
FORGED_CHECKPOINT = "the checkpoint was changed"
GAP = "does not follow the one before it"
NEWEST = "the newest entry is missing"
ORPHAN = "the asset is missing"
EVIDENCE = "macaddress: the row of assetevidence"
VALUE = "osname: the last `after` is not the stored value"
UNAUDITED = "relationship 9: is in no entry"
UNDELETED = "relationship 1: is missing, and no entry deleted it"
POSITION = "auditpruning: the position"

LATER = "'2031-01-01 00:00:00.000000'"

# Each column of each table, set to a value that it did not have; the row is that of asset 1 or entry 4.
COLUMNS = {
    asset: {
        "assetid": ("assetid = 77", ORPHAN),
        "assettype": ("assettype = 'tablets'", ROW),
        "identityvalue": ("identityvalue = 'PC-9'", "identityvalue: is not that of the newest entry"),
        "identitykey": ("identitykey = {bytes}", ROW),
        "submissionhash": ("submissionhash = {bytes}", ROW),
        "bodydigest": ("bodydigest = {bytes}", ROW),
        "chainhash": ("chainhash = {bytes}", NEWEST),
        "createdat": (f"createdat = {LATER}", ROW),
        "updatedat": (f"updatedat = {LATER}", ROW),
        "lastseenat": (f"lastseenat = {LATER}", ROW),
        "version": ("version = 9", ROW),
        "state": ("state = 'retired'", ROW),
        "reason": ("reason = 'sold'", ROW),
        "mergedinto": ("mergedinto = 2", ROW),
        "hassources": ("hassources = {true}", ROW),
    },
    assetattributes: {
        "assetid": ("assetid = 77", ORPHAN),
        "attributes": ("attributes = replace(attributes, 'Debian', 'Windows')", VALUE),
    },
    assetevidence: {
        "assettype": ("assettype = 'printers'", EVIDENCE),
        "field": ("field = 'serial'", "serial: the row of assetevidence"),
        "value": ("value = {bytes}", EVIDENCE),
        "assetid": ("assetid = 3", EVIDENCE),
    },
    assetrelationship: {
        "relationshipid": ("relationshipid = 9", UNAUDITED),
        "sourceassetid": ("sourceassetid = 3", "relationship 1: is in no entry"),
        "targetassetid": ("targetassetid = 3", "relationship 1: is in no entry"),
        "relationshiptype": ("relationshiptype = 'feeds'", "relationship 1: is in no entry"),
        "createdat": (f"createdat = {LATER}", "relationship 1: is in no entry"),
    },
    auditentry: {
        "auditid": ("auditid = 99", GAP),
        "at": (f"at = {LATER}", FORGED),
        "plugin": ("plugin = NULL", FORGED),
        "action": ("action = 'created'", FORGED),
        "assetid": ("assetid = 2", FORGED),
        "identityvalue": ("identityvalue = 'PC-9'", FORGED),
        "volatileonly": ("volatileonly = {true}", FORGED),
        "actor": ("actor = 'nobody'", FORGED),
        "clientaddress": ("clientaddress = '192.0.2.9'", FORGED),
        "requestid": ("requestid = 'r-9'", FORGED),
        "previoushash": ("previoushash = NULL", GAP),
        "hash": ("hash = {bytes}", GAP),
        "diff": ("diff = replace(diff, 'Debian', 'Windows')", FORGED),
        "sealversion": ("sealversion = 1", FORGED),
        "rowhash": ("rowhash = NULL", FORGED),
        "source": ("source = 'glpi'", FORGED),
    },
    auditcheckpoint: {
        "lastauditid": ("lastauditid = 99", FORGED_CHECKPOINT),
        "firstauditid": ("firstauditid = 1", FORGED_CHECKPOINT),
        "assetid": ("assetid = 3", FORGED_CHECKPOINT),
        "entries": ("entries = 9", FORGED_CHECKPOINT),
        "firstat": (f"firstat = {LATER}", FORGED_CHECKPOINT),
        "lastat": (f"lastat = {LATER}", FORGED_CHECKPOINT),
        "previoushash": ("previoushash = NULL", GAP),
        "lasthash": ("lasthash = {bytes}", GAP),
        "seal": ("seal = {bytes}", FORGED_CHECKPOINT),
        "diff": ("""diff = '{{"osname":{{"before":null,"after":"X"}}}}'""", FORGED_CHECKPOINT),
        "sealversion": ("sealversion = 9", FORGED_CHECKPOINT),
    },
    auditpruning: {
        "kind": ("kind = 'other'", POSITION),
        "position": ("position = 999", POSITION),
    },
}
UNCHECKED = {auditpruning: {"since", "allowed", "deleted"}}
"""The bound of what is pruned in a day, and what readers of the feed may have missed: not of the history."""
WHERE = {
    asset: "assetid = 1",
    assetattributes: "assetid = 1",
    assetevidence: "assetid = 1",
    assetrelationship: "relationshipid = 1",
    auditentry: "auditid = 4",
    auditcheckpoint: "assetid = 1",
    auditpruning: "kind = 'noop'",
}
EDITS = {
    f"{table.name}.{column}": (f"UPDATE {table.name} SET {change} WHERE {WHERE[table]}", finding)
    for table, columns in COLUMNS.items()
    for column, (change, finding) in columns.items()
}

REST = ", ".join(column.name for column in auditentry.c if column.name != "auditid")

OTHERS = {
    "delete the asset's row": ("DELETE FROM asset WHERE assetid = 1", ORPHAN),
    "delete its attributes": ("DELETE FROM assetattributes WHERE assetid = 1", "assetattributes is missing"),
    "delete its evidence": ("DELETE FROM assetevidence WHERE assetid = 1", f"{EVIDENCE} is missing"),
    "delete a relationship": ("DELETE FROM assetrelationship", UNDELETED),
    "delete an entry": ("DELETE FROM auditentry WHERE auditid = 4", GAP),
    "delete the first entry": ("DELETE FROM auditentry WHERE auditid = 1", GAP),
    "delete the newest entry": ("DELETE FROM auditentry WHERE auditid = 7", NEWEST),
    "delete a checkpoint": ("DELETE FROM auditcheckpoint", GAP),
    "delete a position": ("DELETE FROM auditpruning WHERE kind = 'noop'", POSITION),
    "delete every row of an asset but its entries": (
        (
            "DELETE FROM asset WHERE assetid = 3; DELETE FROM assetattributes WHERE assetid = 3;"
            "DELETE FROM assetevidence WHERE assetid = 3"
        ),
        ORPHAN,
    ),
    "delete an asset with all its rows, to which another relates": (
        (
            "DELETE FROM asset WHERE assetid = 2; DELETE FROM assetattributes WHERE assetid = 2;"
            "DELETE FROM assetevidence WHERE assetid = 2; DELETE FROM auditentry WHERE assetid = 2"
        ),
        "relationship 1: its target does not exist",
    ),
    "swap two identities": (
        (
            "UPDATE asset SET identityvalue = 'x', identitykey = {bytes} WHERE assetid = 1;"
            "UPDATE asset SET identityvalue = 'PC-1', identitykey = {pc1} WHERE assetid = 2;"
            "UPDATE asset SET identityvalue = 'PC-2', identitykey = {pc2} WHERE assetid = 1"
        ),
        "identityvalue: is not that of the newest entry",
    ),
    "swap two keys of identities": (
        (
            "UPDATE asset SET identitykey = {bytes} WHERE assetid = 1;"
            "UPDATE asset SET identitykey = {pc1} WHERE assetid = 2;"
            "UPDATE asset SET identitykey = {pc2} WHERE assetid = 1"
        ),
        ROW,
    ),
    "swap the attributes of two assets": (
        (
            "UPDATE assetattributes SET assetid = 77 WHERE assetid = 1;"
            "UPDATE assetattributes SET assetid = 1 WHERE assetid = 2;"
            "UPDATE assetattributes SET assetid = 2 WHERE assetid = 77"
        ),
        "hostname: the last `after` is not the stored value",
    ),
    "swap the assets of two entries": (
        (
            "UPDATE auditentry SET assetid = 2 WHERE auditid = 1;"
            "UPDATE auditentry SET assetid = 1 WHERE auditid = 2"
        ),
        FORGED,
    ),
    "swap the contents of two entries": (
        (
            "UPDATE auditentry SET auditid = 77 WHERE auditid = 1;"
            "UPDATE auditentry SET auditid = 1 WHERE auditid = 4;"
            "UPDATE auditentry SET auditid = 4 WHERE auditid = 77"
        ),
        GAP,
    ),
    "empty chainhash": ("UPDATE asset SET chainhash = NULL WHERE assetid = 1", "chainhash: is empty"),
    "empty submissionhash": ("UPDATE asset SET submissionhash = NULL WHERE assetid = 1", ROW),
    "cut the tail and empty chainhash": (
        "DELETE FROM auditentry WHERE auditid = 7; UPDATE asset SET chainhash = NULL WHERE assetid = 1",
        NEWEST,
    ),
    "insert a relationship": (
        (
            "INSERT INTO assetrelationship"
            " (relationshipid, sourceassetid, targetassetid, relationshiptype, createdat)"
            f" VALUES (9, 2, 3, 'feeds', {LATER})"
        ),
        UNAUDITED,
    ),
    "insert an asset": (
        (
            "INSERT INTO asset"
            " (assetid, assettype, identityvalue, identitykey, createdat, updatedat, lastseenat, version)"
            f" VALUES (9, 'computers', 'PC-9', {{bytes}}, {LATER}, {LATER}, {LATER}, 1)"
        ),
        "the asset has no audit entry",
    ),
    "insert attributes": ("INSERT INTO assetattributes (assetid, attributes) VALUES (9, '{{}}')", ORPHAN),
    "insert evidence": (
        (
            "INSERT INTO assetevidence (assettype, field, value, assetid)"
            " VALUES ('computers', 'macaddress', {bytes}, 1)"
        ),
        EVIDENCE,
    ),
    "insert evidence of no asset": (
        (
            "INSERT INTO assetevidence (assettype, field, value, assetid)"
            " VALUES ('computers', 'macaddress', {bytes}, 9)"
        ),
        ORPHAN,
    ),
    "repeat an entry": (
        f"INSERT INTO auditentry (auditid, {REST}) SELECT 99, {REST} FROM auditentry WHERE auditid = 4",
        GAP,
    ),
    "attributes that are no JSON": (
        "UPDATE assetattributes SET attributes = 'nonsense' WHERE assetid = 1",
        "the attributes are not a JSON object",
    ),
    "a diff that is no JSON": (
        "UPDATE auditentry SET diff = 'nonsense' WHERE auditid = 4",
        "the diff of the entry cannot be read",
    ),
}
CASES = {**EDITS, **OTHERS}


@pytest.fixture
def told(history: Any) -> Any:
    """Return a site with every kind of rows; its audit is as it was written.

    Asset 1 has the entries 1, 4 (updated) and 7 (related to asset 2), and a checkpoint for 5 and 6.
    """
    shop = history.shop
    for number, mac in enumerate(MACS, 1):
        shop.submit("computers", {"hostname": f"PC-{number}", "osname": "Debian", "macaddress": mac})
    shop.submit("computers", {"hostname": "PC-3", "osname": "Debian"})
    for osname in ("Debian 13", "Debian 13", "Debian 13"):
        shop.submit("computers", {"hostname": "PC-1", "osname": osname})
    body = {"relationshiptype": "controls", "targetassetid": 2}
    answer = shop.client.simulate_post(
        "/api/assets/1/relationships", json=body, headers=shop.bearer("editor")
    )
    assert answer.status_code == 201
    history.prune("noop")
    assert history.entries() == [1, 2, 3, 4, 7]
    assert found(shop) == []
    return shop


def found(shop: Any) -> list[HistoryFault]:
    """Verify as the command does."""
    batches = verify(shop.store, shop.chain, shop.plugins.secondary_identities())
    return [fault for batch in batches for fault in batch.faults]


def tamper(database_url: str, statements: str) -> None:
    """Edit by hand: without the key, without foreign keys, as one who owns the database can."""
    url = make_url(database_url)
    kind = url.get_backend_name()
    prefix = {"sqlite": "X'{}'", "postgresql": r"'\x{}'::bytea", "mysql": "X'{}'"}[kind]
    values = {
        "bytes": prefix.format("00" * 16),
        "pc1": prefix.format(b"pc-1".hex()),
        "pc2": prefix.format(b"pc-2".hex()),
        "true": "true" if kind == "postgresql" else "1",
    }
    engine = create_engine(url, poolclass=NullPool)
    with closing(engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(OFF_KEYS[kind])
        for statement in statements.format(**values).split(";"):
            cursor.execute(statement)
        connection.commit()
    engine.dispose()


@pytest.mark.parametrize(("statements", "finding"), CASES.values(), ids=CASES)
def test_an_edit_by_hand_is_found(told: Any, statements: str, finding: str) -> None:
    """Each case of the table is found, and by the fault that the table names."""
    tamper(told.settings.database_url, statements)

    messages = [fault.message for fault in found(told)]

    assert any(finding in message for message in messages), messages


def test_the_table_has_every_column() -> None:
    """A column that is added later is added to the table."""
    for table, columns in COLUMNS.items():
        assert set(columns) == set(table.c.keys()) - UNCHECKED.get(table, set())


@pytest.mark.every_database
def test_each_database_is_searched_alike(told: Any) -> None:
    """One edit of each table, at once."""
    for statements in (EDITS["asset.version"], EDITS["assetevidence.value"], OTHERS["delete a relationship"]):
        tamper(told.settings.database_url, statements[0])

    faults = [fault.message for fault in found(told) if fault.assetid == 1]
    assert len(faults) == 3
    for finding, message in zip((ROW, UNDELETED, EVIDENCE), faults, strict=True):
        assert finding in message


def test_orphans_beyond_the_last_asset_are_found(told: Any) -> None:
    """Rows of an asset whose id is above every other's."""
    tamper(told.settings.database_url, OTHERS["delete every row of an asset but its entries"][0])

    assert [(fault.assetid, fault.message) for fault in found(told)] == [
        (3, "the asset is missing, and the rows of it are left in: audit")
    ]


def test_a_deleted_relationship_leaves_its_entries(told: Any) -> None:
    """Creating and deleting are entries of the source; between them the row follows from the entries."""
    editor = told.bearer("editor")
    told.client.simulate_delete("/api/assets/2/relationships/1", headers=editor)

    entries = told.get("/api/assets/1/history").json["items"]

    assert [entry["action"] for entry in entries[-2:]] == ["related", "unrelated"]
    added, removed = (entry["diff"]["@relationships"] for entry in entries[-2:])
    assert added["added"] == removed["removed"]
    assert (added["added"][0]["targetassetid"], added["added"][0]["relationshiptype"]) == (2, "controls")
    assert (entries[-1]["actor"], entries[-1]["plugin"]) == ("user:tester", None)
    assert "rowhash" not in entries[-1]
    assert found(told) == []


def test_a_pruned_relationship_follows_from_the_checkpoint(told: Any) -> None:
    """The entries `related` and `unrelated` are changes; a checkpoint has their net change."""
    told.submit("computers", {"hostname": "PC-1", "osname": "Debian 14"})
    told.client.simulate_delete("/api/assets/1/relationships/1", headers=told.bearer("editor"))
    told.submit("computers", {"hostname": "PC-1", "osname": "Debian 15"})
    assert found(told) == []


@pytest.mark.every_database
def test_relationships_of_an_earlier_release_are_recorded_by_the_upgrade(told: Any) -> None:
    """They have entries from then on; a later upgrade records no other, which would hide a forgery."""
    url = told.settings.database_url
    tamper(
        url, "DELETE FROM auditentry WHERE auditid = 7; UPDATE asset SET chainhash = NULL WHERE assetid = 1"
    )
    tamper(url, "DELETE FROM auditentry WHERE auditid > 1 AND assetid = 1; DELETE FROM auditcheckpoint")
    tamper(url, "DELETE FROM auditentry WHERE auditid > 1; UPDATE auditentry SET sealversion = 2")
    assert UNDELETED.partition(":")[0] + ": is in no entry" in {fault.message for fault in found(told)}

    upgrade_site(told.settings)
    assert not [fault for fault in found(told) if "relationship" in fault.message]
    (entry,) = told.get("/api/audit?action=related").json["items"]
    assert (entry["actor"], entry["assetid"]) == ("shopdb db upgrade", 1)

    tamper(url, OTHERS["insert a relationship"][0].replace("9, 2, 3", "9, 1, 3"))
    upgrade_site(told.settings)
    assert UNAUDITED in {fault.message for fault in found(told)}


def test_a_relationship_is_refused_as_an_attribute(told: Any) -> None:
    """The name of the relationships in a diff cannot be that of an attribute."""
    body = {"assettype": "line", "identityvalue": "L1", "attributes": {"@relationships": []}}
    answer = told.client.simulate_post("/api/assets", json=body, headers=told.bearer("editor"))

    assert answer.status_code == 422
