"""Restoring: an archive that is not right changes nothing, nor does a database that is not empty."""

import gzip
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from archives import members_of, names_in, quiet, with_manifest, write_members

from shopdb_core.errors import BackupFailure, ConfigurationError
from shopdb_core.operations.backups.backup import make_backup
from shopdb_core.operations.backups.restore import restore
from shopdb_core.operations.records import list_backups
from shopdb_core.site import Site


@pytest.fixture
def target(tmp_path) -> Path:
    """Return the path of a database that does not exist, in a folder of its own."""
    folder = tmp_path / "target"
    folder.mkdir()
    return folder / "shopdb.sqlite3"


@pytest.fixture
def refused(stocked, target) -> Callable[[Path], str]:
    """Return a function that expects an archive to be refused and nothing to be written."""

    def expect(archive: Path) -> str:
        with pytest.raises(BackupFailure) as caught:
            restore(archive, stocked.settings, f"sqlite:///{target}", quiet)
        assert names_in(target.parent) == []
        return str(caught.value)

    return expect


@pytest.mark.parametrize("name", ["manifest.json", "head.json", "data"])
def test_an_archive_that_is_cut_off(archive, refused, name):
    """Wherever it ends: in the manifest, in the head, in the dump, or between two of them."""
    with tarfile.open(archive) as tar:
        member = tar.getmember(name)
    content = archive.read_bytes()
    for end in (member.offset, member.offset_data + member.size // 2):
        archive.write_bytes(content[:end])
        assert archive.name in refused(archive)


def test_a_file_that_is_not_an_archive(archive, refused):
    """Any other file, a compressed tar, and a tar of something else."""
    members = members_of(archive)
    archive.write_bytes(gzip.compress(archive.read_bytes()))
    assert "is not a ShopDB backup" in refused(archive)
    archive.write_text("x" * 2000)
    assert "is not a ShopDB backup" in refused(archive)
    write_members(archive, {"readme.txt": b"hello", **members})
    assert "is not a ShopDB backup" in refused(archive)


def test_a_member_that_was_changed(archive, refused):
    """Its hash differs from that of the manifest."""
    members = members_of(archive)
    write_members(archive, {**members, "data": members["data"][:-1] + b"!"})

    assert "the SHA-256 of data differs" in refused(archive)


def test_a_member_that_the_manifest_does_not_name(archive, refused, target):
    """A path outside of the folder, a second dump and a link are refused, and nothing is written."""
    members = members_of(archive)
    outside = f"../{target.parent.name}/slip"
    write_members(archive, {**members, outside: b"x"})
    assert "does not name" in refused(archive)

    write_members(archive, members, type=tarfile.SYMTYPE, linkname="/etc/passwd", size=0)
    assert "does not name" in refused(archive)

    write_members(archive, with_manifest({**members, outside: b"x"}, dict))
    assert "is not a ShopDB backup" in refused(archive)


def test_an_archive_that_inflates_to_more_than_it_says(archive, refused):
    """A bomb is written up to the size in the manifest, and removed."""
    bomb = gzip.compress(b"\0" * 64 * 1024 * 1024)
    changed = with_manifest({**members_of(archive), "data": bomb}, dict)
    write_members(archive, changed)

    assert "holds more data than its manifest says" in refused(archive)


def test_a_dump_that_is_not_a_database(archive, refused):
    """It is checked before it is put in its place."""
    content = b"not a database" * 1000
    dump = with_manifest({**members_of(archive), "data": gzip.compress(content)}, dict)
    write_members(archive, dump)

    assert "The database in the archive is damaged" in refused(archive)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda manifest: manifest.update(kind="other"), "is not a ShopDB backup"),
        (lambda manifest: manifest.update(format=2), "was made by a later release"),
        (lambda manifest: manifest.update(extra=1), "is not a ShopDB backup"),
        (lambda manifest: manifest.pop("auditkey"), "is not a ShopDB backup"),
        (lambda manifest: manifest["members"].pop("data"), "is not a ShopDB backup"),
        (lambda manifest: manifest.update(databytes=-1), "is not a ShopDB backup"),
        (lambda manifest: manifest["revisions"].update(core="9999"), "install the release that made them"),
        (lambda manifest: manifest.update(database="postgresql"), "is of a postgresql database"),
    ],
)
def test_a_manifest_that_does_not_fit(archive, refused, change, reason):
    """Another kind of file or of database, and one of a later release."""
    write_members(archive, with_manifest(members_of(archive), change))

    assert reason in refused(archive)


def test_a_file_that_exists_is_not_overwritten(stocked, archive, target):
    """Nor a write-ahead log that was left beside it, which would be applied to the restored file."""
    for name in (target.name, f"{target.name}-wal"):
        present = target.with_name(name)
        present.write_bytes(b"somebody's")
        with pytest.raises(BackupFailure, match=f"{name} exists, and is not overwritten"):
            restore(archive, stocked.settings, f"sqlite:///{target}", quiet)
        assert present.read_bytes() == b"somebody's"
        present.unlink()


