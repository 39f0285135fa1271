"""What keeps a server from starting in production (`SHOPDB_ENV`): all of it is found at once."""

from collections.abc import Iterator, Mapping

from shopdb_core.errors import ConfigurationError, ShopDBError
from shopdb_core.settings import Finding, Settings
from shopdb_core.settings.production import unsafe_settings
from shopdb_core.store.open import excess_rights


def check_production(settings: Settings, environ: Mapping[str, str]) -> None:
    """Raise `ConfigurationError` with every finding if the site is in production and not safe there.

    Raises as `open_store` does for a database server that does not answer.
    """
    if not settings.is_production:
        return
    findings = [*unsafe_settings(settings, environ)]
    try:
        findings += database_findings(settings)
    except ShopDBError:
        if not findings:
            raise
    if findings:
        raise ConfigurationError(
            f"Not safe in production (SHOPDB_ENV): {' '.join(each.message for each in findings)}"
        )


def database_findings(settings: Settings) -> Iterator[Finding]:
    """Yield what is not safe about the user of the database; raises as `open_store` does."""
    if rights := excess_rights(settings):
        yield Finding(
            "SHOPDB_DATABASE_URL",
            f"SHOPDB_DATABASE_URL has a user with the rights {', '.join(rights)}; use one with rights on its "
            "own database alone.",
        )
