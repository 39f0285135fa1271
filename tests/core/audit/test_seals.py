"""Seals by version: what an earlier release sealed verifies, and no version passes for another."""

import shutil
from contextlib import closing
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from databases import execute
from sqlalchemy import Connection, insert, make_url

from shopdb_core.audit.checkpoints import COLUMNS
from shopdb_core.audit.entries import FIELDS, SEALED_FIELDS, SEALED_RUN, AuditChain, Seals
from shopdb_core.audit.verifying.verify import verify
from shopdb_core.settings import Settings
from shopdb_core.store import open_store
from shopdb_core.store.migrate import CORE, MigrationScripts, core_scripts, upgrade
from shopdb_core.store.open import migration_transaction
from shopdb_core.store.tables import asset, assetattributes, auditcheckpoint, auditentry

SECRET_KEY = "a-secret-key-for-tests-0123456789-abcdef"
FORGED = "was changed after it was written, or the audit's key has changed"

AT = [datetime(2026, 11, 26, 8, 30, 0, each, tzinfo=UTC) for each in (0, 125, 250_000)]
HASHES = [
    bytes.fromhex("46374a9d3e97abe07e1a4dc00c792a98aa9f4c580c900c1ab504a440b04abeb1"),
    bytes.fromhex("ae65591514770cc7f8a017f0f31b9f580a9a7bfc3dbc0ea1aca23cd97ca5725e"),
    bytes.fromhex("60da4bdc7b6f756acf3a9ffe4ae931770135cf96cacc8b5fb2472193e424d4b6"),
]
"""As the release before the versions wrote them, with the SECRET_KEY of the tests' sites."""

SEAL = bytes.fromhex("3857da1c2df6a4e571404dfe0b07715a4ca2328f2c082ad19e7802b4acb6ce9b")
"""The seal of a checkpoint that replaces the second entry, likewise."""

MINE = {"assetid": 7, "identityvalue": "Zeile Süd"}
ENTRIES = [
    {
        **MINE,
        "auditid": 1,
        "at": AT[0],
        "plugin": None,
        "action": "created",
        "diff": '{"osname":{"after":"Ä","before":null}}',
        "volatileonly": False,
        "actor": "user:ada",
        "requestid": "r-1",
        "previoushash": None,
        "hash": HASHES[0],
    },
    {
        **MINE,
        "auditid": 2,
        "at": AT[1],
        "plugin": "computers",
        "action": "noop",
        "diff": "{}",
        "volatileonly": False,
        "actor": "collector:computers",
        "requestid": "r-2",
        "previoushash": HASHES[0],
        "hash": HASHES[1],
    },
    {
        **MINE,
        "auditid": 3,
        "at": AT[2],
        "plugin": "computers",
        "action": "updated",
        "diff": '{"osname":{"after":"B","before":"Ä"}}',
        "volatileonly": True,
        "actor": "collector:computers",
        "requestid": "r-3",
        "previoushash": HASHES[1],
        "hash": HASHES[2],
    },
]
CHECKPOINT = {
    "assetid": 7,
    "firstauditid": 2,
    "lastauditid": 2,
    "entries": 1,
    "firstat": AT[1],
    "lastat": AT[1],
    "previoushash": HASHES[0],
    "lasthash": HASHES[1],
    "diff": "{}",
    "seal": SEAL,
}


def write(connection: Connection) -> None:
    """Write what an earlier release wrote, without a version: entry, checkpoint, entry."""
    times = {
        "chainhash": HASHES[2],
        "createdat": AT[0],
        "updatedat": AT[2],
        "lastseenat": AT[2],
        "version": 2,
    }
    of_the_asset = {"assettype": "computers", "identitykey": b"zeile", "identityvalue": "Zeile Süd", **times}
    connection.execute(insert(asset).values(assetid=7, **of_the_asset))
    connection.execute(insert(assetattributes).values(assetid=7, attributes='{"osname":"B"}'))
    connection.execute(insert(auditentry), [ENTRIES[0], ENTRIES[2]])
    connection.execute(insert(auditcheckpoint), [CHECKPOINT])


@pytest.fixture
def recorded(shop):
    """Return a site whose audit an earlier release wrote."""
    shop.store.transaction(write)
    return shop


def faults(shop) -> list[str]:
    """Verify, and return what is wrong."""
    return [fault.message for batch in verify(shop.store, shop.chain) for fault in batch.faults]


@pytest.mark.every_database
def test_what_an_earlier_release_sealed_verifies(recorded):
    """Entries and checkpoints without a version have the first."""
    assert faults(recorded) == []
    assert recorded.rows("SELECT sealversion FROM auditentry") == [(1,), (1,)]


