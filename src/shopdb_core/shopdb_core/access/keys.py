"""Collector keys: they authenticate submissions to the endpoint of a plugin (contract, section 7)."""

import hashlib
import hmac

from shopdb_core.access.clients import KeyThrottle
from shopdb_core.errors import Unauthorized
from shopdb_core.settings import Settings

_REFUSAL = "X-API-Key is missing or wrong for this collector."


class CollectorKeys:
    """The keys of a site, kept in memory as digests only; safe to share between threads.

    `address` is the client's. One that presents many wrong keys is refused for a while (`KeyThrottle`).
    """

    def __init__(self, settings: Settings) -> None:
        self._throttle = KeyThrottle()
        self._shared = _digests(settings.shared_keys)
        self._own = {plugin: _digests(keys) for plugin, keys in settings.collector_keys.items()}

    def check(self, plugin: str, presented: str | None, address: str | None = None) -> None:
        """Raise `Unauthorized` unless `presented` is a key of `plugin`, or a shared key where it has none.

        Raises `Throttled` instead if the client is refused for a while.
        """
        self._require_match(presented, self._own.get(plugin, self._shared), address)

    def check_any(self, presented: str | None, address: str | None = None) -> None:
        """Raise `Unauthorized` unless `presented` is a key of any plugin, or `Throttled` as `check` does.

        Without a valid key a client does not learn which collectors exist.
        """
        self._require_match(presented, self._shared.union(*self._own.values()), address)

    def _require_match(self, presented: str | None, digests: frozenset[bytes], address: str | None) -> None:
        """Compare digests in constant time; `compare_digest` does not accept texts outside ASCII."""
        if not presented:
            raise Unauthorized(_REFUSAL)
        digest = _digest(presented)
        self._throttle.check(address, digest)
        if sum(hmac.compare_digest(digest, known) for known in digests) == 0:
            self._throttle.refused(address)
            raise Unauthorized(_REFUSAL)
        self._throttle.accepted(address, digest)


def _digests(keys: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(map(_digest, keys))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
