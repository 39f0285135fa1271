"""Sockets that listen on the site's address."""

import platform
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from shopdb_core.errors import ConfigurationError

BACKLOG = 1024
"""Connections that wait for a process to take them."""


def listen(address: tuple[str, int]) -> socket.socket:
    """Listen; raises `ConfigurationError` where the address cannot be used, or is in use."""
    with _named_faults(address):
        host, port = _resolved(address[0]), address[1]
        return socket.create_server((host, port), family=_family(host), backlog=BACKLOG)


def listen_balanced(address: tuple[str, int], count: int) -> list[socket.socket]:
    """Listen on `count` sockets among which the system spreads the connections evenly.

    On one socket, one of several processes can end up with all connections. Raises `ConfigurationError` as
    `listen` does, and on systems that do not spread connections, or have neither fork nor exec.
    """
    if platform.system() != "Linux":
        raise ConfigurationError(
            f"SHOPDB_WORKERS={count} needs Linux: remove it here, where one process serves."
        )
    port = _free_port(address)
    with _named_faults(address):
        host = _resolved(address[0])
        return [
            socket.create_server((host, port), family=_family(host), backlog=BACKLOG, reuse_port=True)
            for _ in range(count)
        ]


def url(listener: socket.socket) -> str:
    """Tell where a socket listens, with the real port where the settings asked for any (0)."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _free_port(address: tuple[str, int]) -> int:
    """Return the port unless another server is on it, with which the balanced sockets would share it."""
    with listen(address) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def _named_faults(address: tuple[str, int]) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeError) as error:
        # The standard library adds the address, which stands before it already.
        reason = str(getattr(error, "strerror", error)).partition(" (while attempting")[0]
        raise ConfigurationError(
            f"SHOPDB_LISTEN={address[0]}:{address[1]} cannot be used: {reason}"
        ) from error


def _resolved(host: str) -> str:
    """Return one address, IPv4 if there is one: for a name with two, there would be two servers."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    families = {family: str(address[0]) for family, _, _, _, address in found}
    return families.get(socket.AF_INET) or next(iter(families.values()))


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
