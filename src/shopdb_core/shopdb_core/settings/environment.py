"""Read the settings of a site from environment variables and a `.env` file.

The records declare the settings, and hold their defaults; here the variables that are set are read.
"""

import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from shopdb_core.errors import ConfigurationError, did_you_mean
from shopdb_core.settings.parts import ClientSettings, IntakeSettings, OidcSettings, PluginSelection
from shopdb_core.settings.records import DEFAULT_LISTEN, Settings, all_settings
from shopdb_core.settings.secrets import SHARED_KEY, Finding, named_key, secret_findings
from shopdb_core.settings.setting import FILE, PLUGIN, Setting, declared_in
from shopdb_core.settings.values import http_url, read_address

LONGEST_VALUE = 16_384

_SETTINGS = all_settings()
_OF_PLUGINS = tuple(setting for setting in _SETTINGS if setting.is_of_plugin)
_OF_PROVIDER = {"issuer", "client_id", "roles"}

_NAMES = frozenset(name for setting in _SETTINGS if not setting.is_of_plugin for name in setting.names)
"""The variables of which each has one name."""

_OURS = re.compile("(SHOPDB_|COLLECTOR_API_?KEY).*", re.IGNORECASE)
# Kubernetes sets these in every container for a service named `shopdb` or `shopdb-…`.
_OF_KUBERNETES = re.compile(r"SHOPDB_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT(_.+)?)|PORT(_\d+_.+)?)")


