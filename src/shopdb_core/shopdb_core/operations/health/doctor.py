"""`examine`: every check of a site, one after the other, whatever of it is broken.

A check that cannot be made is a problem of its own, and the next ones follow.
"""

import os
import secrets
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from shopdb_core.errors import ConfigurationError, ShopDBError, in_one_line
from shopdb_core.operations.health.checks import (
    MEBIBYTE,
    CheckResult,
    check_disk,
    check_migrations,
    check_plugins,
)
from shopdb_core.operations.health.configuration import find_faults, webhook_secret_files
from shopdb_core.operations.health.site_checks import SiteChecks
from shopdb_core.plugins.registry import Plugins, load_plugins
from shopdb_core.settings import (
    DEFAULT_DATABASE_URL,
    Settings,
    read_plugin_selection,
    read_settings,
    with_dotenv,
)
from shopdb_core.settings.environment import secret_files
from shopdb_core.store import Store, open_store
from shopdb_core.store.databases import parse_url
from shopdb_core.store.open import database_folder, has_database
from shopdb_core.store.tables import has_tables

DISTRIBUTIONS = ("shopdb-core", "shopdb-hookspecs")
OF_SETTINGS = ("keys", "audit", "collectors", "pruning")
"""The checks of the database that broken settings would make wrong."""

LONGER = ("settings", "files", "packages", "migrations", "pruning")
"""The checks that load plugins, distributions or migrations again, read files, or many entries."""

LARGE_LOG_BYTES = 64 * 1024 * 1024

Check = Callable[[], Iterable[CheckResult]]


def examine(environ: Mapping[str, str], directory: Path) -> Iterator[CheckResult]:
    """Check the site in a directory, whose `.env` file completes the variables of `environ`."""
    variables: Mapping[str, str] = environ
    with suppress(ConfigurationError):  # `check_settings` shows it
        variables = with_dotenv(environ, directory)
    settings, are_right = _settings_or_defaults(variables)
    plugins = Plugins([])
    try:
        plugins = load_plugins(settings.plugin_selection, logged=False)
    except ShopDBError as error:
        yield CheckResult("plugins", "problem", in_one_line(error), "Correct this first.")
    yield from check_settings(environ, directory, settings)
    yield from _guarded("files", partial(_check_files, settings, variables, directory))
    yield from _guarded("packages", _check_packages)
    yield from _guarded("plugins", partial(check_plugins, plugins))
    yield from _guarded("disk", partial(check_disk, settings.database_url))
    yield from _guarded("log", partial(_check_log, settings.database_url))
    left_out = () if are_right else OF_SETTINGS
    yield from _guarded("database", partial(_check_database, settings, plugins, left_out))


def examine_open(settings: Settings, store: Store, plugins: Plugins) -> Iterator[CheckResult]:
    """Make the checks that an open site can make of itself in passing; `LONGER` names those left out."""
    yield from _guarded("plugins", partial(check_plugins, plugins))
    yield from _guarded("disk", partial(check_disk, settings.database_url))
    yield from _guarded("log", partial(_check_log, settings.database_url))
    yield from _check_site(settings, store, plugins, LONGER)


def check_settings(environ: Mapping[str, str], directory: Path, settings: Settings) -> Iterator[CheckResult]:
    """Check everything that `shopdb config check` finds, and whether the audit has a key of its own."""
    faults = find_faults(directory, environ)
    for each in faults:
        yield CheckResult("settings", "problem", each.message, "Correct it in the environment or .env.")
    if faults:
        return
    yield CheckResult("settings", "ok", "all are valid")
    if not settings.audit_keys:
        yield CheckResult(
            "settings",
            "warning",
            "SHOPDB_AUDIT_KEY is not set, so that SECRET_KEY cannot be rotated",
            "Set SHOPDB_AUDIT_KEY to the present SECRET_KEY, and restart.",
        )


def _guarded(name: str, check: Check) -> Iterator[CheckResult]:
    """Make a check; what it raises is its result. Messages of other exceptions may have secrets."""
    try:
        yield from check()
    except ShopDBError as error:
        yield CheckResult(name, "problem", in_one_line(error), "Correct this first.")
    except Exception as error:  # noqa: BLE001  # the other checks go on
        yield CheckResult(
            name, "problem", f"cannot be checked: {type(error).__name__}", "Correct this first."
        )


