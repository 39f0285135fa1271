"""`restore`: an archive becomes the database of a site, all of it or nothing."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from shopdb_core.errors import BackupFailure
from shopdb_core.operations.backups.archive import DATA, Manifest, extract, read_manifest
from shopdb_core.operations.backups.backup import key_fingerprint
from shopdb_core.operations.records import record_backup
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import Settings
from shopdb_core.site import migration_scripts
from shopdb_core.store import open_store
from shopdb_core.store.databases import parse_url
from shopdb_core.store.dumping import Report, load_database
from shopdb_core.store.migrate import BrokenMigrations, core_scripts
from shopdb_core.store.open import database_folder


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and what its operator has to do next, as sentences."""

    manifest: Manifest
    next_steps: Sequence[str]


def restore(archive: Path, settings: Settings, database_url: str, report: Report) -> Restored:
    """Load an archive into the empty database of a URL; a SQLite file must not exist yet.

    Raises `BackupFailure` for another file than an archive of ShopDB, for one that was changed or cut off,
    is of another kind of database, or was made by a later release; and for a database that is not empty.
    """
    manifest = read_manifest(archive)
    _require_kind(manifest, database_url)
    installed = _require_known_revisions(manifest, settings)
    try:
        with TemporaryDirectory(prefix=".shopdb-restore-", dir=database_folder(database_url)) as folder:
            extract(archive, Path(folder), report)
            load_database(Path(folder) / DATA, database_url, manifest.databytes, report)
    except OSError as error:
        raise BackupFailure(f"The archive cannot be restored: {error.strerror or error}.") from error
    _record(archive, manifest, replace(settings, database_url=database_url))
    return Restored(manifest, list(_next_steps(manifest, settings, installed)))


def _record(archive: Path, manifest: Manifest, settings: Settings) -> None:
    """Record the archive in the restored database, which was dumped before its backup was recorded.

    Tables of an earlier release, which have not been migrated yet, are left as they are.
    """
    scripts = core_scripts()
    if manifest.revisions.get(scripts.name) != scripts.head():
        return
    at, size = datetime.fromisoformat(manifest.at), archive.stat().st_size
    with closing(open_store(settings)) as store:
        store.transaction(
            lambda connection: record_backup(connection, at, archive.name, size, verified=False)
        )


def _require_kind(manifest: Manifest, database_url: str) -> None:
    kind = parse_url(database_url).get_backend_name()
    if kind != manifest.database:
        raise BackupFailure(
            f"The archive is of a {manifest.database} database, and the target is {kind}: give --to the URL "
            "of one of the same kind."
        )


def _require_known_revisions(manifest: Manifest, settings: Settings) -> Sequence[str]:
    """Raise `BackupFailure` for tables of a later release; return the plugins that are installed."""
    plugins = load_plugins(settings.plugin_selection)
    known = [core_scripts(), *migration_scripts(plugins)]
    for scripts in known:
        try:
            scripts.require_known(manifest.revisions.get(scripts.name))
        except BrokenMigrations as error:
            raise BackupFailure(f"The archive cannot be restored: {error}") from error
    return [scripts.name for scripts in known]


def _next_steps(manifest: Manifest, settings: Settings, installed: Sequence[str]) -> Sequence[str]:
    steps = []
    if manifest.auditkey not in map(key_fingerprint, settings.sealing_keys):
        steps.append(
            f"Set SHOPDB_AUDIT_KEY to the key of the site that made the archive (fingerprint "
            f"{manifest.auditkey}): with the present one its audit cannot be verified."
        )
    missing = sorted(manifest.revisions.keys() - {*installed})
    if missing:
        steps.append(f"Install the plugins that had tables: {', '.join(missing)}.")
    steps.append("Run `shopdb db upgrade`, then `shopdb audit verify`.")
    steps.append(
        f"Programs that follow the audit by its ids must begin anew after {manifest.auditid}: later entries "
        "are lost, and their ids will be given again."
    )
    return steps
