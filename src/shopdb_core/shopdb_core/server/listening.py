"""Listening sockets: one for a process, or several among which the system balances connections."""

import json
import platform
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from shopdb_core.errors import ConfigurationError
from shopdb_core.settings.values import http_url

BACKLOG = 1024
"""Connections that wait to be accepted."""


def listen(address: tuple[str, int]) -> socket.socket:
    """Return a listening socket; raises `ConfigurationError` if the address cannot be used or is in use."""
    with _address_errors("SHOPDB_LISTEN", address):
        host, port = _resolved(address[0]), address[1]
        return socket.create_server((host, port), family=_family(host), backlog=BACKLOG)


def listen_for_metrics(address: tuple[str, int], *, shared: bool) -> socket.socket:
    """Return a listening socket, on which with `shared` other processes may listen, too; raises likewise."""
    with _address_errors("SHOPDB_METRICS_LISTEN", address):
        host = _resolved(address[0])
        return socket.create_server((host, address[1]), family=_family(host), reuse_port=shared)


def listen_balanced(address: tuple[str, int], count: int) -> list[socket.socket]:
    """Return `count` sockets on one address, among which Linux balances the connections (`SO_REUSEPORT`).

    On a single socket, one of several processes could accept all connections. Raises `ConfigurationError` as
    `listen` does, and on other systems.
    """
    if platform.system() != "Linux":
        raise ConfigurationError(f"SHOPDB_WORKERS={count} needs Linux: remove it, and one process serves.")
    port = _free_port(address)
    with _address_errors("SHOPDB_LISTEN", address):
        host = _resolved(address[0])
        return [
            socket.create_server((host, port), family=_family(host), backlog=BACKLOG, reuse_port=True)
            for _ in range(count)
        ]


def announcement(server_url: str, pid: int, *, as_json: bool) -> str:
    """Return the line that a server prints when it accepts requests; `pid` is the process to end it by."""
    return json.dumps({"url": server_url, "pid": pid}) if as_json else f"ShopDB listens on {server_url}"


def url(listener: socket.socket) -> str:
    """Return the URL of a listening socket, with its real port if the settings have port 0."""
    return http_url(*listener.getsockname()[:2])


def _free_port(address: tuple[str, int]) -> int:
    """Return the address's port; raises if another server uses it, since balanced sockets would share it."""
    with listen(address) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def _address_errors(setting: str, address: tuple[str, int]) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeError) as error:
        # The standard library appends the address, which the message contains already.
        reason = str(getattr(error, "strerror", error)).partition(" (while attempting")[0]
        raise ConfigurationError(f"{setting}={address[0]}:{address[1]} cannot be used: {reason}") from error


def _resolved(host: str) -> str:
    """Resolve a host to one address, IPv4 if it has one, since each address would need its own socket."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    families = {family: str(address[0]) for family, _, _, _, address in found}
    return families.get(socket.AF_INET) or next(iter(families.values()))


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
