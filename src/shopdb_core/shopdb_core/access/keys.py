"""Collector keys (contract, section 7), the addresses of clients, and their throttle for wrong keys."""

import hashlib
import hmac
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from shopdb_core.errors import Throttled, Unauthorized
from shopdb_core.settings import Network, Settings, named_key
from shopdb_core.settings.secrets import SHARED_KEY

_REFUSAL = "X-API-Key is missing or wrong for this collector."

MOST_PROXIES = 20
"""How many hops of `X-Forwarded-For` are looked at, from the right."""

MOST_WRONG_KEYS = 20
WINDOW_SECONDS = 60.0
"""How long wrong keys are counted, from the first one, and how long at most a client is then refused."""

MOST_CLIENTS = 10_000
"""How many clients are counted, and how many known pairs of client and key are kept; about 5 MB in all."""


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


def is_trusted(peer: str | None, trusted: Sequence[Network]) -> bool:
    """Return whether a request came from a trusted proxy, whose headers are believed."""
    address = _address(peer or "")
    return address is not None and _is_in(address, trusted)


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


@dataclass(slots=True)
class _Window:
    ends: float
    wrong: int = 0


class KeyThrottle:
    """Counts the wrong keys of each client, in this process; safe to share between threads.

    A client is an IPv4 address or an IPv6 network of 64 bits, which one host may have to itself. While it is
    refused, the keys that it has used before are still accepted: behind one proxy or router, a device with
    an old key does not lock out the others.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        self._known: OrderedDict[tuple[str, bytes], None] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, address: str | None, digest: bytes) -> None:
        """Raise `Throttled` if the client is refused now, unless it used the key of this digest before."""
        client = client_network(address)
        window = self._windows.get(client)
        if window is None or window.wrong < MOST_WRONG_KEYS or (client, digest) in self._known:
            return
        seconds = window.ends - self._clock()
        if seconds > 0:
            raise Throttled("Too many wrong keys came from this address.", math.ceil(seconds))

    def accepted(self, address: str | None, digest: bytes) -> None:
        """Remember that the client used a valid key."""
        known = client_network(address), digest
        if known not in self._known:
            with self._lock:
                self._known[known] = None
                _shrink(self._known)

    def refused(self, address: str | None) -> None:
        """Count a wrong key of the client."""
        client, now = client_network(address), self._clock()
        with self._lock:
            window = self._windows.get(client)
            if window is None or window.ends <= now:
                window = self._windows[client] = _Window(now + WINDOW_SECONDS)
            window.wrong += 1
            self._windows.move_to_end(client)
            _shrink(self._windows)


def client_network(address: str | None) -> str:
    """Return what is counted as one client; all clients without an address are one."""
    if address and ":" in address:
        return str(ip_network(f"{address}/64", strict=False))
    return address or ""


def _shrink(entries: OrderedDict[str, _Window] | OrderedDict[tuple[str, bytes], None]) -> None:
    while len(entries) > MOST_CLIENTS:
        entries.popitem(last=False)


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key without its value: its variable, its name, `None` without one, and the plugins that accept it."""

    variable: str
    name: str | None
    plugins: Sequence[str]


def list_keys(settings: Settings, plugins: Collection[str]) -> list[ListedKey]:
    """Return the keys of a site with these collectors: first the shared ones, then those of each plugin.

    A plugin that has keys of its own does not accept the shared ones.
    """
    others = sorted(set(plugins) - settings.collector_keys.keys())
    shared = [ListedKey(SHARED_KEY, named_key(key)[0], others) for key in settings.shared_keys]
    own = [
        ListedKey(f"{SHARED_KEY}_{plugin.upper()}", named_key(key)[0], [plugin])
        for plugin, keys in sorted(settings.collector_keys.items())
        for key in keys
    ]
    return [*shared, *own]


class CollectorKeys:
    """The keys of a site, kept in memory as digests only; safe to share between threads.

    `address` is the client's. One that presents many wrong keys is refused for a while (`KeyThrottle`).
    """

    def __init__(self, settings: Settings) -> None:
        self._throttle = KeyThrottle()
        self._shared = _sources(settings.shared_keys)
        self._own = {plugin: _sources(keys) for plugin, keys in settings.collector_keys.items()}
        self._every = dict(self._shared)
        for own in self._own.values():
            self._every |= own

    def check(self, plugin: str, presented: str | None, address: str | None = None) -> str | None:
        """Return the name of the key that is presented, the source; `None` if it has none.

        Raises `Unauthorized` unless it is a key of `plugin`, or a shared key where the plugin has none, or
        `Throttled` if the client is refused for a while.
        """
        return self._admit(presented, self._own.get(plugin, self._shared), address)

    def check_any(self, presented: str | None, address: str | None = None) -> None:
        """Raise `Unauthorized` unless `presented` is a key of any plugin, or `Throttled` as `check` does.

        Without a valid key a client does not learn which collectors exist.
        """
        self._admit(presented, self._every, address)

    def is_any_key(self, presented: str | None) -> bool:
        """Return whether `presented` is a key of any plugin; a wrong one is not counted."""
        return _match(_digest(presented or ""), self._every) is not None

    def _admit(
        self, presented: str | None, sources: Mapping[bytes, str | None], address: str | None
    ) -> str | None:
        if not presented:
            raise Unauthorized(_REFUSAL)
        digest = _digest(presented)
        self._throttle.check(address, digest)
        matching = _match(digest, sources)
        if matching is None:
            self._throttle.refused(address)
            raise Unauthorized(_REFUSAL)
        self._throttle.accepted(address, digest)
        return sources[matching]


def _match(digest: bytes, sources: Mapping[bytes, str | None]) -> bytes | None:
    """Return the equal digest among those of `sources`, `None` without one.

    All are compared, each in constant time; `compare_digest` does not accept texts outside ASCII.
    """
    matching = [known for known in sources if hmac.compare_digest(digest, known)]
    return matching[0] if matching else None


def _sources(keys: tuple[str, ...]) -> dict[bytes, str | None]:
    """Return the source of each key, by the digest of the key."""
    return {_digest(key): name for name, key in map(named_key, keys)}


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
