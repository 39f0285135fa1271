"""`CheckResult`: the verdict of one check of a site; and the checks that the server itself makes as well."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shopdb_core.plugins.registry import Plugins
from shopdb_core.site import migration_scripts
from shopdb_core.store import Store
from shopdb_core.store.migrate import migration_statuses
from shopdb_core.store.open import database_folder

Status = Literal["ok", "warning", "problem"]

LEAST_FREE_BYTES = 100 * 1024 * 1024
"""Below this much room on its disk a SQLite site is not ready: a migration or a large batch may need it."""

LITTLE_FREE_BYTES = 1024 * 1024 * 1024
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The verdict of one check: a sentence about what was found, and the next step unless all is well."""

    name: str
    status: Status
    detail: str
    step: str = ""


def check_disk(database_url: str) -> Iterator[CheckResult]:
    """Check the free room on the disk of a SQLite file; a server's disk is its own affair."""
    folder = database_folder(database_url)
    if folder is None:
        return
    free = free_bytes(folder)
    detail = f"{free // MEBIBYTE} MiB are free on the disk of the database"
    if free < LEAST_FREE_BYTES:
        yield CheckResult("disk", "problem", detail, "Free disk space.")
    elif free < LITTLE_FREE_BYTES:
        yield CheckResult("disk", "warning", detail, "Free disk space.")
    else:
        yield CheckResult("disk", "ok", detail)


def free_bytes(folder: Path) -> int:
    """Return the room on the file system of a folder."""
    return shutil.disk_usage(folder).free


def check_migrations(store: Store, plugins: Plugins) -> Iterator[CheckResult]:
    """Check that the tables of the core and of each plugin are those of the installed release."""
    scripts = migration_scripts(plugins)
    statuses = store.read(lambda connection: migration_statuses(connection, scripts))
    pending = [status.name for status in statuses if status.behind]
    failed = [status for status in statuses if status.failure]
    for status in failed:
        yield CheckResult(
            "migrations", "problem", f"{status.name}: {status.failure}", "Correct it: `shopdb db upgrade`."
        )
    if pending:
        names = ", ".join(pending)
        yield CheckResult("migrations", "problem", f"pending for {names}", "Run `shopdb db upgrade`.")
    elif not failed:
        yield CheckResult("migrations", "ok", "the tables are up to date")


def check_plugins(plugins: Plugins) -> Iterator[CheckResult]:
    """Check that no plugin is quarantined."""
    quarantined = [plugin for plugin in plugins.all() if plugin.state == "quarantined"]
    for plugin in quarantined:
        yield CheckResult(
            "plugins", "problem", f"{plugin.name} is quarantined: {plugin.reason}", "Correct it, and restart."
        )
    for plugin in plugins.active():
        for notice in plugin.notices:
            yield CheckResult(
                "plugins", "warning", f"{plugin.name}: {notice}", "Ask for a newer release of it."
            )
    if not quarantined:
        yield CheckResult("plugins", "ok", f"{len(plugins.active())} are active")
