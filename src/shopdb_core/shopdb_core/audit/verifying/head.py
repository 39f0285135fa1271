"""Heads: a small signed document that says what the audit held, to be kept elsewhere (ADR 0025).

No check inside a database finds a cut tail, an asset that was deleted with all its rows, or an older backup
that was put back: what is left is consistent. A head that was taken before does.
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, Any, Self

import orjson
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, select

from shopdb_core.audit.positions import LONGEST_TRANSACTION
from shopdb_core.errors import ConfigurationError
from shopdb_core.json_text import canonical
from shopdb_core.store.tables import auditcheckpoint, auditentry, audithead
from shopdb_hookspecs import JsonObject

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KIND = "shopdb-audit-head"
KEPT = timedelta(days=31)
ROWS_IN_MEMORY = 500


@dataclass(frozen=True, slots=True)
class Head:
    """What the audit held up to the entry `auditid`.

    `entries` counts pruned ones too; `assets` are those with an entry; `root` is SHA-256 over the id (8
    bytes) and the newest hash of each of these assets, in the order of their ids.
    """

    at: str
    auditid: int
    entries: int
    assets: int
    root: str

    @classmethod
    def of(cls, connection: Connection, at: datetime, auditid: int | None = None) -> Self:
        """Compute the head up to an entry, or up to the newest below which nothing is unfinished.

        Raises `ConfigurationError` if pruning has taken a hash that it needs.
        """
        last = _settled(connection, at) if auditid is None else auditid
        _require_unpruned(connection, last)
        digest, assets = hashlib.sha256(), 0
        for assetid, newest in _newest_hashes(connection, last):
            digest.update(assetid.to_bytes(8, "big") + newest)
            assets += 1
        return cls(at.isoformat(), last, _count(connection, last), assets, digest.hexdigest())

    def faults(self, connection: Connection) -> Iterator[str]:
        """Compare with what the audit holds now; raises as `of` does."""
        newest = connection.scalar(select(func.max(auditentry.c.auditid))) or 0
        if newest < self.auditid:
            yield (
                f"the head has entries up to {self.auditid}, and the newest entry is {newest}: "
                "the end was cut off, or an older backup was put back"
            )
        now = self.of(connection, datetime.now(UTC), self.auditid)
        for what, then, found in (
            ("assets", self.assets, now.assets),
            ("entries", self.entries, now.entries),
        ):
            if then != found:
                yield f"the head has {then} {what} up to entry {self.auditid}, and the audit has {found}"
        if (self.assets, self.entries) == (now.assets, now.entries) and self.root != now.root:
            yield f"the entries up to {self.auditid} are not those that the head was made of"

    def signed(self, key: str) -> JsonObject:
        """Return the document, with its signature (Ed25519) by the key that is derived from the audit's."""
        private = _private_key(key)
        document = {"kind": KIND, **asdict(self), "publickey": private.public_key().public_bytes_raw().hex()}
        return {**document, "signature": private.sign(canonical(document)).hex()}


def public_key(key: str) -> str:
    """Return the public key of the heads of a site, in hexadecimal."""
    return _private_key(key).public_key().public_bytes_raw().hex()


def read_head(content: bytes, public_keys: Sequence[str]) -> Head:
    """Return the head of a document that one of these keys signed; raises `ConfigurationError`."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  # an extra
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        document = dict(orjson.loads(content))
        signature = bytes.fromhex(document.pop("signature"))
        key = document.pop("publickey")
        kind = document.pop("kind")
        head = Head(**document)
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigurationError("The file is not a head: `shopdb audit head` prints one.") from error
    if key not in public_keys:
        raise ConfigurationError(
            "The head was signed with another key than this site's: it is of another site, or from before "
            "`shopdb audit rekey`."
        )
    try:
        signed = canonical({"kind": kind, **asdict(head), "publickey": key})
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise ConfigurationError("The signature of the head is wrong: it was changed.") from error
    return head


def keep_head(connection: Connection, head: Head, at: datetime) -> None:
    """Record the head, so that pruning keeps the hashes that it needs, and forget heads that are too old.

    Of the heads older than 31 days, the first of each month is kept.
    """
    rows = connection.execute(select(audithead).order_by(audithead.c.auditid)).all()
    firsts = {row.at.strftime("%Y-%m"): row.auditid for row in reversed(rows)}
    old = [row.auditid for row in rows if row.at < at - KEPT and row.auditid not in firsts.values()]
    connection.execute(delete(audithead).where(audithead.c.auditid.in_([*old, head.auditid])))
    connection.execute(insert(audithead).values(auditid=head.auditid, at=at))


def _private_key(key: str) -> "Ed25519PrivateKey":
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415  # an extra
            Ed25519PrivateKey,
        )
    except ImportError as error:
        raise ConfigurationError(
            "Heads need the extra `heads`: python3 -m pip install 'shopdb-core[heads]'"
        ) from error
    return Ed25519PrivateKey.from_private_bytes(hmac.digest(key.encode(), b"shopdb audit head", "sha256"))


def _settled(connection: Connection, at: datetime) -> int:
    """Return the id of the newest entry below which no transaction can still write one.

    An unfinished transaction has left a gap in the ids; a gap beside older entries stays one.
    """
    query = select(auditentry.c.auditid, auditentry.c.at).order_by(auditentry.c.auditid.desc())
    settled = above = 0
    for row in connection.execute(query, execution_options={"yield_per": ROWS_IN_MEMORY}):
        if row.auditid + 1 != above:
            settled = row.auditid
        if row.at < at - LONGEST_TRANSACTION:
            break
        above = row.auditid
    return settled


def _require_unpruned(connection: Connection, last: int) -> None:
    crossing = select(auditcheckpoint.c.lastauditid).where(
        auditcheckpoint.c.firstauditid <= last, auditcheckpoint.c.lastauditid > last
    )
    if connection.execute(crossing.limit(1)).first():
        raise ConfigurationError(
            f"The head up to entry {last} is older than what was pruned since, and cannot be verified any "
            "more: use a later one."
        )


def _newest_hashes(connection: Connection, last: int) -> Iterator[tuple[int, bytes]]:
    """Yield the id of each asset, in order, with its newest hash up to an entry."""
    entries = _newest(connection, auditentry, auditentry.c.auditid, auditentry.c.hash, last)
    pruned = _newest(
        connection, auditcheckpoint, auditcheckpoint.c.lastauditid, auditcheckpoint.c.lasthash, last
    )
    links = merge(entries, pruned, key=lambda row: (row.assetid, row.auditid))
    for assetid, group in groupby(links, lambda row: row.assetid):
        *_, newest = group
        yield assetid, newest.newest


def _newest(
    connection: Connection, table: Any, auditid: Any, hashed: ColumnElement[bytes], last: int
) -> Iterator[Row[Any]]:
    """Yield the newest row of each asset up to an entry, in the order of the assets."""
    newest = (
        select(table.c.assetid, func.max(auditid).label("auditid"))
        .where(auditid <= last)
        .group_by(table.c.assetid)
        .subquery()
    )
    query = (
        select(table.c.assetid, auditid.label("auditid"), hashed.label("newest"))
        .join(newest, and_(newest.c.auditid == auditid, newest.c.assetid == table.c.assetid))
        .order_by(table.c.assetid)
    )
    yield from connection.execute(query)


def _count(connection: Connection, last: int) -> int:
    entries = connection.scalar(select(func.count()).where(auditentry.c.auditid <= last)) or 0
    pruned = connection.scalar(
        select(func.sum(auditcheckpoint.c.entries)).where(auditcheckpoint.c.lastauditid <= last)
    )
    return entries + int(pruned or 0)
