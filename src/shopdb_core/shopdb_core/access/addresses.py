"""The address of a client: the connection's peer, or what a trusted proxy says in `X-Forwarded-For`."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from shopdb_core.settings import Network

MOST_PROXIES = 20
"""How many hops of `X-Forwarded-For` are looked at, from the right."""


def client_address(peer: str | None, forwarded: str | None, trusted: Sequence[Network]) -> str | None:
    """Return the client's address, `None` if the server does not know one (a UNIX socket).

    Each proxy appends the address that it saw. So the client is the last hop that is not a trusted proxy:
    what stands before it, the client may have written itself.
    """
    address = _address(peer or "")
    if address is None or not forwarded or not _is_in(address, trusted):
        return str(address) if address else None
    for hop in reversed(forwarded.rsplit(",", MOST_PROXIES)[-MOST_PROXIES:]):
        previous = _address(hop.strip())
        if previous is None:
            break
        address = previous
        if not _is_in(address, trusted):
            break
    return str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address with or without a port; one of IPv4 in IPv6 is returned as IPv4, none has a zone."""
    host, _, _ = text.removeprefix("[").partition("]")
    if host.count(":") == 1:
        host, _, _ = host.partition(":")
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_in(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
