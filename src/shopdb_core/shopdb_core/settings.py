"""The settings of one site: what they are, and which values are refused.

From environment variables, and a `.env` file beside them, to `Settings`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values

from shopdb_core.errors import ConfigurationError

OnMatch = Literal["flag", "adopt"]

SECRET_MINIMUM_LENGTH = 32
SECRET_LEAST_VARIETY = 8
EXAMPLE_SECRETS = frozenset({"replace-me-with-the-output-of-shopdb-init"})


@dataclass(frozen=True, slots=True)
class PluginSelection:
    """Which plugins the site lets in, by name: those of the allow-list (`None`: all) that are not blocked."""

    plugins: frozenset[str] | None = None
    blocked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One site's settings; `shopdb_core.settings.read_settings` reads them from variables.

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
    plugin_selection: PluginSelection = PluginSelection()
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


SHARED_KEY = "COLLECTOR_API_KEY"
DEFAULT_LISTEN = "127.0.0.1:8080"
MOST_KEYS = 2
LAST_PORT = 65535
KEEP = "keep"
MOST_DAYS = 36_500

_PLUGIN_KEY = re.compile(rf"{SHARED_KEY}_([A-Z0-9_]+?)(?:_FILE)?")
_ONMATCH = re.compile(r"SHOPDB_([A-Z0-9_]+)_ONMATCH")


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Where a server listens, and the key that opens a collector, if there is one."""

    url: str
    key: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """What the verdict on a submission depends on besides its collector."""

    max_body_bytes: int
    timezone: ZoneInfo


