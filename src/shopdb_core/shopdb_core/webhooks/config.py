"""The file that `SHOPDB_WEBHOOKS` names: where entries are sent, which ones, and with which secrets."""

import base64
import binascii
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shopdb_core.audit.entries import ACTIONS
from shopdb_core.errors import ConfigurationError, did_you_mean
from shopdb_core.feed.reading import Selection

VARIABLE = "SHOPDB_WEBHOOKS"
TABLE = "webhook"
MOST_WEBHOOKS = 20
MOST_SECRETS = 4
LARGEST_FILE = 1024 * 1024
SECRET_PREFIX = "whsec_"  # noqa: S105  # what every secret begins with
SECRET_BYTES = range(24, 65)

_KEYS = ("name", "url", "secret", "secretfile", "plugins", "assettypes", "actions", "noops", "insecure")
_NAME = re.compile("[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Webhook:
    """One receiver of entries: its name, its address, the secrets that sign, and which entries it gets."""

    name: str
    url: str = field(repr=False)
    secrets: tuple[bytes, ...] = field(repr=False)
    selection: Selection


def read_webhooks(path: str | None, plugins: Iterable[str]) -> tuple[Webhook, ...]:
    """Read and check the file; without one, a site has no webhooks. `plugins` are those that are installed.

    Raises `ConfigurationError` that names the file, the table, the key and the next step.
    """
    if path is None:
        return ()
    tables = _tables(path)
    webhooks = tuple(_Table(path, number, table).read(plugins) for number, table in enumerate(tables, 1))
    names = [webhook.name for webhook in webhooks]
    for name in names:
        if names.count(name) > 1:
            raise _error(path, f"two webhooks have the name {name}: rename one of them")
    return webhooks


def secret_files(path: str | None) -> list[str]:
    """Return the files of secrets that the file names, checked or not; raises `ConfigurationError`."""
    tables = _tables(path) if path is not None else ()
    named = [table.get("secretfile") for table in tables if isinstance(table, dict)]
    return [file for file in named if isinstance(file, str) and file]


def _tables(path: str) -> Sequence[Any]:
    import tomllib  # noqa: PLC0415  # most sites have no such file

    try:
        _check_permissions(path)
        with Path(path).open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise _error(path, f"has more than {LARGEST_FILE} bytes: shorten it")
        document = tomllib.loads(content.decode())
    except (OSError, ValueError) as error:
        raise _error(path, f"cannot be read: {error}") from error
    for key in document:
        if key != TABLE:
            raise _error(path, f"{key} is not a table of it: write [[{TABLE}]].{did_you_mean(key, [TABLE])}")
    tables = document.get(TABLE, [])
    if not isinstance(tables, list) or len(tables) > MOST_WEBHOOKS:
        raise _error(path, f"must have up to {MOST_WEBHOOKS} tables [[{TABLE}]], with two brackets each")
    return tables


def _check_permissions(path: str) -> None:
    if os.name == "posix" and Path(path).stat().st_mode & stat.S_IROTH:
        raise _error(path, f"can be read by every user of this machine: run `chmod 600 {path}`")


def _error(path: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"{VARIABLE}: {path}: {what}")


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of the file, and its number there."""

    path: str
    number: int
    values: Mapping[str, Any]

    def read(self, plugins: Iterable[str]) -> Webhook:
        for key in self.values:
            if key not in _KEYS:
                raise self._error(key, f"is not a key of a webhook; remove it.{did_you_mean(key, _KEYS)}")
        return Webhook(
            name=self._name(),
            url=self._url(),
            secrets=self._secrets(),
            selection=Selection(
                plugins=self._known("plugins", plugins),
                assettypes=self._texts("assettypes"),
                actions=self._known("actions", ACTIONS),
                kind=None if self._flag("noops") else "change",
            ),
        )

    def _error(self, key: str, what: str) -> ConfigurationError:
        name = self.values.get("name")
        named = f" ({name})" if isinstance(name, str) and _NAME.fullmatch(name) else ""
        return _error(self.path, f"webhook {self.number}{named}: {key[:40]} {what}")

    def _name(self) -> str:
        name = self._text("name")
        if not _NAME.fullmatch(name):
            raise self._error("name", "must be up to 40 lower-case letters, digits, - and _")
        return name

    def _url(self) -> str:
        url = self._text("url")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise self._error("url", f"is not a URL: {error}") from error
        if parts.scheme not in ("http", "https") or not host or port == 0 or not _is_plain(url):
            raise self._error("url", "must be the URL of the receiver, such as https://host.example/shopdb")
        if parts.username is not None or parts.fragment:
            raise self._error("url", "must have neither a user name nor a fragment")
        if parts.scheme == "http" and not (_is_loopback(host) or self._flag("insecure")):
            raise self._error(
                "url",
                "must begin with https, as the receiver is another machine; `insecure = true` permits http",
            )
        return url

    def _secrets(self) -> tuple[bytes, ...]:
        if ("secret" in self.values) == ("secretfile" in self.values):
            raise self._error("secret", "must be given, or secretfile, and not both")
        if "secretfile" in self.values:
            key, secrets = "secretfile", self._file_lines(self._text("secretfile"))
        else:
            given = self.values["secret"]
            key, secrets = "secret", [given] if isinstance(given, str) else given
        if not isinstance(secrets, list) or not 0 < len(secrets) <= MOST_SECRETS:
            raise self._error(key, f"must have one secret, or a list of up to {MOST_SECRETS}")
        return tuple(self._decoded(key, secret) for secret in secrets)

    def _file_lines(self, path: str) -> list[str]:
        try:
            return Path(path).read_text(encoding="ascii").split()
        except (OSError, ValueError) as error:
            raise self._error("secretfile", f"cannot be read: {path}") from error

    def _decoded(self, key: str, secret: Any) -> bytes:
        text = secret.removeprefix(SECRET_PREFIX) if isinstance(secret, str) else ""
        try:
            decoded = base64.b64decode(text, validate=True)
        except binascii.Error:
            decoded = b""
        if text == secret or len(decoded) not in SECRET_BYTES:
            raise self._error(
                key, f"must be {SECRET_PREFIX} and 24 to 64 random bytes in Base64: `openssl rand -base64 32`"
            )
        return decoded

    def _text(self, key: str) -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or not value:
            raise self._error(key, "must be given, as a text")
        return value

    def _flag(self, key: str) -> bool:
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self._error(key, "must be true or false")
        return value

    def _texts(self, key: str) -> tuple[str, ...]:
        values = self.values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise self._error(key, "must be a list of texts")
        return tuple(values)

    def _known(self, key: str, known: Iterable[str]) -> tuple[str, ...]:
        names, values = [*known], self._texts(key)
        for value in values:
            if value not in names:
                hint = did_you_mean(value, names)
                raise self._error(key, f"has {value[:40]!r}, which is none of {', '.join(names)}.{hint}")
        return values


def _is_plain(url: str) -> bool:
    """Return whether a URL is printable ASCII without blanks, as it is sent."""
    return url.isascii() and url.isprintable() and " " not in url


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
