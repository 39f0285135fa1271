"""The network addresses of this machine."""

import socket
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Protocol, TypeAlias

import psutil

from shopdb_computers.normalization import canonical_macaddress
from shopdb_hookspecs import JsonObject

_NETWORK = Path("/sys/class/net")
_INET6 = Path("/proc/net/if_inet6")
_TEMPORARY = 0x01
"""IFA_F_TEMPORARY of rtnetlink(7)."""


class Address(Protocol):
    """One address of an interface, as psutil returns it."""

    @property
    def family(self) -> int:
        """The address family of the socket module, or `psutil.AF_LINK`."""

    @property
    def address(self) -> str:
        """The address as text."""


Interfaces: TypeAlias = Mapping[str, Sequence[Address]]


def addresses() -> dict[str, str]:
    """Return `ipaddress` and `macaddress` of the interface with the default route, if known."""
    return addresses_of(psutil.net_if_addrs(), routed_address())


def networkinterfaces() -> list[JsonObject]:
    """Return every interface that is hardware or has an address that others can reach."""
    return [*interfaces_of(psutil.net_if_addrs(), _NETWORK, temporary_addresses(_INET6))]


def interfaces_of(interfaces: Interfaces, devices: Path, temporary: Container[str]) -> Iterator[JsonObject]:
    """Yield interfaces; `devices` is like /sys/class/net.

    The ends of containers' networks are left out: they come and go, and so do temporary addresses.
    """
    for name, found in interfaces.items():
        reachable = [each for each in _ipaddresses(found) if not ip_address(each).is_loopback]
        lasting = [each for each in reachable if each not in temporary]
        mac = next(_macaddresses(found), "")
        if reachable or (mac and ((devices / name / "device").exists() or not devices.is_dir())):
            members: JsonObject = {"name": name, "macaddress": mac, "addresses": lasting}
            yield {member: value for member, value in members.items() if value}


def temporary_addresses(table: Path) -> set[str]:
    """Return the temporary addresses (RFC 8981) in a file like /proc/net/if_inet6."""
    try:
        rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()]
        return {str(IPv6Address(bytes.fromhex(row[0]))) for row in rows if int(row[4], 16) & _TEMPORARY}
    except (OSError, ValueError, IndexError):
        return set()


def routed_address() -> str | None:
    """Return the local address of the default route.

    Connecting a datagram socket chooses a route and sends nothing. The target is an address for documentation
    (RFC 5737), for which machines use their default route.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def addresses_of(interfaces: Interfaces, routed: str | None) -> dict[str, str]:
    """Return the addresses of the interface that has the routed address, else of the first real one."""
    found = _with_address(interfaces, routed) or _first_real(interfaces)
    ipaddress = routed or next(_ipaddresses(found), "")
    fields = {"ipaddress": ipaddress, "macaddress": next(_macaddresses(found), "")}
    return {field: value for field, value in fields.items() if value}


def _with_address(interfaces: Interfaces, routed: str | None) -> Sequence[Address]:
    matching = (found for found in interfaces.values() if any(each.address == routed for each in found))
    return next(matching, ())


def _first_real(interfaces: Interfaces) -> Sequence[Address]:
    """Return the first interface with a MAC address; loopback and tunnels lack one."""
    return next((found for found in interfaces.values() if any(_macaddresses(found))), ())


def _macaddresses(interface: Iterable[Address]) -> Iterator[str]:
    for address in interface:
        if address.family == psutil.AF_LINK and address.address.strip("0:-"):
            yield canonical_macaddress(address.address)


def _ipaddresses(interface: Iterable[Address]) -> Iterator[str]:
    """Yield the addresses that are not link-local."""
    for address in interface:
        if address.family in (socket.AF_INET, socket.AF_INET6):
            plain = address.address.partition("%")[0]
            if not ip_address(plain).is_link_local:
                yield plain
