"""Backups: what an archive has, and what is left if one cannot be made."""

import json
import stat
import tarfile
import threading
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from archives import names_in, quiet

from shopdb_core.errors import BackupFailure
from shopdb_core.operations.backups.backup import make_backup
from shopdb_core.operations.backups.restore import restore
from shopdb_core.store import open_store

SPY = """\
#!/bin/sh
echo "$@" > {folder}/arguments
for argument in "$@"; do
    case $argument in --defaults-extra-file=*) secret=${{argument#*=}} ;; esac
done
/bin/cat "${{PGPASSFILE:-$secret}}" > {folder}/secret
exit 3
"""
"""A dump program that keeps what it is given, and fails."""


def rows(settings: Any, url: str) -> dict[str, list[tuple]]:
    """Return what the tables of assets and of the audit have."""
    with closing(open_store(replace(settings, database_url=url))) as store:
        queries = {table: f"SELECT * FROM {table} ORDER BY 1, 2" for table in ("asset", "auditentry")}
        queries["assetattributes"] = "SELECT * FROM assetattributes ORDER BY 1"
        return {
            name: [tuple(row) for row in store.read(lambda each, sql=sql: each.exec_driver_sql(sql).all())]
            for name, sql in queries.items()
        }


@pytest.mark.every_database
def test_what_is_restored_is_what_was_backed_up(stocked, folder, make_database, database_kind):
    """Every row comes back, the archive verifies, and the site's own database is recorded as backed up."""
    made = make_backup(stocked, folder, quiet, verified=True)
    empty = make_database(database_kind)

    restored = restore(made.path, stocked.settings, empty.url, quiet)

    assert made.faults == ()
    assert rows(stocked.settings, empty.url) == rows(stocked.settings, stocked.settings.database_url)
    assert restored.manifest.auditid == 4
    assert stocked.rows("SELECT file, verified FROM backup") == [(made.path.name, True)]


def test_an_archive_is_private_and_has_no_secret(stocked, archive):
    """Its mode is 0600; it has the manifest, the head and the dump, and no key of the site."""
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["manifest.json", "head.json", "data"]
        manifest = json.load(tar.extractfile("manifest.json"))
    assert manifest["kind"] == "shopdb-backup"
    assert manifest["revisions"].keys() == {"core", "computers", "printers"}
    assert stocked.settings.secret_key.encode() not in archive.read_bytes()
    assert names_in(archive.parent) == [archive.name]


def test_a_backup_while_others_write(stocked, folder):
    """It is one snapshot: its audit verifies, and no submission fails meanwhile."""
    ended = threading.Event()
    failures = []

    def submit() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            try:
                stocked.submit("computers", {"hostname": f"PC-{number % 50}", "osname": f"Build {number}"})
            except Exception as error:  # noqa: BLE001
                failures.append(error)

    writer = threading.Thread(target=submit)
    writer.start()
    try:
        verdicts = [
            make_backup(stocked, folder / f"{each}.tar", quiet, verified=True).faults for each in "ab"
        ]
    finally:
        ended.set()
        writer.join()

    assert verdicts == [(), ()]
    assert failures == []


def test_keep_deletes_older_archives_of_this_site_alone(stocked, make_shop, folder):
    """Those of another key, other files and newer ones stay."""
    other = make_shop(secret_key="another-secret-key-for-tests-9876543210")
    foreign = make_backup(other, folder / "other.shopdb.tar", quiet).path
    (folder / "notes.shopdb.tar").write_text("not an archive")
    for number in range(3):
        newest = make_backup(stocked, folder / f"{number}.shopdb.tar", quiet, keep=2)

    assert [path.name for path in newest.deleted] == ["0.shopdb.tar"]
    assert names_in(folder) == ["1.shopdb.tar", "2.shopdb.tar", "notes.shopdb.tar", foreign.name]


def test_an_archive_is_not_overwritten(stocked, archive):
    """A second backup to the same file is refused, and the first one stays."""
    before = archive.read_bytes()

    with pytest.raises(BackupFailure, match="exists, and is not overwritten"):
        make_backup(stocked, archive, quiet)

    assert archive.read_bytes() == before


def test_verifying_finds_an_audit_that_was_edited(stocked, folder):
    """The archive is kept as evidence, older ones are not deleted, and the faults are returned."""
    make_backup(stocked, folder / "old.shopdb.tar", quiet)
    stocked.store.transaction(
        lambda connection: connection.exec_driver_sql("UPDATE auditentry SET actor = 'x' WHERE auditid = 1")
    )

    made = make_backup(stocked, folder / "new.shopdb.tar", quiet, keep=1, verified=True)

    assert made.faults
    assert made.deleted == ()
    assert stocked.rows("SELECT verified FROM backup") == [(False,), (False,)]


@pytest.mark.every_server
def test_a_missing_program_is_named(stocked, folder, monkeypatch):
    """The error says which package has it; nothing is left in the folder."""
    monkeypatch.setenv("PATH", str(folder))

    with pytest.raises(BackupFailure, match=r"(pg_dump|mariadb-dump) is not on the PATH: install it"):
        make_backup(stocked, folder / "a.tar", quiet)

    assert names_in(folder) == []


@pytest.mark.every_server
def test_the_password_is_neither_an_argument_nor_left_behind(stocked, folder, tmp_path, monkeypatch):
    """The program gets it by a file that only this user can read; the arguments name no password."""
    program = {"postgresql": "pg_dump", "mysql": "mariadb-dump"}[stocked.store._dialect.name]
    spy = tmp_path / "bin" / program
    spy.parent.mkdir()
    spy.write_text(SPY.format(folder=tmp_path))
    spy.chmod(0o700)
    monkeypatch.setenv("PATH", str(spy.parent))
    url = stocked.settings.database_url.replace("@", ":pass-word-1@", 1)
    object.__setattr__(stocked.settings, "database_url", url)

    with pytest.raises(BackupFailure, match=f"{program} failed: exit code 3"):
        make_backup(stocked, folder / "a.tar", quiet)

    assert "pass-word-1" not in (tmp_path / "arguments").read_text()
    assert "pass-word-1" in (tmp_path / "secret").read_text()
    assert names_in(folder) == []
