"""Read the settings of a site from environment variables and a `.env` file.

The records hold the defaults; the `read_…` functions pass them only the variables that are set.
"""

import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from shopdb_core.errors import ConfigurationError, did_you_mean
from shopdb_core.settings.records import (
    AUDIT_KEY,
    DEFAULT_LISTEN,
    SECRET_MINIMUM_LENGTH,
    SHARED_KEY,
    SOURCE,
    ClientSettings,
    IntakeSettings,
    OnMatch,
    PluginSelection,
    Settings,
    named_key,
)
from shopdb_core.settings.values import (
    read_address,
    read_count,
    read_days,
    read_flag,
    read_hours,
    read_networks,
    read_switch,
    read_timezone,
    read_unchanged,
    read_whole_days,
)

Parse: TypeAlias = Callable[[str, str], object]

MOST_KEYS = 16
MOST_SECRET_KEYS = 2

_PLUGIN_KEY = re.compile(rf"{SHARED_KEY}_([A-Z0-9_]+?)(?:_FILE)?")
_OF_PLUGIN = ("ONMATCH", "ADOPT_AFTER_HOURS", "SOURCES")
_PLUGIN_SETTING = re.compile(rf"SHOPDB_([A-Z0-9_]+)_({'|'.join(_OF_PLUGIN)})")
_PASSWORD_IN_URL = re.compile(r"//[^/@]*:[^@]+@|[?&]password=")
_OURS = re.compile("(SHOPDB_|COLLECTOR_API_?KEY).*", re.IGNORECASE)
# Kubernetes sets these in every container for a service named `shopdb` or `shopdb-…`.
_OF_KUBERNETES = re.compile(r"SHOPDB_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT(_.+)?)|PORT(_\d+_.+)?)")


