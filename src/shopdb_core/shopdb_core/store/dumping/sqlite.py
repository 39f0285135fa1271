"""SQLite: a consistent copy of the file while others write, and putting a file in its place."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL

from shopdb_core.errors import BackupFailure
from shopdb_core.store.dumping.programs import Report, compress, inflate, sync_folder
from shopdb_core.store.sqlite.files import create_private

PAGES = 512
"""How many pages are copied between two reports."""


def dump(url: URL, file: Path, report: Report) -> int:
    """Copy the database, and compress the copy.

    The copy is of one snapshot, which a read transaction holds: without it SQLite would begin anew whenever
    another process writes. Writers do not wait for it.
    """
    copy = file.with_name("copy.sqlite3")
    create_private(str(copy))
    try:
        with closing(_connect(_path(url))) as source, closing(sqlite3.connect(copy)) as target:
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            (page_size,) = source.execute("PRAGMA page_size").fetchone()
            source.backup(
                target,
                pages=PAGES,
                progress=lambda _, left, pages: report(
                    "Copying", (pages - left) * page_size, pages * page_size
                ),
            )
            source.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise BackupFailure(f"The database cannot be copied: {error}.") from error
    size = copy.stat().st_size
    with copy.open("rb") as content:
        compress(content, file, lambda done: report("Compressing", done, size))
    copy.unlink()
    return size


def load(file: Path, url: URL, most: int, report: Report) -> None:
    """Write the file beside its place, check it, and link it there, where nothing may be yet."""
    path = _path(url)
    for present in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))):
        if present.exists():
            raise BackupFailure(f"{present.name} exists, and is not overwritten: move it away first.")
    with TemporaryDirectory(prefix=".shopdb-restore-", dir=path.parent) as folder:
        restored = Path(folder) / path.name
        create_private(str(restored))
        with restored.open("r+b") as target:
            inflate(file, target, most, lambda done: report("Restoring", done, most))
            target.flush()
            os.fsync(target.fileno())
        _check(restored)
        try:
            os.link(restored, path)  # unlike a rename, never over a file that appeared meanwhile
        except FileExistsError as error:
            raise BackupFailure(f"{path.name} exists, and is not overwritten.") from error
        sync_folder(path.parent)


def _check(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            # One file without a log beside it, which is what is put in its place.
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        raise BackupFailure(f"The database in the archive is damaged: {str(verdict)[:200]}")


def _path(url: URL) -> Path:
    return Path(url.database or "").absolute()


def _connect(path: Path) -> sqlite3.Connection:
    """Open an existing file; SQLite would create one that is missing."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None)
    connection.execute("PRAGMA query_only=ON")
    return connection
