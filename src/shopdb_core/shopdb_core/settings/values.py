"""Read the value of one setting; each function raises `ConfigurationError` that names the variable."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shopdb_core.errors import ConfigurationError

Network: TypeAlias = IPv4Network | IPv6Network

LAST_PORT = 65535
KEEP = "keep"
MOST_DAYS = 36_500
MOST_HOURS = 8_784


def read_unchanged(_variable: str, value: str) -> str:
    """Return the value as it is."""
    return value


def read_count(variable: str, value: str) -> int:
    """Read a whole number above 0."""
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ConfigurationError(f"{variable} is not a whole number above 0: {value[:40]}")
    return int(value)


def read_flag(variable: str, value: str) -> bool:
    """Read 1 or 0."""
    if value not in ("0", "1"):
        raise ConfigurationError(f"{variable} is neither 0 nor 1: {value[:40]}")
    return value == "1"


def read_days(variable: str, value: str) -> int | None:
    """Read a number of days; `None` for `keep`."""
    if value == KEEP:
        return None
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= MOST_DAYS):
        raise ConfigurationError(
            f"{variable} is neither `{KEEP}` nor a number of days from 1 to {MOST_DAYS}: {value[:40]}"
        )
    return int(value)


def read_hours(variable: str, value: str) -> int:
    """Read a number of hours, from 0."""
    if not (value.isascii() and value.isdigit() and int(value) <= MOST_HOURS):
        raise ConfigurationError(f"{variable} is not a number of hours from 0 to {MOST_HOURS}: {value[:40]}")
    return int(value)


def read_timezone(variable: str, value: str) -> ZoneInfo:
    """Read the name of a time zone."""
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"{variable} is not a time zone of the IANA database: {value[:40]}"
        ) from error


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