def _settings_or_defaults(environ: Mapping[str, str]) -> tuple[Settings, bool]:
    """Return the settings, and whether all are right; of broken ones only the database and the plugins."""
    try:
        return read_settings(environ), True
    except ConfigurationError:
        pass
    url = environ.get("SHOPDB_DATABASE_URL", DEFAULT_DATABASE_URL).strip()
    bare = Settings(secret_key=secrets.token_urlsafe(48), database_url=url)
    try:
        return replace(bare, plugin_selection=read_plugin_selection(environ)), False
    except ConfigurationError:
        return bare, False


def _check_files(settings: Settings, environ: Mapping[str, str], directory: Path) -> Iterator[CheckResult]:
    """Check that only the owner can read the files with secrets and with data."""
    files = [directory / ".env", *(Path(path) for _, path in secret_files(environ))]
    files += map(Path, webhook_secret_files(settings))
    if database_folder(settings.database_url) is not None:
        database = parse_url(settings.database_url).database
        files += [Path(f"{database}{suffix}") for suffix in ("", "-wal", "-shm")]
    present = [file for file in files if os.name == "posix" and file.is_file()]
    exposed = [file for file in present if file.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP)]
    for file in exposed:
        yield CheckResult(
            "files", "problem", f"{file.name} can be read or changed by other users", f"chmod 600 {file.name}"
        )
    if not exposed:
        yield CheckResult("files", "ok", f"{len(present)} files with secrets or data are private")


def _check_packages() -> Iterator[CheckResult]:
    """Check that what the distributions require is installed, in a version that they admit."""
    wrong = [fault for name in DISTRIBUTIONS for fault in _unmet(name)]
    for fault in wrong:
        yield CheckResult("packages", "problem", fault, "Install it with pip, all wheels in one command.")
    if not wrong:
        versions = ", ".join(f"{name} {version(name)}" for name in DISTRIBUTIONS)
        yield CheckResult("packages", "ok", versions)


def _unmet(distribution: str) -> Iterator[str]:
    from packaging.requirements import Requirement  # noqa: PLC0415  # servers import this module for the console

    for requirement in map(Requirement, requires(distribution) or ()):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            yield f"{distribution} needs {requirement.name}, which is not installed"
        else:
            if not requirement.specifier.contains(found, prereleases=True):
                yield f"{distribution} needs {requirement}, and {found} is installed"


def _check_log(database_url: str) -> Iterator[CheckResult]:
    """Check the size of SQLite's write-ahead log, which grows while one transaction reads for long."""
    if database_folder(database_url) is None:
        return
    log = Path(f"{parse_url(database_url).database}-wal")
    size = log.stat().st_size if log.is_file() else 0
    detail = f"the write-ahead log has {size // MEBIBYTE} MiB"
    if size > LARGE_LOG_BYTES:
        step = "Look for a program that reads the database for long, or a backup tool that hangs."
        yield CheckResult("log", "warning", detail, step)
    else:
        yield CheckResult("log", "ok", detail)


def _check_database(settings: Settings, plugins: Plugins, left_out: Collection[str]) -> Iterator[CheckResult]:
    if not has_database(settings.database_url):
        yield CheckResult("database", "problem", "there is no database yet", "Run `shopdb db upgrade`.")
        return
    with closing(open_store(settings)) as store:
        if not store.read(has_tables):
            yield CheckResult("database", "problem", "has no tables yet", "Run `shopdb db upgrade`.")
            return
        yield CheckResult("database", "ok", "answers")
        migrations = [*_guarded("migrations", partial(check_migrations, store, plugins))]
        yield from migrations
        if any(each.status == "problem" for each in migrations):
            return
        yield from _check_site(settings, store, plugins, left_out)


def _check_site(
    settings: Settings, store: Store, plugins: Plugins, left_out: Collection[str]
) -> Iterator[CheckResult]:
    for name, check in SiteChecks(settings, store, plugins).all().items():
        if name not in left_out:
            yield from _guarded(name, check)