@pytest.mark.every_database
def test_an_upgrade_keeps_what_was_sealed(database, tmp_path):
    """Rows from before the migration verify after it."""
    before = MigrationScripts(CORE, tmp_path)
    for file in core_scripts().directory.glob("000[123]*.py"):
        shutil.copy(file, tmp_path)
    with migration_transaction(database.url) as connection:
        before.upgrade(connection)
    with migration_transaction(database.url) as connection:
        write(connection)
    upgrade(database.url, [])
    settings = Settings(secret_key=SECRET_KEY, database_url=database.url)

    with closing(open_store(settings)) as store:
        (batch, _) = verify(store, AuditChain(SECRET_KEY))

    assert (batch.entries, batch.pruned, batch.faults) == (2, 1, ())


def test_an_earlier_release_wrote_the_entry_that_the_checkpoint_stands_for(recorded):
    """The entry itself verifies as well as the checkpoint."""
    recorded.store.transaction(lambda connection: connection.execute(insert(auditentry), [ENTRIES[1]]))
    execute(make_url(recorded.settings.database_url), "DELETE FROM auditcheckpoint")

    assert faults(recorded) == []


@pytest.mark.parametrize(
    ("table", "kind"),
    [("auditentry", "entry"), ("auditcheckpoint", "checkpoint")],
    ids=["entry", "checkpoint"],
)
@pytest.mark.parametrize("version", [0, 2, 3])
def test_a_version_edited_by_hand_is_found(recorded, table, kind, version):
    """A version that the seal does not have is a forgery, be it known or not."""
    execute(make_url(recorded.settings.database_url), f"UPDATE {table} SET sealversion = {version}")

    assert set(faults(recorded)) == {f"the {kind} {FORGED}"}


@pytest.mark.parametrize(("covered", "fields"), [(SEALED_FIELDS, FIELDS), (SEALED_RUN, COLUMNS)])
def test_the_newest_version_covers_every_field(covered, fields):
    """A field that was added and not sealed could be changed by anybody."""
    assert set(covered[max(covered)]) == set(fields)


@pytest.mark.parametrize("version", SEALED_FIELDS)
def test_entries_of_every_version_verify(version):
    """Also those that were written between two migrations; the fields that came later are null."""
    covered = {number: SEALED_FIELDS[number] for number in range(1, version + 1)}
    fields = {"clientaddress": "192.0.2.1" if version > 1 else None, "rowhash": b"r" if version > 2 else None}
    fields["source"] = "glpi" if version > 3 else None
    entry = SimpleNamespace(**{**ENTRIES[0], **fields, "sealversion": version, "previoushash": None})
    entry.hash = Seals(SECRET_KEY, b"shopdb audit chain", covered).seal(entry, None)

    assert AuditChain(SECRET_KEY).verify(entry)


FIRST = {1: ("actor",)}
SECOND = {**FIRST, 2: ("actor", "reason")}


def row(seals: Seals, actor: str, reason: str | None) -> SimpleNamespace:
    """Return a row that was sealed with the newest version of `seals`."""
    written = SimpleNamespace(actor=actor, reason=reason, sealversion=seals.version)
    written.seal = seals.seal(written)
    return written


@pytest.fixture
def first() -> Seals:
    """Seals of a release whose records have one field."""
    return Seals("a-secret-key", b"test", FIRST)


@pytest.fixture
def second() -> Seals:
    """Seals of the next release, which added a field."""
    return Seals("a-secret-key", b"test", SECOND)


def test_a_later_version_is_one_line(first, second):
    """Rows of both versions fit, each by its own fields."""
    for written in (row(first, "ada", None), row(second, "ada", "a repair"), row(second, "ada", None)):
        assert second.verify(written, written.seal)


@pytest.mark.parametrize("reason", [None, "a repair"])
def test_a_later_row_does_not_pass_for_an_earlier_one(second, reason):
    """Otherwise its new field could be changed unseen; the version is part of what is sealed."""
    written = row(second, "ada", reason)
    written.sealversion = 1

    assert not second.verify(written, written.seal)


def test_an_earlier_row_is_given_no_later_field(first, second):
    """A field that its version does not cover stays empty."""
    written = row(first, "ada", None)
    written.reason = "made up"

    assert not second.verify(written, written.seal)


def test_a_version_is_sealed_with_the_fields(second):
    """Two versions that cover the same fields have different seals."""
    same = Seals("a-secret-key", b"test", {1: SECOND[2], 2: SECOND[2]})
    written = row(same, "ada", "a repair")
    written.sealversion = 1

    assert not same.verify(written, written.seal)
    assert second.seal(written) == same.seal(written)