def test_a_folder_that_does_not_exist(stocked, archive, tmp_path):
    """It is an error for people, as a full disk is."""
    with pytest.raises(BackupFailure, match="cannot be restored: No such file or directory"):
        restore(archive, stocked.settings, f"sqlite:///{tmp_path}/nowhere/shopdb.sqlite3", quiet)


@pytest.mark.every_server
def test_a_database_with_tables_is_not_overwritten(stocked, folder):
    """That of the site itself, for example."""
    made = make_backup(stocked, folder, quiet)

    with pytest.raises(BackupFailure, match="The database has tables, such as accessevent"):
        restore(made.path, stocked.settings, stocked.settings.database_url, quiet)

    assert stocked.count("asset") == 3


@pytest.mark.every_server
def test_a_dump_that_fails_leaves_the_database_empty(stocked, folder, make_database, database_kind):
    """Also where the database cannot roll back the tables that the first statements made."""
    made = make_backup(stocked, folder, quiet)
    members = members_of(made.path)
    data = members["data"]
    if database_kind == "mysql":
        data = gzip.compress(gzip.decompress(data) + b"\nthis is not a statement;\n")
    else:
        data = data[: len(data) * 2 // 3]
    size = len(gzip.decompress(data)) if database_kind == "mysql" else 0
    write_members(
        made.path, with_manifest({**members, "data": data}, lambda each: each.update(databytes=size))
    )
    empty = make_database(database_kind)

    with pytest.raises(BackupFailure, match="failed"):
        restore(made.path, stocked.settings, empty.url, quiet)

    schema = "DATABASE()" if database_kind == "mysql" else "current_schema()"
    query = f"SELECT count(*) FROM information_schema.tables WHERE table_schema = {schema}"
    assert empty.query(query) == [(0,)]


KILLED = """
import os, pathlib, signal, sys
from shopdb_core.store.dumping import load_database
load_database(pathlib.Path(sys.argv[1]), sys.argv[2], 10**9, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.mark.parametrize("database_kind", ["mysql"])
def test_a_restore_that_was_killed_begins_anew(stocked, folder, make_database, tmp_path):
    """Where tables cannot be rolled back: what was left is marked, refused by everyone else, and dropped."""
    made = make_backup(stocked, folder, quiet)
    target = make_database("mysql")
    dump = tmp_path / "dump"
    dump.write_bytes(members_of(made.path)["data"])
    subprocess.run([sys.executable, "-c", KILLED, dump, target.url], check=False, timeout=60)
    target.query("CREATE TABLE IF NOT EXISTS leftover (number INTEGER)")
    settings = replace(stocked.settings, database_url=target.url)
    with pytest.raises(ConfigurationError, match="run the same `shopdb restore` again"):
        Site.open(settings)

    restore(made.path, settings, target.url, quiet)

    assert target.query("SELECT count(*) FROM asset") == [(3,)]
    assert target.query("SHOW TABLES LIKE 'leftover'") == []
    with Site.open(settings):
        pass


@pytest.mark.parametrize("database_kind", ["mysql"])
def test_two_restores_into_one_database(stocked, folder, make_database):
    """The second one is refused, and leaves the first one alone."""
    made = make_backup(stocked, folder, quiet)
    target = make_database("mysql")

    def report(label: str, _done: int, _total: int) -> None:
        if label == "Restoring":
            with pytest.raises(BackupFailure, match="Another process is restoring into this database"):
                restore(made.path, stocked.settings, target.url, quiet)

    restore(made.path, stocked.settings, target.url, report)

    assert target.query("SELECT count(*) FROM asset") == [(3,)]


@pytest.mark.every_database
def test_the_archive_is_a_backup_of_the_restored_site(stocked, folder, make_database, database_kind):
    """The dump was made before the backup was recorded; without it the doctor would miss a backup."""
    made = make_backup(stocked, folder, quiet)
    target = make_database(database_kind)

    restore(made.path, stocked.settings, target.url, quiet)

    with Site.open(replace(stocked.settings, database_url=target.url)) as site:
        (row,) = site.store.read(list_backups)
    assert (row["at"].isoformat(), row["file"]) == (made.manifest.at, made.path.name)
    assert (row["bytes"], row["verified"]) == (made.path.stat().st_size, False)


def test_tables_of_an_earlier_release_are_left_as_they_are(stocked, archive, target):
    """Their migrations have not run yet; what they lack cannot be written."""
    earlier = with_manifest(members_of(archive), lambda each: each["revisions"].update(core="0011"))
    write_members(archive, earlier)

    restore(archive, stocked.settings, f"sqlite:///{target}", quiet)

    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT count(*) FROM backup").fetchone() == (0,)


def test_what_to_do_next(stocked, archive, target):
    """The migrations and the audit; and the key of the audit, if this site has another one."""
    steps = restore(archive, stocked.settings, f"sqlite:///{target}", quiet).next_steps
    assert "shopdb db upgrade" in steps[0]

    target.unlink()
    other = replace(stocked.settings, secret_key="another-secret-key-for-tests-9876543210")
    steps = restore(archive, other, f"sqlite:///{target}", quiet).next_steps
    assert "Set SHOPDB_AUDIT_KEY to the key of the site that made the archive" in steps[0]
