"""The key of the audit: noticing that it is a wrong one, and sealing the audit anew with another.

An asset is sealed anew in one transaction, and only if its whole chain verifies: a new seal would hide what
was edited by hand.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from shopdb_core.assets.rows import lock_by_id
from shopdb_core.audit.entries import AuditChain
from shopdb_core.audit.prune import lock_positions
from shopdb_core.errors import ConfigurationError
from shopdb_core.store import Store
from shopdb_core.store.tables import asset, auditcheckpoint, auditentry

BATCH = 100
SAMPLE = 20
"""How many entries at each end of the audit are tried."""


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """The result for a batch: how many assets were looked at, sealed anew, and left because of a fault."""

    assets: int
    renewed: int
    unfit: int


def check_key(connection: Connection, chain: AuditChain, former: AuditChain | None = None) -> None:
    """Raise `ConfigurationError` if the chain's keys are not those of the audit.

    `former` has the key that sealed the audit before the site had one for it alone.
    """
    first = _sample(connection, oldest=True)
    newest = _sample(connection, oldest=False)
    if not first or any(map(chain.verify, first)):
        return
    if former is not None and any(map(former.verify, first)):
        raise ConfigurationError(
            "The audit is sealed with SECRET_KEY, not with SHOPDB_AUDIT_KEY: run `shopdb audit rekey`"
        )
    if not any(map(chain.verify, newest)):
        raise ConfigurationError(
            f"None of the {len({row.auditid for row in [*first, *newest]})} audit entries that were tried is "
            "sealed with this site's key: set SHOPDB_AUDIT_KEY, or without it SECRET_KEY, to the key that "
            "sealed them."
        )


def rekey(store: Store, chain: AuditChain, present: AuditChain) -> Iterator[Rekeyed]:
    """Seal with the first key of `chain` what its other keys sealed; yield the result of each batch.

    `present` has that first key alone. Others may write meanwhile, with the first key.
    """
    renewals = _Renewals(chain, present)
    after: int | None = 0
    while (assetids := _next_assets(store, after)) is not None:
        results = store.batch(renewals, assetids)
        for result in results:
            if isinstance(result, Exception):
                raise result
        yield Rekeyed(len(assetids), results.count(True), results.count(None))
        after = assetids[-1]


def _next_assets(store: Store, after: int | None) -> Sequence[int] | None:
    query = select(asset.c.assetid).where(asset.c.assetid > after).order_by(asset.c.assetid).limit(BATCH)
    return store.read(lambda connection: connection.scalars(query).all()) or None


def _sample(connection: Connection, *, oldest: bool) -> Sequence[Row[Any]]:
    order = auditentry.c.auditid if oldest else auditentry.c.auditid.desc()
    return connection.execute(select(auditentry).order_by(order).limit(SAMPLE)).all()


@dataclass(frozen=True, slots=True)
class _Renewals:
    """The transaction that seals the chains of assets anew; call it on a connection."""

    chain: AuditChain
    present: AuditChain

    def __call__(self, connection: Connection, assetids: Sequence[int]) -> list[bool | Exception | None]:
        """Return for each whether it was necessary; `None` if the chain does not verify and was left."""
        # A batch of pruning that is executed now would put hashes of the former key into its checkpoints.
        lock_positions(connection)
        return [self._renew_asset(connection, assetid) for assetid in assetids]

    def _renew_asset(self, connection: Connection, assetid: int) -> bool | None:
        stored = lock_by_id(connection, assetid)
        links = _links(connection, assetid)
        if stored is None or all(_is_intact(self.present, row) for row in links):
            return False
        if not self._is_whole(links):
            return None
        newest = self._renew(connection, links)
        if stored.chainhash is not None:
            connection.execute(update(asset).where(asset.c.assetid == assetid).values(chainhash=newest))
        return True

    def _is_whole(self, links: Sequence[Row[Any]]) -> bool:
        """Return whether each link verifies and follows the one before it."""
        ends = [None, *map(_end, links)]
        follow = all(row.previoushash == end for row, end in zip(links, ends, strict=False))
        return follow and all(_is_intact(self.chain, row) for row in links)

    def _renew(self, connection: Connection, links: Sequence[Row[Any]]) -> bytes | None:
        """Write the new seals, the oldest first; return the hash of the newest entry."""
        previous: bytes | None = None
        entries, checkpoints = [], []
        for row in links:
            if _is_checkpoint(row):
                # The hash of an entry that is gone stays; it only has to be the one that the next follows.
                run = _Chained(row, previous)
                seal = self.chain.checkpoints.renew(run)  # type: ignore[arg-type]  # it has the row's columns
                checkpoints.append({"of": row.lastauditid, "previous": previous, "sealed": seal})
                previous = row.lasthash
            else:
                hashed = self.chain.renew(row, previous)
                entries.append({"of": row.auditid, "previous": previous, "sealed": hashed})
                previous = hashed
        if entries:
            connection.execute(_RENEW_ENTRY, entries)
        if checkpoints:
            connection.execute(_RENEW_CHECKPOINT, checkpoints)
        return previous


_RENEW_ENTRY = (
    update(auditentry)
    .where(auditentry.c.auditid == bindparam("of"))
    .values(previoushash=bindparam("previous"), hash=bindparam("sealed"))
)
_RENEW_CHECKPOINT = (
    update(auditcheckpoint)
    .where(auditcheckpoint.c.lastauditid == bindparam("of"))
    .values(previoushash=bindparam("previous"), seal=bindparam("sealed"))
)


class _Chained:
    """A row of `auditcheckpoint` with another `previoushash`."""

    def __init__(self, row: Row[Any], previoushash: bytes | None) -> None:
        self.__dict__.update(row._asdict(), previoushash=previoushash)


def _links(connection: Connection, assetid: int) -> Sequence[Row[Any]]:
    """Return the entries and checkpoints of an asset, the oldest first."""
    rows = [
        *connection.execute(select(auditentry).where(auditentry.c.assetid == assetid)),
        *connection.execute(select(auditcheckpoint).where(auditcheckpoint.c.assetid == assetid)),
    ]
    return sorted(rows, key=lambda row: row.lastauditid if _is_checkpoint(row) else row.auditid)


def _is_checkpoint(row: Row[Any]) -> bool:
    return hasattr(row, "lastauditid")


def _end(row: Row[Any]) -> bytes:
    """Return the hash that the next link follows."""
    return row.lasthash if _is_checkpoint(row) else row.hash  # type: ignore[no-any-return]  # columns of bytes


def _is_intact(chain: AuditChain, row: Row[Any]) -> bool:
    return chain.checkpoints.verify(row, row.seal) if _is_checkpoint(row) else chain.verify(row)