def with_dotenv(environ: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Combine `environ` with the `.env` file in `directory`, if there is one; `environ` wins."""
    dotenv = directory / ".env"
    try:
        values = dotenv_values(dotenv, interpolate=False) if dotenv.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{dotenv.name} cannot be read: {error}") from error
    return {name: value for name, value in values.items() if value is not None} | dict(environ)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read a site's settings; raises `ConfigurationError` that names the variable at fault."""
    intake = read_intake_settings(environ)
    return Settings(
        secret_key=_required_secret(environ, "SECRET_KEY"),
        database_url=_text(environ, "SHOPDB_DATABASE_URL", "sqlite:///shopdb.sqlite3"),
        listen=_address(environ, "SHOPDB_LISTEN", DEFAULT_LISTEN),
        threads=_count(environ, "SHOPDB_THREADS", "8"),
        pool_size=_count(environ, "SHOPDB_POOL_SIZE", "") if "SHOPDB_POOL_SIZE" in environ else None,
        workers=_count(environ, "SHOPDB_WORKERS", "1"),
        shared_keys=_keys(environ, SHARED_KEY),
        collector_keys=_plugin_keys(environ),
        plugin_selection=read_plugin_selection(environ),
        max_body_bytes=intake.max_body_bytes,
        timezone=intake.timezone,
        onmatch=_onmatch(environ),
        audit_retention_days=_days(environ, "SHOPDB_AUDIT_RETENTION_DAYS", KEEP),
        audit_noop_retention_days=_days(environ, "SHOPDB_AUDIT_NOOP_RETENTION_DAYS", "30"),
    )


def read_plugin_selection(environ: Mapping[str, str]) -> PluginSelection:
    """Read which plugins the site lets in; a command needs no secret to know it."""
    blocked = _names(environ, "SHOPDB_BLOCKED_PLUGINS") or frozenset()
    return PluginSelection(_names(environ, "SHOPDB_PLUGINS"), blocked)


def read_intake_settings(environ: Mapping[str, str]) -> IntakeSettings:
    """Read how this site takes submissions; it needs no SECRET_KEY."""
    return IntakeSettings(
        max_body_bytes=_count(environ, "SHOPDB_MAX_BODY_BYTES", "1048576"),
        timezone=_timezone(environ, "SHOPDB_TIMEZONE", "UTC"),
    )


def read_client_settings(environ: Mapping[str, str], plugin: str) -> ClientSettings:
    """Read how a command on this site reaches its own server; it needs no SECRET_KEY."""
    host, port = _address(environ, "SHOPDB_LISTEN", DEFAULT_LISTEN)
    keys = _keys(environ, f"{SHARED_KEY}_{plugin.upper()}") or _keys(environ, SHARED_KEY)
    return ClientSettings(f"http://{f'[{host}]' if ':' in host else host}:{port}", keys[0] if keys else None)


def _text(environ: Mapping[str, str], variable: str, default: str) -> str:
    value = environ.get(variable, default).strip()
    if not value:
        raise ConfigurationError(f"{variable} is set but empty; give it a value or remove it.")
    return value


def _secret(environ: Mapping[str, str], variable: str) -> str | None:
    """Read a secret from `variable` or from the file that `variable`_FILE names."""
    file_variable = f"{variable}_FILE"
    if variable in environ and file_variable in environ:
        raise ConfigurationError(f"{variable} and {file_variable} are both set; remove one of them.")
    if file_variable in environ:
        return _file_content(file_variable, _text(environ, file_variable, ""))
    return _text(environ, variable, "") if variable in environ else None


def _file_content(variable: str, path: str) -> str:
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{variable} names a file that cannot be read: {path}") from error
    if not content:
        raise ConfigurationError(f"{variable} names an empty file: {path}")
    return content


def _required_secret(environ: Mapping[str, str], variable: str) -> str:
    value = _secret(environ, variable)
    if value is None:
        raise ConfigurationError(f"{variable} is not set; `shopdb init` writes a .env file that has one.")
    return value


def _keys(environ: Mapping[str, str], variable: str) -> tuple[str, ...]:
    value = _secret(environ, variable)
    keys = tuple(key.strip() for key in value.split(",")) if value else ()
    if len(keys) > MOST_KEYS:
        raise ConfigurationError(f"{variable} holds {len(keys)} keys; it takes two at most, for rotation.")
    return keys


def _plugin_keys(environ: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    names = {match[1] for match in map(_PLUGIN_KEY.fullmatch, environ) if match} - {"FILE"}
    return {name.lower(): _keys(environ, f"{SHARED_KEY}_{name}") for name in sorted(names)}


def _names(environ: Mapping[str, str], variable: str) -> frozenset[str] | None:
    """Read a list of names, `None` where there is none: an empty one must not admit everything."""
    if variable not in environ:
        return None
    return frozenset(filter(None, map(str.strip, _text(environ, variable, "").split(","))))


def _onmatch(environ: Mapping[str, str]) -> dict[str, OnMatch]:
    found = {variable: match[1] for variable in environ if (match := _ONMATCH.fullmatch(variable))}
    return {name.lower(): _one_onmatch(environ, variable) for variable, name in found.items()}


def _one_onmatch(environ: Mapping[str, str], variable: str) -> OnMatch:
    value = environ[variable].strip()
    if value not in ("flag", "adopt"):
        raise ConfigurationError(f"{variable} is neither `flag` nor `adopt`.")
    return cast("OnMatch", value)


def _count(environ: Mapping[str, str], variable: str, default: str) -> int:
    value = _text(environ, variable, default)
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ConfigurationError(f"{variable} is not a whole number above 0: {value[:40]}")
    return int(value)


def _days(environ: Mapping[str, str], variable: str, default: str) -> int | None:
    """Read a number of days, `None` for `keep`."""
    value = _text(environ, variable, default)
    if value == KEEP:
        return None
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= MOST_DAYS):
        raise ConfigurationError(
            f"{variable} is neither `{KEEP}` nor a number of days from 1 to {MOST_DAYS}: {value[:40]}"
        )
    return int(value)


def _timezone(environ: Mapping[str, str], variable: str, default: str) -> ZoneInfo:
    name = _text(environ, variable, default)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(f"{variable} is no time zone of the IANA database: {name[:40]}") from error


def _address(environ: Mapping[str, str], variable: str, default: str) -> tuple[str, int]:
    value = _text(environ, variable, default)
    host, _, port = value.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and int(port) <= LAST_PORT):
        raise ConfigurationError(f"{variable} is not HOST:PORT, such as 127.0.0.1:8080: {value[:40]}")
    return host.strip("[]"), int(port)
