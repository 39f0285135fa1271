"""The settings of one site: what they are, and which values are refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from shopdb_core.errors import ConfigurationError

OnMatch = Literal["flag", "adopt"]

SECRET_MINIMUM_LENGTH = 32
SECRET_LEAST_VARIETY = 8
EXAMPLE_SECRETS = frozenset({"replace-me-with-the-output-of-shopdb-init"})


@dataclass(frozen=True, slots=True)
class Admission:
    """Which plugins the site lets in, by name: those of the allow-list (`None`: all) that are not blocked."""

    plugins: frozenset[str] | None = None
    blocked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One site's settings; `shopdb_core.environment.read_settings` reads them from variables.

    `pool_size` is how many connections to a database server are kept; `None`: one for each thread.
    `collector_keys` maps a plugin's name to its keys; `shared_keys` open every plugin that has none of
    its own. Audit entries whose days are `None` are kept for ever. Raises `ConfigurationError` for a weak
    secret.
    """

    secret_key: str = field(repr=False)
    database_url: str = field(default="sqlite:///shopdb.sqlite3", repr=False)
    listen: tuple[str, int] = ("127.0.0.1", 8080)
    threads: int = 8
    pool_size: int | None = None
    workers: int = 1
    collector_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    shared_keys: tuple[str, ...] = field(default=(), repr=False)
    admission: Admission = Admission()
    max_body_bytes: int = 1024 * 1024
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    onmatch: Mapping[str, OnMatch] = field(default_factory=dict)
    audit_retention_days: int | None = None
    audit_noop_retention_days: int | None = 30

    def __post_init__(self) -> None:
        """Refuse weak secrets, whoever built the settings."""
        check_secret("SECRET_KEY", self.secret_key)
        check_keys("COLLECTOR_API_KEY", self.shared_keys)
        for plugin, keys in self.collector_keys.items():
            check_keys(f"COLLECTOR_API_KEY_{plugin.upper()}", keys)


def check_keys(variable: str, keys: Iterable[str]) -> None:
    """Refuse a weak collector key, and one that no HTTP header could carry."""
    for key in keys:
        check_secret(variable, key)
        if not (key.isascii() and key.isprintable()):
            raise ConfigurationError(f"{variable} has a character that an HTTP header cannot carry.")


def check_secret(variable: str, value: str) -> None:
    """Refuse a secret that is short, monotonous, or printed in our own documentation."""
    if len(value.encode()) < SECRET_MINIMUM_LENGTH:
        raise ConfigurationError(
            f"{variable} is shorter than {SECRET_MINIMUM_LENGTH} characters; `shopdb init` makes a good one."
        )
    if value in EXAMPLE_SECRETS or len(set(value)) < SECRET_LEAST_VARIETY:
        raise ConfigurationError(f"{variable} is an example value; `shopdb init` makes a good one.")
