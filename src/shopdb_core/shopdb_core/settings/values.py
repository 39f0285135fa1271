"""Read the value of one setting; each function raises `ConfigurationError` that names the variable."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shopdb_core.errors import ConfigurationError

Network: TypeAlias = IPv4Network | IPv6Network

LAST_PORT = 65535
LONGEST_NUMBER = 20
KEEP = "keep"
MOST_DAYS = 36_500
MOST_HOURS = 8_784


def read_unchanged(_variable: str, value: str) -> str:
    """Return the value as it is."""
    return value


def read_url(variable: str, value: str) -> str:
    """Read the address of a web site, without a slash at the end."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(f"{variable} is not a URL, such as https://shopdb.example: {value[:80]}")
    return value.rstrip("/")


def read_issuer(variable: str, value: str) -> str:
    """Read the issuer of a provider: by TLS, or on this machine."""
    if urlsplit(value).scheme == "http" and urlsplit(value).hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ConfigurationError(f"{variable} must begin with https: {value[:80]}")
    read_url(variable, value)
    return value  # with the slash at its end that some have: it is compared


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


def read_flag(variable: str, value: str) -> bool:
    """Read 1 or 0."""
    if value not in ("0", "1"):
        raise ConfigurationError(f"{variable} is neither 0 nor 1: {value[:40]}")
    return value == "1"


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


def read_address(variable: str, value: str) -> tuple[str, int]:
    """Read an address and a port."""
    host, _, port = value.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and int(port) <= LAST_PORT):
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
