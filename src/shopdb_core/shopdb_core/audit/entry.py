"""One audit entry, and the hash that chains it to the asset's previous one."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shopdb_core.canonical import canonical

Action = Literal["created", "updated", "noop"]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What one submission did to one asset; `diff` is canonical JSON text (contract 6).

    `plugin` is `None` where a person wrote the asset.
    """

    at: datetime
    plugin: str | None
    action: Action
    assetid: int
    identityvalue: str
    diff: str
    volatileonly: bool
    actor: str
    requestid: str


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """An entry with its place in the asset's chain; `previoushash` is `None` for the first."""

    entry: AuditEntry
    previoushash: bytes | None
    hash: bytes


class AuditChain:
    """Hashes entries with a key that only this site can derive."""

    def __init__(self, secret_key: str) -> None:
        self._key = hmac.digest(secret_key.encode(), b"shopdb audit chain", "sha256")

    def seal(self, entry: AuditEntry, previoushash: bytes | None) -> SealedEntry:
        """Chain `entry` to the one before it: HMAC-SHA256 over all of it and the previous hash."""
        content = [
            entry.at.isoformat(),
            entry.plugin,
            entry.action,
            entry.assetid,
            entry.identityvalue,
            entry.diff,
            entry.volatileonly,
            entry.actor,
            entry.requestid,
            previoushash.hex() if previoushash else None,
        ]
        return SealedEntry(entry, previoushash, hmac.digest(self._key, canonical(content), "sha256"))