def with_dotenv(environ: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Return `environ` with the variables of the file `.env` in `directory`, if it exists; `environ` wins.

    Raises `ConfigurationError` where the file cannot be read.
    """
    dotenv = directory / ".env"
    if not dotenv.is_file():
        return dict(environ)
    from dotenv import dotenv_values  # noqa: PLC0415  # `shopdb --help` outside of a site does without

    try:
        values = dotenv_values(dotenv, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{dotenv.name} cannot be read: {error}") from error
    return {name: value for name, value in values.items() if value is not None} | dict(environ)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read all settings; raises `ConfigurationError` that names the variable."""
    check_names(environ)
    secret_keys = _secret_keys(environ)
    return Settings(
        secret_key=secret_keys[0],
        old_secret_keys=secret_keys[1:],
        audit_keys=_keys(environ, AUDIT_KEY, MOST_SECRET_KEYS),
        shared_keys=_keys(environ, SHARED_KEY),
        collector_keys=_plugin_keys(environ),
        plugin_selection=read_plugin_selection(environ),
        onmatch=_of_plugins(environ, "ONMATCH", _onmatch),
        adopt_after_hours=_of_plugins(environ, "ADOPT_AFTER_HOURS", read_hours),
        sources=_of_plugins(environ, "SOURCES", _sources),
        **_values(environ, _INTAKE_VARIABLES),
        **_values(environ, _SERVER_VARIABLES),
    )


def check_names(environ: Mapping[str, str]) -> None:
    """Raise `ConfigurationError` for a variable that looks like one of ShopDB and is not read by it."""
    known = (_PLUGIN_KEY, _PLUGIN_SETTING, _OF_KUBERNETES)
    for variable in filter(_OURS.fullmatch, environ):
        if variable not in _NAMES and not any(pattern.fullmatch(variable) for pattern in known):
            hint = _meant(variable.upper())
            raise ConfigurationError(f"{variable} is not a setting; correct or remove it.{hint}")


def _meant(variable: str) -> str:
    """Return which variable was meant; a setting of a plugin is compared without the name of the plugin."""
    plugin = re.sub("^(SHOPDB|COLLECTOR_API_?KEYS?)_|(_ADOPT_AFTER)?_[A-Z]*$", "", variable)
    setting = variable.removeprefix(f"SHOPDB_{plugin}_")
    of_plugin = [f"SHOPDB_{plugin}_{each}" for each in _OF_PLUGIN if did_you_mean(setting, [each])]
    return did_you_mean(variable, (*_NAMES, *of_plugin, f"{SHARED_KEY}_{plugin}"))


def check_dotenv(directory: Path) -> None:
    """Raise `ConfigurationError` if every user of the machine can read the secrets of a `.env` file."""
    dotenv = directory / ".env"
    if os.name != "posix" or not dotenv.is_file() or not dotenv.stat().st_mode & stat.S_IROTH:
        return
    secrets = [name for name, value in with_dotenv({}, directory).items() if _is_secret(name, value)]
    if secrets:
        raise ConfigurationError(
            f".env can be read by every user of this machine, and has {secrets[0]}: run `chmod 600 .env`"
        )


def _is_secret(variable: str, value: str) -> bool:
    if variable == "SHOPDB_DATABASE_URL":
        return bool(_PASSWORD_IN_URL.search(value))
    return variable.startswith(("SECRET_KEY", SHARED_KEY, AUDIT_KEY)) and not variable.endswith("_FILE")


def read_plugin_selection(environ: Mapping[str, str]) -> PluginSelection:
    """Read which plugins are loaded; SECRET_KEY is not needed. Raises as `read_settings` does."""
    blocked = _names(environ, "SHOPDB_BLOCKED_PLUGINS") or frozenset()
    return PluginSelection(_names(environ, "SHOPDB_PLUGINS"), blocked)


def read_intake_settings(environ: Mapping[str, str]) -> IntakeSettings:
    """Read what validation depends on; SECRET_KEY is not needed. Raises as `read_settings` does."""
    return IntakeSettings(**_values(environ, _INTAKE_VARIABLES))


def read_client_settings(environ: Mapping[str, str], plugin: str) -> ClientSettings:
    """Read how to reach this site's own server; SECRET_KEY is not needed. Raises as `read_settings` does."""
    variable = "SHOPDB_LISTEN"
    host, port = read_address(variable, _text(environ, variable)) if variable in environ else DEFAULT_LISTEN
    keys = _keys(environ, f"{SHARED_KEY}_{plugin.upper()}") or _keys(environ, SHARED_KEY)
    key = named_key(keys[0])[1] if keys else None
    return ClientSettings(f"http://{f'[{host}]' if ':' in host else host}:{port}", key)


def _text(environ: Mapping[str, str], variable: str) -> str:
    value = environ[variable].strip()
    if not value:
        raise ConfigurationError(f"{variable} is set but empty; give it a value or remove it.")
    return value


def _secret(environ: Mapping[str, str], variable: str) -> str | None:
    """Read a secret from `variable` or from the file that `variable`_FILE names."""
    file_variable = f"{variable}_FILE"
    if variable in environ and file_variable in environ:
        raise ConfigurationError(f"{variable} and {file_variable} are both set; remove one of them.")
    if file_variable in environ:
        return _file_content(file_variable, _text(environ, file_variable))
    return _text(environ, variable) if variable in environ else None


def _file_content(variable: str, path: str) -> str:
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{variable} names a file that cannot be read: {path}") from error
    if not content:
        raise ConfigurationError(f"{variable} names an empty file: {path}")
    return content


def _keys(environ: Mapping[str, str], variable: str, most: int = MOST_KEYS) -> tuple[str, ...]:
    value = _secret(environ, variable)
    keys = tuple(key.strip() for key in value.split(",")) if value else ()
    if len(keys) > most:
        raise ConfigurationError(f"{variable} holds {len(keys)} keys; it takes {most} at most.")
    return keys


def _secret_keys(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Read one key, or two of which each is long enough; an old site's one key may have a comma in it."""
    value = _secret(environ, "SECRET_KEY")
    if value is None:
        raise ConfigurationError("SECRET_KEY is not set; `shopdb init` writes a .env file that has one.")
    keys = tuple(key.strip() for key in value.split(","))
    are_two = len(keys) == MOST_SECRET_KEYS and all(
        len(key.encode()) >= SECRET_MINIMUM_LENGTH for key in keys
    )
    return keys if are_two else (value,)


def _plugin_keys(environ: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    names = {match[1] for match in map(_PLUGIN_KEY.fullmatch, environ) if match} - {"FILE"}
    return {name.lower(): _keys(environ, f"{SHARED_KEY}_{name}") for name in sorted(names)}


def _names(environ: Mapping[str, str], variable: str) -> frozenset[str] | None:
    """Read a list of names, `None` where the variable is not set: an empty list must not mean all."""
    if variable not in environ:
        return None
    return frozenset(filter(None, map(str.strip, _text(environ, variable).split(","))))


def _of_plugins(environ: Mapping[str, str], setting: str, parse: Parse) -> dict[str, Any]:
    """Parse the variables `SHOPDB_<PLUGIN>_` + `setting`, by the name of the plugin."""
    matches = [match for match in map(_PLUGIN_SETTING.fullmatch, environ) if match and match[2] == setting]
    return {match[1].lower(): parse(match[0], environ[match[0]].strip()) for match in matches}


def _onmatch(variable: str, value: str) -> OnMatch:
    if value not in ("flag", "adopt"):
        raise ConfigurationError(f"{variable} is neither `flag` nor `adopt`.")
    return cast("OnMatch", value)


def _sources(variable: str, value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(","))
    for name in names:
        if not SOURCE.fullmatch(name):
            raise ConfigurationError(
                f"{variable} is not a list of names of keys, such as glpi,pxe: {value[:40]}"
            )
        if names.count(name) > 1:
            raise ConfigurationError(f"{variable} names {name} twice; remove one of them.")
    return names


_Variables = Mapping[str, tuple[str, Parse]]
"""For each field of the settings its variable, and the function that parses the variable's value."""

_INTAKE_VARIABLES: _Variables = MappingProxyType(
    {
        "max_body_bytes": ("SHOPDB_MAX_BODY_BYTES", read_count),
        "timezone": ("SHOPDB_TIMEZONE", read_timezone),
    }
)
_SERVER_VARIABLES: _Variables = MappingProxyType(
    {
        "database_url": ("SHOPDB_DATABASE_URL", read_unchanged),
        "listen": ("SHOPDB_LISTEN", read_address),
        "trusted_proxies": ("SHOPDB_TRUSTED_PROXIES", read_networks),
        "threads": ("SHOPDB_THREADS", read_count),
        "pool_size": ("SHOPDB_POOL_SIZE", read_count),
        "workers": ("SHOPDB_WORKERS", read_count),
        "debug": ("SHOPDB_DEBUG", read_flag),
        "source_silence_days": ("SHOPDB_SOURCE_SILENCE_DAYS", read_whole_days),
        "legacy_pc": ("SHOPDB_LEGACY_PC", read_switch),
        "site_fields": ("SHOPDB_SITE_FIELDS", read_unchanged),
        "audit_retention_days": ("SHOPDB_AUDIT_RETENTION_DAYS", read_days),
        "audit_noop_retention_days": ("SHOPDB_AUDIT_NOOP_RETENTION_DAYS", read_days),
    }
)

_NAMES = frozenset(
    {variable for variable, _ in (*_INTAKE_VARIABLES.values(), *_SERVER_VARIABLES.values())}
    | {SHARED_KEY, f"{SHARED_KEY}_FILE", AUDIT_KEY, f"{AUDIT_KEY}_FILE"}
    | {"SHOPDB_PLUGINS", "SHOPDB_BLOCKED_PLUGINS", "SHOPDB_KEY"}
)
"""The variables of which each has one name; `SHOPDB_KEY` is read by `shopdb submit`."""


def _values(environ: Mapping[str, str], variables: _Variables) -> dict[str, Any]:
    """Parse the variables that are set; a field whose variable is not set keeps its default."""
    return {
        name: parse(variable, _text(environ, variable))
        for name, (variable, parse) in variables.items()
        if variable in environ
    }