def read_dotenv(directory: Path) -> dict[str, str]:
    """Return the variables of the file `.env` in `directory`, if it exists.

    Raises `ConfigurationError` where the file cannot be read.
    """
    dotenv = directory / ".env"
    if not dotenv.is_file():
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415  # `shopdb --help` outside of a site does without

    try:
        values = dotenv_values(dotenv, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{dotenv.name} cannot be read: {error}") from error
    return {name: value for name, value in values.items() if value is not None}


def with_dotenv(environ: Mapping[str, str], directory: Path) -> dict[str, str]:
    """Return `environ` with the variables of the file `.env` in `directory`, if it exists; `environ` wins.

    Raises `ConfigurationError` where the file cannot be read.
    """
    return read_dotenv(directory) | dict(environ)


def check_dotenv(directory: Path) -> None:
    """Raise `ConfigurationError` if every user of the machine can read the secrets of a `.env` file."""
    dotenv = directory / ".env"
    if os.name != "posix" or not dotenv.is_file() or not dotenv.stat().st_mode & stat.S_IROTH:
        return
    secrets = [name for name, value in read_dotenv(directory).items() if is_secret(name, value)]
    if secrets:
        raise ConfigurationError(
            f".env can be read by every user of this machine, and has {secrets[0]}: run `chmod 600 .env`"
        )


def given_variables(setting: Setting, environ: Mapping[str, str]) -> list[str]:
    """Return the variables of a setting that are set, by themselves or with `_FILE` after their name."""
    return setting.given_in(environ, _NAMES)


def is_secret(variable: str, value: str) -> bool:
    """Return whether the value of a variable must not be shown."""
    return any(
        setting.shown(value) != value
        for setting in _SETTINGS
        if variable in given_variables(setting, {variable: value})
    )


def secret_files(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each variable that names the file of a secret, with the path."""
    for setting in _SETTINGS:
        for variable in given_variables(setting, environ):
            file_variable = f"{variable}{FILE}"
            if setting.conceal and file_variable in environ:
                yield file_variable, environ[file_variable].strip()


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read all settings; raises `ConfigurationError` that names the variable."""
    for finding in unknown_names(environ):
        raise ConfigurationError(finding.message)
    values = _valid(environ, Settings)
    secret_key, *old_secret_keys = values.pop("secret_key")
    return Settings(
        secret_key=secret_key,
        old_secret_keys=tuple(old_secret_keys),
        plugin_selection=read_plugin_selection(environ),
        oidc=_read_provider(environ),
        **values,
    )


def _read_provider(environ: Mapping[str, str]) -> OidcSettings | None:
    """Read the identity provider, `None` where none of its settings but the secret is set."""
    values = _valid(environ, OidcSettings)
    for finding in _provider_findings(values):
        raise ConfigurationError(finding.message)
    if "issuer" not in values:
        return None
    return OidcSettings(**{"audience": values["client_id"], **values})


def _provider_findings(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield a finding for half an identity provider."""
    if 0 < len(values.keys() & _OF_PROVIDER) < len(_OF_PROVIDER):
        yield Finding(
            "SHOPDB_OIDC_ISSUER",
            "Set SHOPDB_OIDC_ISSUER, SHOPDB_OIDC_CLIENT_ID and SHOPDB_OIDC_ROLES, or none.",
        )


def read_plugin_selection(environ: Mapping[str, str]) -> PluginSelection:
    """Read which plugins are loaded; SECRET_KEY is not needed. Raises as `read_settings` does."""
    return PluginSelection(**_valid(environ, PluginSelection))


def read_intake_settings(environ: Mapping[str, str]) -> IntakeSettings:
    """Read what validation depends on; SECRET_KEY is not needed. Raises as `read_settings` does."""
    return IntakeSettings(**_valid(environ, IntakeSettings))


def read_client_settings(environ: Mapping[str, str], plugin: str) -> ClientSettings:
    """Read how to reach this site's own server; SECRET_KEY is not needed. Raises as `read_settings` does."""
    site = _valid(environ, Settings, {"listen", "shared_keys", "collector_keys"})
    listen = site.get("listen") or read_address("SHOPDB_LISTEN", DEFAULT_LISTEN)
    keys = site["collector_keys"].get(plugin) or site.get("shared_keys") or ()
    own = {"key": named_key(keys[0])[1]} if keys else {}
    return ClientSettings(url=http_url(*listen), **own | _valid(environ, ClientSettings))


def setting_findings(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield all that is wrong with the variables by themselves; `read_settings` raises the first of these."""
    yield from unknown_names(environ)
    values: dict[str, Any] = {}
    for record in (Settings, PluginSelection, OidcSettings, ClientSettings):
        read, findings = _read(environ, record)
        values |= read
        yield from findings
    yield from secret_findings(
        values.get("secret_key", ()),
        values.get("audit_keys", ()),
        values.get("shared_keys", ()),
        values["collector_keys"],
        values.get("metrics_token"),
    )
    yield from _provider_findings(values)


def unknown_names(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding for each variable that looks like one of ShopDB and is not read by it."""
    for variable in filter(_OURS.fullmatch, environ):
        known = variable in _NAMES or _OF_KUBERNETES.fullmatch(variable)
        if not known and not any(setting.given_in([variable]) for setting in _OF_PLUGINS):
            message = f"{variable} is not a setting; correct or remove it.{_meant(variable.upper())}"
            yield Finding(variable, message)


def _meant(variable: str) -> str:
    """Return which variable was meant; a setting of a plugin is compared without the name of the plugin."""
    plugin = re.sub("^COLLECTOR_API_?KEYS?_", "", variable)
    meant = [f"{SHARED_KEY}_{plugin}"]
    for setting in _OF_PLUGINS:
        before, _, after = setting.variable.partition(f"{PLUGIN}_")
        words = variable.split("_")
        at = len(words) - len(after.split("_"))
        if after and did_you_mean("_".join(words[at:]), [after]):
            meant.append(f"{before}{'_'.join(filter(None, words[1:at]))}_{after}")
    return did_you_mean(variable, (*_NAMES, *meant))


def _valid(
    environ: Mapping[str, str], record: type[Any], only: Collection[str] | None = None
) -> dict[str, Any]:
    """Return the values of the fields of a record whose variables are set; raises the first finding.

    A field whose variable is not set keeps its default. With `only`, the other fields are not read.
    """
    values, findings = _read(environ, record, only)
    for finding in findings:
        raise ConfigurationError(finding.message)
    return values


def _read(
    environ: Mapping[str, str], record: type[Any], only: Collection[str] | None = None
) -> tuple[dict[str, Any], list[Finding]]:
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    for name, setting in declared_in(record).items():
        if only is not None and name not in only:
            continue
        given = given_variables(setting, environ)
        parsed: dict[str, Any] = {}
        for variable in given:
            try:
                text = _text(environ, setting, variable)
                parsed[setting.plugin_of(variable)] = setting.parse(variable, text)
            except ConfigurationError as error:
                findings.append(Finding(variable, str(error)))
        if setting.required and not given:
            missing = f"{setting.variable} is not set; `shopdb init` writes a .env file that has one."
            findings.append(Finding(setting.variable, missing))
        if setting.is_of_plugin:
            values[name] = parsed
        elif parsed:
            values[name] = parsed[""]
    return values, findings


def _text(environ: Mapping[str, str], setting: Setting, variable: str) -> str:
    """Return the text of a variable, or of the file that `variable`_FILE names."""
    file_variable = f"{variable}{FILE}"
    if setting.conceal is None or file_variable not in environ:
        return _checked(variable, environ[variable])
    if variable in environ:
        raise ConfigurationError(f"{variable} and {file_variable} are both set; remove one of them.")
    path = _checked(file_variable, environ[file_variable])
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file_variable} names a file that cannot be read: {path}") from error
    if not content:
        raise ConfigurationError(f"{file_variable} names an empty file: {path}")
    return _checked(variable, content)


def _checked(variable: str, value: str) -> str:
    text = value.strip()
    if not text:
        raise ConfigurationError(f"{variable} is set but empty; give it a value or remove it.")
    if len(text) > LONGEST_VALUE:
        raise ConfigurationError(f"{variable} is longer than {LONGEST_VALUE} characters; correct it.")
    if "\0" in text or not _is_encodable(text):
        raise ConfigurationError(f"{variable} has a NUL character or bytes that are not UTF-8; correct it.")
    return text


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
