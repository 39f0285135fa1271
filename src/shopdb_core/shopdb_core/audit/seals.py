"""Seals: nobody without the site's key can change what is sealed, or make it anew."""

import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row

from shopdb_core.canonical import canonical
from shopdb_hookspecs import Json

SealedFields: TypeAlias = Mapping[int, tuple[str, ...]]
"""The fields that the seals of each version cover, in order.

A version that was ever released stays: rows that were sealed with it must verify. A later one covers more.
"""


class Seals:
    """Computes and checks HMAC-SHA256 with a key for one `purpose`, derived from the site's SECRET_KEY.

    A row keeps the version of its seal beside it (`sealversion`).
    """

    def __init__(self, secret_key: str, purpose: bytes, covered: SealedFields) -> None:
        self._key = hmac.digest(secret_key.encode(), purpose, "sha256")
        self._covered = covered
        self.version = max(covered)

    def of(self, record: object, *more: bytes | None) -> bytes:
        """Return the seal, of the newest version, of a record and of what it does not hold itself."""
        return self._seal(self.version, record, more)

    def fits(self, row: Row[Any], seal: bytes, *more: bytes | None) -> bool:
        """Whether a row is as it was sealed.

        A field that the row's version does not cover must be null: there was no such field then.
        """
        covered = self._covered.get(row.sealversion)
        if covered is None:
            return False
        later = (name for name in self._covered[self.version] if name not in covered)
        untouched = all(getattr(row, name) is None for name in later)
        return untouched and hmac.compare_digest(self._seal(row.sealversion, row, more), seal)

    def _seal(self, version: int, record: object, more: tuple[bytes | None, ...]) -> bytes:
        """Seal the version with the fields: an object, never the list of the first version."""
        content = [*_plain(*(getattr(record, name) for name in self._covered[version]), *more)]
        sealed = content if version == 1 else {"version": version, "fields": content}
        return hmac.digest(self._key, canonical(sealed), "sha256")


def _plain(*values: Any) -> Iterator[Json]:
    for value in values:
        if isinstance(value, datetime):
            yield value.isoformat()
        else:
            yield value.hex() if isinstance(value, bytes) else value
