"""Read the value of one setting; each function raises `ConfigurationError` that names the variable."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shopdb_core.errors import ConfigurationError
from shopdb_core.settings.secrets import SECRET_MINIMUM_LENGTH, SOURCE
from shopdb_core.settings.setting import Parse

Network: TypeAlias = IPv4Network | IPv6Network

LAST_PORT = 65535
LONGEST_NUMBER = 20
KEEP = "keep"
MOST_DAYS = 36_500
MOST_HOURS = 8_784
MOST_KEYS = 16
MOST_PARALLEL = 1_000
MOST_SECRET_KEYS = 2

# As a browser writes it (RFC 6454, section 6.1): in lower case, without the port that its scheme implies.
_ORIGIN = re.compile(r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?")
_IMPLIED_PORT = re.compile(r"http:.*:80|https:.*:443")


def read_unchanged(_variable: str, value: str) -> str:
    """Return the value as it is."""
    return value


def read_choice(*choices: str) -> Parse:
    """Return a function that reads one of some words."""

    def read(variable: str, value: str) -> str:
        if value not in choices:
            allowed = " or ".join(f"`{choice}`" for choice in choices)
            raise ConfigurationError(f"{variable} is not {allowed}: {value[:40]}")
        return value

    return read


def http_url(host: str, port: int) -> str:
    """Return the URL of a server's address."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def read_url(variable: str, value: str) -> str:
    """Read the address of a web site, without a slash at the end."""
    _split_url(variable, value)
    return value.rstrip("/")


def read_issuer(variable: str, value: str) -> str:
    """Read the issuer of a provider: by TLS, or on this machine."""
    parts = _split_url(variable, value)
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ConfigurationError(f"{variable} must begin with https: {value[:80]}")
    return value  # with the slash at its end that some have: it is compared


def _split_url(variable: str, value: str) -> SplitResult:
    refusal = ConfigurationError(f"{variable} is not a URL, such as https://shopdb.example: {value[:80]}")
    try:
        parts = urlsplit(value)
        has_address = bool(parts.hostname) and parts.port != 0  # `port` raises for one that is not a number
    except ValueError as error:
        raise refusal from error
    if parts.scheme not in ("http", "https") or not has_address or parts.query or parts.fragment:
        raise refusal
    return parts


def read_roles(variable: str, value: str) -> Mapping[str, str]:
    """Read which value of a claim gives which role."""
    pairs = [each.strip().rpartition("=") for each in value.split(",")]
    for given, _, role in pairs:
        if not given or role not in ("viewer", "editor", "admin"):
            raise ConfigurationError(
                f"{variable} is not a list such as shopdb-admins=admin,staff=viewer: {value[:80]}"
            )
    return {given: role for given, _, role in pairs}


def read_count(variable: str, value: str) -> int:
    """Read a whole number above 0."""
    return _number(variable, value, "not a whole number above 0", range(1, 2**63))


def read_parallel(variable: str, value: str) -> int:
    """Read a number of threads, processes or connections."""
    rule = f"not a whole number from 1 to {MOST_PARALLEL}"
    return _number(variable, value, rule, range(1, MOST_PARALLEL + 1))


def read_flag(variable: str, value: str) -> bool:
    """Read 1 or 0."""
    if value not in ("0", "1"):
        raise ConfigurationError(f"{variable} is neither 0 nor 1: {value[:40]}")
    return value == "1"


def read_switch(variable: str, value: str) -> bool:
    """Read `on` or `off`."""
    if value not in ("on", "off"):
        raise ConfigurationError(f"{variable} is neither `on` nor `off`: {value[:40]}")
    return value == "on"


def read_days(variable: str, value: str) -> int | None:
    """Read a number of days; `None` for `keep`."""
    rule = f"neither `{KEEP}` nor a number of days from 1 to {MOST_DAYS}"
    return None if value == KEEP else _number(variable, value, rule, range(1, MOST_DAYS + 1))


