"""The archive of a backup: one tar file with a manifest, the database's dump, and a signed head of its audit.

It is written to a temporary name, flushed to the disk and renamed. Reading trusts nothing in it: no name of a
member is used as a path, and no more is written than the manifest says.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import orjson

from shopdb_core.errors import BackupFailure
from shopdb_core.store.dumping import Report, sync_folder
from shopdb_hookspecs import JsonObject

KIND = "shopdb-backup"
FORMAT = 1
MANIFEST, DATA, HEAD = "manifest.json", "data", "head.json"
LARGEST_MANIFEST = 1024 * 1024
BLOCK = 1024 * 1024
PARTIAL = ".partial"

_PLAIN_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)
"""Neither links nor sparse files, which would be larger than what is stored of them."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself.

    at: when the backup began, as RFC 3339 in UTC.
    version: the version of shopdb-core that made it.
    database: the kind of database, by SQLAlchemy's name.
    databytes: how many bytes the dump inflates to.
    auditid: the newest audit entry; 0 without entries. The dump may have later ones.
    auditkey: fingerprint of the key that seals the audit, which the archive does not have.
    revisions: the revision of the tables of the core and of each plugin.
    plugins: the distribution and version of each plugin.
    members: the size and SHA-256 of each other member.
    """

    at: str
    version: str
    database: str
    databytes: int
    auditid: int
    auditkey: str
    revisions: Mapping[str, str | None]
    plugins: Mapping[str, str]
    members: Mapping[str, Mapping[str, int | str]]

    def as_json(self) -> JsonObject:
        """Return the document in the archive."""
        return {"kind": KIND, "format": FORMAT, **asdict(self)}


def describe_member(file: Path) -> dict[str, int | str]:
    """Return the size and SHA-256 of a file, as the manifest has them."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {"bytes": file.stat().st_size, "sha256": digest}


def write_archive(path: Path, manifest: Manifest, folder: Path, report: Report) -> None:
    """Write the archive of the files in `folder` that the manifest names, readable by this user alone.

    Raises `BackupFailure`, and leaves nothing, if it cannot be written.
    """
    partial = path.with_name(f".{path.name}{PARTIAL}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                content = orjson.dumps(manifest.as_json(), option=orjson.OPT_INDENT_2)
                _add(archive, MANIFEST, io.BytesIO(content), len(content))
                for name in manifest.members:
                    with (folder / name).open("rb") as member:
                        size = (folder / name).stat().st_size
                        report("Writing", 0, size)
                        _add(archive, name, member, size)
                        report("Writing", size, size)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise BackupFailure(f"{path.name} cannot be written: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)


def read_manifest(path: Path) -> Manifest:
    """Return the manifest of an archive; raises `BackupFailure` for any other file."""
    try:
        with _opened(path) as archive:
            return _manifest(path, next(iter(archive), None), archive)
    except OSError as error:
        raise BackupFailure(f"{path.name} cannot be read: {error.strerror or error}.") from error


def extract(path: Path, folder: Path, report: Report) -> Manifest:
    """Write the members of an archive to `folder` under the names that the manifest may have.

    Raises `BackupFailure` if the archive is cut off, a member is missing, repeated or not named by the
    manifest, or its size or hash differs; and `OSError`, as for a full disk.
    """
    with _opened(path) as archive:
        members = iter(archive)
        manifest = _manifest(path, next(members, None), archive)
        missing = dict(manifest.members)
        for member in members:
            expected = missing.pop(member.name, None)
            if expected is None or member.type not in _PLAIN_FILES:
                raise BackupFailure(
                    f"{path.name} has a member that its manifest does not name: it was changed."
                )
            found = _copy(archive, member, folder / member.name, int(expected["bytes"]), report)
            if found != expected:
                raise BackupFailure(
                    f"{path.name} is damaged or was changed: the SHA-256 of {member.name} differs."
                )
    if missing:
        raise BackupFailure(f"{path.name} is cut off: {min(missing)} is missing.")
    return manifest


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    archive.addfile(member, content)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    """Open a tar file without compression; raises `BackupFailure` also for what is found while it is read."""
    try:
        with tarfile.open(path, "r:") as archive:
            yield archive
    except (tarfile.TarError, EOFError) as error:
        raise BackupFailure(f"{path.name} is not a ShopDB backup, or is cut off.") from error


def _manifest(path: Path, member: tarfile.TarInfo | None, archive: tarfile.TarFile) -> Manifest:
    foreign = BackupFailure(f"{path.name} is not a ShopDB backup: `shopdb backup` makes one.")
    if member is None or member.name != MANIFEST or member.size > LARGEST_MANIFEST:
        raise foreign
    content = archive.extractfile(member)
    try:
        document = orjson.loads(content.read() if content else b"")
        kind, version = document.pop("kind"), document.pop("format")
        if kind == KIND and version != FORMAT:
            raise BackupFailure(f"{path.name} was made by a later release of ShopDB: install that one.")
        manifest = Manifest(**document)
        fits = kind == KIND and DATA in manifest.members and manifest.members.keys() <= {DATA, HEAD}
        sizes = [int(each["bytes"]) for each in manifest.members.values()]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise foreign from error
    if not fits or min(manifest.databytes, *sizes) < 0:
        raise foreign
    return manifest


def _copy(
    archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path, most: int, report: Report
) -> dict[str, int | str]:
    """Write a member of at most `most` bytes; return its size and SHA-256 as they are found."""
    digest, size = hashlib.sha256(), 0
    content = archive.extractfile(member)
    with target.open("xb") as file:
        while content and size <= most and (block := content.read(BLOCK)):
            digest.update(block)
            file.write(block)
            size += len(block)
            report("Reading", size, most)
    return {"bytes": size, "sha256": digest.hexdigest()}
