"""Collector keys: one secret, or two while a site rotates them, opens one plugin's endpoint."""

import hashlib
import hmac

from shopdb_core.errors import Unauthorized
from shopdb_core.settings import Settings


class CollectorKeys:
    """The keys of a site, kept as digests only (contract 7)."""

    def __init__(self, settings: Settings) -> None:
        self._shared = _digests(settings.shared_keys)
        self._own = {plugin: _digests(keys) for plugin, keys in settings.collector_keys.items()}

    def check(self, plugin: str, presented: str | None) -> None:
        """Raise `Unauthorized` unless `presented` opens `plugin`.

        The shared key opens the plugins that have no key of their own.
        """
        if not _matches(presented, self._own.get(plugin, self._shared)):
            raise Unauthorized("X-API-Key is missing or wrong for this collector.")

    def check_any(self, presented: str | None) -> None:
        """Raise `Unauthorized` unless `presented` is some valid key: only its bearer learns what exists."""
        every = self._shared.union(*self._own.values())
        if not _matches(presented, every):
            raise Unauthorized("X-API-Key is missing or wrong for this collector.")


def _digests(keys: tuple[str, ...]) -> frozenset[bytes]:
    return frozenset(map(_digest, keys))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _matches(presented: str | None, digests: frozenset[bytes]) -> bool:
    """Compare in constant time; digests, because `compare_digest` raises on other than ASCII."""
    if not presented:
        return False
    digest = _digest(presented)
    return sum(hmac.compare_digest(digest, known) for known in digests) > 0
