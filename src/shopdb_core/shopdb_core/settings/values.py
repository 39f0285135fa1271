"""Read the value of one setting; each function raises `ConfigurationError` that names the variable."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeAlias
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


def read_count(variable: str, value: str) -> int:
    """Read a whole number above 0."""
    return _number(variable, value, "not a whole number above 0", range(1, 2**63))


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
