"""Ageing the audit of a database."""

from datetime import timedelta

from sqlalchemy import NullPool, create_engine, select, update

from shopdb_core.audit.entries import FIELDS, AuditChain, AuditEntry
from shopdb_core.store.open import parse_url
from shopdb_core.store.tables import asset, auditentry


def let_time_pass(database_url: str, secret_key: str, days: int) -> None:
    """Make every audit entry older by so many days, and chain them anew as if they had been written then."""
    chain, newest = AuditChain(secret_key), {}
    engine = create_engine(parse_url(database_url), poolclass=NullPool)
    with engine.begin() as connection:
        for row in connection.execute(select(auditentry).order_by(auditentry.c.auditid)).all():
            values = {name: getattr(row, name) for name in FIELDS}
            sealed = chain.seal(
                AuditEntry(**{**values, "at": row.at - timedelta(days)}), newest.get(row.assetid)
            )
            newest[row.assetid] = sealed.hash
            connection.execute(
                update(auditentry)
                .where(auditentry.c.auditid == row.auditid)
                .values(at=sealed.entry.at, previoushash=sealed.previoushash, hash=sealed.hash)
            )
        for assetid, digest in newest.items():
            chained = asset.c.assetid == assetid, asset.c.chainhash.is_not(None)
            connection.execute(update(asset).where(*chained).values(chainhash=digest))
