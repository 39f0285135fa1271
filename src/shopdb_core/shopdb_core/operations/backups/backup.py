"""`make_backup`: an archive of a site's database while it is in use, and the older ones that it replaces."""

import hmac
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from shopdb_core.audit.entries import AuditChain
from shopdb_core.audit.verifying.head import Head, keep_head, public_key, read_head
from shopdb_core.audit.verifying.verify import verify
from shopdb_core.errors import BackupFailure
from shopdb_core.operations.backups.archive import (
    DATA,
    HEAD,
    Manifest,
    describe_member,
    extract,
    read_manifest,
    write_archive,
)
from shopdb_core.operations.records import newest_entry, record_backup
from shopdb_core.settings import Settings
from shopdb_core.site import Site, migration_scripts
from shopdb_core.store import Store, open_store
from shopdb_core.store.databases import parse_url
from shopdb_core.store.dumping import Report, dump_database, load_database, scratch_database
from shopdb_core.store.migrate import migration_statuses
from shopdb_hookspecs import JsonObject

SUFFIX = ".shopdb.tar"
PREFIX = "shopdb-"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made: its archive, which older ones were deleted, and what verifying found.

    `faults` is `None` if it was not verified.
    """

    path: Path
    manifest: Manifest
    deleted: Sequence[Path] = ()
    faults: Sequence[str] | None = None


def make_backup(
    site: Site, target: Path, report: Report, *, keep: int | None = None, verified: bool = False
) -> Backup:
    """Write an archive to the file `target`, or under a name of its own into the folder `target`.

    With `verified` it is restored into a scratch database, whose audit is verified. Then, unless a fault was
    found, all but the newest `keep` archives of this site in the folder are deleted. The backup is recorded
    in the database. Commits that, and before it the head, in transactions of their own.
    Raises `BackupFailure` if it cannot be made; then the folder is as it was.
    """
    at = datetime.now(UTC)
    path = target / f"{PREFIX}{at:%Y%m%dT%H%M%SZ}{SUFFIX}" if target.is_dir() else target
    if path.exists():
        raise BackupFailure(f"{path.name} exists, and is not overwritten: give another name, or a folder.")
    if not path.parent.is_dir():
        raise BackupFailure(f"The folder {path.parent} does not exist.")
    try:
        with TemporaryDirectory(prefix=".shopdb-backup-", dir=path.parent) as folder:
            manifest = _dump(site, Path(folder), at, report)
            write_archive(path, manifest, Path(folder), report)
    except OSError as error:
        raise BackupFailure(f"{path.parent} cannot be written: {error.strerror}.") from error
    faults = verify_archive(path, site, report) if verified else None
    deleted = _delete_older(path, site.settings, keep) if keep and not faults else ()
    size = path.stat().st_size
    site.store.transaction(
        lambda connection: record_backup(connection, at, path.name, size, verified=faults == ())
    )
    return Backup(path, manifest, deleted, faults)


def verify_archive(path: Path, site: Site, report: Report) -> tuple[str, ...]:
    """Restore an archive of this site into a scratch database, and return the faults of the audit there.

    That it cannot be restored, or the scratch database not be made, is a fault, too.
    """
    settings = site.settings
    try:
        with scratch_database(settings.database_url) as url, TemporaryDirectory(prefix="shopdb-") as folder:
            manifest = extract(path, Path(folder), report)
            load_database(Path(folder) / DATA, url, manifest.databytes, report)
            with closing(open_store(replace(settings, database_url=url))) as store:
                faults = [*_audit_faults(store, site, report)]
                if HEAD in manifest.members:
                    faults += _head_faults(store, settings, (Path(folder) / HEAD).read_bytes())
    except (BackupFailure, OSError) as error:
        faults = [str(error)]
    return tuple(faults)


def key_fingerprint(key: str) -> str:
    """Return what identifies a key of the audit, and does not help to guess it."""
    return hmac.digest(key.encode(), b"shopdb backup", "sha256").hex()[:16]


def _dump(site: Site, folder: Path, at: datetime, report: Report) -> Manifest:
    """Write the members of the archive to `folder`, the head first: what it covers is in the dump."""
    settings = site.settings
    if find_spec("cryptography"):
        (folder / HEAD).write_bytes(orjson.dumps(_take_head(site, at), option=orjson.OPT_INDENT_2))
    scripts = migration_scripts(site.plugins)
    newest = site.store.read(newest_entry)
    statuses = site.store.read(lambda connection: migration_statuses(connection, scripts))
    databytes = dump_database(settings.database_url, folder / DATA, report)
    active = [plugin.candidate for plugin in site.plugins.active()]
    return Manifest(
        at=at.isoformat(),
        version=version("shopdb-core"),
        database=parse_url(settings.database_url).get_backend_name(),
        databytes=databytes,
        auditid=newest,
        auditkey=key_fingerprint(settings.sealing_keys[0]),
        revisions={status.name: status.current for status in statuses},
        plugins={each.name: f"{each.distribution} {each.version}".strip() for each in active},
        members={name: describe_member(folder / name) for name in (HEAD, DATA) if (folder / name).exists()},
    )


def _take_head(site: Site, at: datetime) -> JsonObject:
    head = site.store.read(lambda connection: Head.of(connection, at))
    site.store.transaction(lambda connection: keep_head(connection, head, at))
    return head.signed(site.settings.sealing_keys[0])


def _head_faults(store: Store, settings: Settings, content: bytes) -> Sequence[str]:
    head = read_head(content, [public_key(key) for key in settings.sealing_keys])
    return store.read(lambda connection: list(head.faults(connection)))


def _audit_faults(store: Store, site: Site, report: Report) -> Sequence[str]:
    found: list[str] = []
    assets = 0
    for batch in verify(store, AuditChain(*site.settings.sealing_keys), site.plugins.secondary_identities()):
        found += [fault.message for fault in batch.faults]
        assets += batch.assets
        report("Verifying", assets, 0)
    return found


def _delete_older(newest: Path, settings: Settings, keep: int) -> tuple[Path, ...]:
    """Delete all but `keep` archives of this site in a folder; others are left, whatever their name is."""
    mine = {key_fingerprint(key) for key in settings.sealing_keys}
    ages = {path: _age(path, mine) for path in newest.parent.glob(f"*{SUFFIX}") if path != newest}
    older = sorted((at, path) for path, at in ages.items() if at)
    deleted = [path for _, path in older[: max(0, len(older) - keep + 1)]]
    for path in deleted:
        path.unlink(missing_ok=True)
    return tuple(deleted)


def _age(path: Path, fingerprints: set[str]) -> str | None:
    """Return when the archive was made; `None` if it is not one of this site."""
    try:
        manifest = read_manifest(path)
    except BackupFailure:
        return None
    return manifest.at if manifest.auditkey in fingerprints else None
