"""What is wrong with the settings of a site, and what is not safe in production: all of it at once."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from shopdb_core.edits.site_fields import read_site_fields
from shopdb_core.errors import ConfigurationError, ShopDBError, in_one_line
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import Finding, Settings, check_dotenv, read_settings, with_dotenv
from shopdb_core.settings.environment import setting_findings
from shopdb_core.settings.production import is_readable_by_all, unsafe_settings
from shopdb_core.settings.setting import FILE
from shopdb_core.site import plugin_findings
from shopdb_core.store.open import excess_rights
from shopdb_core.webhooks.config import VARIABLE, read_webhooks, secret_files


def check_production(settings: Settings, environ: Mapping[str, str]) -> None:
    """Raise `ConfigurationError` with every finding if the site is in production and not safe there.

    Raises as `open_store` does for a database server that does not answer.
    """
    if not settings.is_production:
        return
    findings = [*unsafe_settings(settings, environ), *webhook_findings(settings)]
    try:
        findings += database_findings(settings)
    except ShopDBError:
        if not findings:
            raise
    if findings:
        raise ConfigurationError(
            f"Not safe in production (SHOPDB_ENV): {' '.join(each.message for each in findings)}"
        )


def webhook_findings(settings: Settings) -> Iterator[Finding]:
    """Yield what is not safe about the files of secrets that the file of webhooks names."""
    for file in webhook_secret_files(settings):
        if is_readable_by_all(file):
            yield Finding(
                VARIABLE,
                f"{VARIABLE}: {settings.webhooks}: every user of this machine can read the secretfile "
                f"{file}; run `chmod o= {file}`.",
            )


def webhook_secret_files(settings: Settings) -> list[str]:
    """Return the files of secrets of webhooks that exist; none while the file of webhooks cannot be read."""
    files: list[str] = []
    with suppress(ConfigurationError):  # `read_webhooks` raises it as well
        files = secret_files(settings.webhooks)
    return [file for file in files if Path(file).is_file()]


def database_findings(settings: Settings) -> Iterator[Finding]:
    """Yield what is not safe about the user of the database; raises as `open_store` does."""
    if rights := excess_rights(settings):
        yield Finding(
            "SHOPDB_DATABASE_URL",
            f"SHOPDB_DATABASE_URL has a user with the rights {', '.join(rights)}; use one with rights on its "
            "own database alone.",
        )


def find_faults(directory: Path, environ: Mapping[str, str]) -> Sequence[Finding]:
    """Return all that is wrong with the settings of the site in a directory.

    What depends on several settings is looked for without the variables that are wrong by themselves.
    """
    try:
        variables = with_dotenv(environ, directory)
    except ShopDBError as error:
        return [Finding(".env", in_one_line(error))]
    findings = [*_reported(".env", lambda: check_dotenv(directory)), *setting_findings(variables)]
    wrong = {name for each in findings for name in (each.variable, f"{each.variable}{FILE}")}
    usable = {name: value for name, value in variables.items() if name not in wrong}
    if "SECRET_KEY" in wrong:
        usable["SECRET_KEY"] = secrets.token_urlsafe(48)
    return [*findings, *_of_site(read_settings(usable), usable)]


def _of_site(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is wrong with files, plugins and the database, and in production what is not safe there."""
    yield from _reported("SHOPDB_SITE_FIELDS", lambda: read_site_fields(settings.site_fields))
    try:
        plugins = load_plugins(settings.plugin_selection, logged=False)
    except ShopDBError as error:
        yield Finding("SHOPDB_PLUGINS", in_one_line(error))
    else:
        yield from plugin_findings(settings, plugins)
        names = [plugin.name for plugin in plugins.all()]
        yield from _reported(VARIABLE, lambda: read_webhooks(settings.webhooks, names))
    if settings.is_production:
        yield from unsafe_settings(settings, environ)
        yield from webhook_findings(settings)
    try:
        of_database = [*database_findings(settings)]
    except ShopDBError as error:
        yield Finding("SHOPDB_DATABASE_URL", in_one_line(error))
    else:
        yield from of_database if settings.is_production else ()


def _reported(variable: str, check: Callable[[], object]) -> Iterator[Finding]:
    """Yield the error that a check raises."""
    try:
        check()
    except ShopDBError as error:
        yield Finding(variable, in_one_line(error))
