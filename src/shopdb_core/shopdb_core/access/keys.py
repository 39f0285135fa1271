"""Collector keys: they authenticate submissions to the endpoint of a plugin (contract, section 7)."""

import hashlib
import hmac

from shopdb_core.errors import Unauthorized
from shopdb_core.settings import Settings


class CollectorKeys:
    """The keys of a site, kept in memory as digests only; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._shared = _digests(settings.shared_keys)
        self._own = {plugin: _digests(keys) for plugin, keys in settings.collector_keys.items()}

    def check(self, plugin: str, presented: str | None) -> None:
        """Raise `Unauthorized` unless `presented` is a key of `plugin`, or a shared key where it has none."""
        _require_match(presented, self._own.get(plugin, self._shared))

    def check_any(self, presented: str | None) -> None:
        """Raise `Unauthorized` unless `presented` is a key of any plugin.

        Without a valid key a client does not learn which collectors exist.
        """
        _require_match(presented, self._shared.union(*self._own.values()))


def _digests(keys: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(map(_digest, keys))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _require_match(presented: str | None, digests: frozenset[bytes]) -> None:
    """Compare digests in constant time; `compare_digest` does not accept texts outside ASCII."""
    digest = _digest(presented or "")
    if not presented or sum(hmac.compare_digest(digest, known) for known in digests) == 0:
        raise Unauthorized("X-API-Key is missing or wrong for this collector.")
