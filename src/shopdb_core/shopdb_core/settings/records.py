"""The settings of a site, as frozen records: their defaults, and which secrets are refused."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from shopdb_core.errors import ConfigurationError
from shopdb_core.settings.values import Network

OnMatch = Literal["flag", "adopt"]

DEFAULT_DATABASE_URL = "sqlite:///shopdb.sqlite3"
DEFAULT_LISTEN = ("127.0.0.1", 8080)
DEFAULT_ONMATCH: OnMatch = "flag"
DEFAULT_ADOPT_AFTER_HOURS = 24
DEFAULT_SILENCE_DAYS = 30

SECRET_MINIMUM_LENGTH = 32
SECRET_LEAST_VARIETY = 8
SHARED_KEY = "COLLECTOR_API_KEY"
MOST_OF_A_NAME = 2
SOURCE = re.compile("[a-z0-9][a-z0-9_-]{0,39}")
"""The name of a key."""

AUDIT_KEY = "SHOPDB_AUDIT_KEY"

_EXAMPLE = re.compile("change(me|this|it)|replace(me|this)|your(secret|key|password)|placeholder")
_LETTERS = str.maketrans("4@310$5", "aaeioss")


@dataclass(frozen=True, slots=True)
class PluginSelection:
    """Which plugins are loaded, by name: those of the allow-list (`None`: all) that are not blocked."""

    plugins: frozenset[str] | None = None
    blocked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings:
    """The settings that the validation of a submission depends on."""

    max_body_bytes: int = 1024 * 1024
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(IntakeSettings):
    """All settings of one site.

    - `pool_size`: connections to a database server that each process keeps; `None`: one for each thread.
    - `collector_keys`: the keys of each plugin that has its own; `shared_keys` are valid for the others. Each
      is a key or `NAME:KEY` (`named_key`).
    - `onmatch`, `adopt_after_hours`: per plugin; the defaults above for a plugin that is not in it.
    - `sources`: per plugin the names of keys that are ranked, the one whose values win first.
    - `source_silence_days`: a source that was silent for longer loses its rank.
    - `debug`: the log has the messages of exceptions, which may quote what clients sent.
    - `trusted_proxies`: whose `X-Forwarded-For` is believed.
    - `old_secret_keys`, `audit_keys`: both verify what was signed or sealed with them; the first of the
      `audit_keys` seals, or `secret_key` if there are none (`sealing_keys`).
    - `site_fields`: the file that declares the fields of people; `None`: there are none.
    - `legacy_pc`: whether the deprecated endpoint `/api/collector/pc` is served.
    - `audit_retention_days`, `audit_noop_retention_days`: `None` keeps these audit entries forever.

    Raises `ConfigurationError` for a weak secret, and for a key that is one of the `secret_keys`.
    """

    secret_key: str = field(repr=False)
    old_secret_keys: tuple[str, ...] = field(default=(), repr=False)
    audit_keys: tuple[str, ...] = field(default=(), repr=False)
    database_url: str = field(default=DEFAULT_DATABASE_URL, repr=False)
    listen: tuple[str, int] = DEFAULT_LISTEN
    trusted_proxies: tuple[Network, ...] = ()
    threads: int = 8
    pool_size: int | None = None
    workers: int = 1
    debug: bool = False
    collector_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    shared_keys: tuple[str, ...] = field(default=(), repr=False)
    plugin_selection: PluginSelection = PluginSelection()
    onmatch: Mapping[str, OnMatch] = field(default_factory=dict)
    adopt_after_hours: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    source_silence_days: int = DEFAULT_SILENCE_DAYS
    audit_retention_days: int | None = None
    audit_noop_retention_days: int | None = 30
    site_fields: str | None = None
    legacy_pc: bool = True

    def __post_init__(self) -> None:
        """Refuse weak secrets, also those of settings that were not read from variables."""
        for secret in self.secret_keys:
            _check_secret("SECRET_KEY", secret)
        for secret in self.audit_keys:
            _check_secret(AUDIT_KEY, secret)
        _check_keys(SHARED_KEY, self.shared_keys, self.secret_keys)
        for plugin, keys in self.collector_keys.items():
            _check_keys(f"{SHARED_KEY}_{plugin.upper()}", keys, self.secret_keys)

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The key that signs tokens, then the one it replaces."""
        return (self.secret_key, *self.old_secret_keys)

    @property
    def sealing_keys(self) -> tuple[str, ...]:
        """The key that seals the audit, then the one it replaces."""
        return self.audit_keys or self.secret_keys


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """The URL of this site's server, and the key of one collector; `None` where none is set."""

    url: str
    key: str | None = field(repr=False)


def named_key(text: str) -> tuple[str | None, str]:
    """Return the name of a collector key, which is its source, and the key; `None` if it has no name."""
    name, colon, key = text.partition(":")
    return (name, key) if colon and SOURCE.fullmatch(name) else (None, text)


def _check_keys(variable: str, keys: Sequence[str], secret_keys: Iterable[str]) -> None:
    names = Counter(name for name, _ in map(named_key, keys))
    for name, count in names.items():
        if count > MOST_OF_A_NAME:
            whose = f"of the name {name}" if name else "without a name"
            raise ConfigurationError(f"{variable} holds {count} keys {whose}; it takes two, for rotation.")
    for _, key in map(named_key, keys):
        _check_secret(variable, key)
        if key in secret_keys:
            # Every pipeline would have the key that signs the tokens of administrators.
            raise ConfigurationError(f"{variable} has the value of SECRET_KEY; give it a key of its own.")
        if not (key.isascii() and key.isprintable()):
            raise ConfigurationError(f"{variable} has a character that an HTTP header cannot carry.")


def _check_secret(variable: str, value: str) -> None:
    """Refuse a secret that is short, has few different characters, or is printed in the documentation."""
    advice = "`shopdb init` makes a good one."
    if len(value.encode()) < SECRET_MINIMUM_LENGTH:
        raise ConfigurationError(f"{variable} is shorter than {SECRET_MINIMUM_LENGTH} characters; {advice}")
    plain = re.sub("[^a-z]", "", value.lower().translate(_LETTERS))
    if _EXAMPLE.search(plain) or len(set(value)) < SECRET_LEAST_VARIETY:
        raise ConfigurationError(f"{variable} is an example value; {advice}")