def read_whole_days(variable: str, value: str) -> int:
    """Read a number of days."""
    return _number(variable, value, f"not a number of days from 1 to {MOST_DAYS}", range(1, MOST_DAYS + 1))


def read_hours(variable: str, value: str) -> int:
    """Read a number of hours, from 0."""
    return _number(variable, value, f"not a number of hours from 0 to {MOST_HOURS}", range(MOST_HOURS + 1))


def _number(variable: str, value: str, rule: str, allowed: range) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < LONGEST_NUMBER and int(value) in allowed):
        raise ConfigurationError(f"{variable} is {rule}: {value[:40]}")
    return int(value)


def read_timezone(variable: str, value: str) -> ZoneInfo:
    """Read the name of a time zone."""
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(f"{variable} is not an IANA time zone: {value[:40]}") from error


def read_path(_variable: str, value: str) -> Path:
    """Read a path, whether or not there is anything."""
    return Path(value)


def read_address(variable: str, value: str) -> tuple[str, int]:
    """Read an address and a port."""
    host, _, port = value.rpartition(":")
    is_port = port.isascii() and port.isdigit() and len(port) < LONGEST_NUMBER and int(port) <= LAST_PORT
    if not (host and is_port):
        raise ConfigurationError(f"{variable} is not HOST:PORT, such as 127.0.0.1:8080: {value[:40]}")
    return host.strip("[]"), int(port)


def read_networks(variable: str, value: str) -> tuple[Network, ...]:
    """Read a list of addresses or networks."""
    try:
        return tuple(ip_network(network.strip()) for network in value.split(","))
    except ValueError as error:
        raise ConfigurationError(
            f"{variable} is not a list of addresses or networks, such as 127.0.0.1,10.0.0.0/24: {value[:40]}"
        ) from error


def is_loopback(host: str) -> bool:
    """Return whether a host of `SHOPDB_LISTEN` can be reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_origins(variable: str, value: str) -> tuple[str, ...]:
    """Read origins, each exactly as a browser sends it; `*` and `null` are refused."""
    origins = tuple(origin.strip() for origin in value.split(","))
    for origin in origins:
        if not _ORIGIN.fullmatch(origin) or _IMPLIED_PORT.fullmatch(origin):
            raise ConfigurationError(
                f"{variable} is not a list of origins, such as https://dashboard.example.com, in lower case, "
                f"without a path, and without the port 80 or 443 of its scheme: {origin[:80]}"
            )
    return origins


def read_names(_variable: str, value: str) -> frozenset[str]:
    """Read a list of names."""
    return frozenset(filter(None, map(str.strip, value.split(","))))


def read_sources(variable: str, value: str) -> tuple[str, ...]:
    """Read the names of keys, the one that ranks highest first."""
    names = tuple(name.strip() for name in value.split(","))
    for name in names:
        if not SOURCE.fullmatch(name):
            raise ConfigurationError(
                f"{variable} is not a list of names of keys, such as glpi,pxe: {value[:40]}"
            )
        if names.count(name) > 1:
            raise ConfigurationError(f"{variable} names {name} twice; remove one of them.")
    return names


def read_keys(variable: str, value: str) -> tuple[str, ...]:
    """Read up to sixteen keys."""
    return _keys(variable, value, MOST_KEYS)


def read_audit_keys(variable: str, value: str) -> tuple[str, ...]:
    """Read one key, or the new and the old one of a rotation."""
    return _keys(variable, value, MOST_SECRET_KEYS)


def _keys(variable: str, value: str, most: int) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in value.split(","))
    if len(keys) > most:
        raise ConfigurationError(f"{variable} holds {len(keys)} keys; it takes {most} at most.")
    return keys


def read_secret_keys(_variable: str, value: str) -> tuple[str, ...]:
    """Read one key, or two of which each is long enough; an old site's one key may have a comma in it."""
    keys = tuple(key.strip() for key in value.split(","))
    are_two = len(keys) == MOST_SECRET_KEYS and all(
        len(key.encode()) >= SECRET_MINIMUM_LENGTH for key in keys
    )
    return keys if are_two else (value,)
