"""Audit entries as they stand in the database: whether their hash fits, and as a run of one."""

import hmac
from typing import Any

from sqlalchemy import Row

from shopdb_core.audit.entry import AuditChain, AuditEntry
from shopdb_core.audit.run import Run


def is_whole(row: Row[Any], chain: AuditChain) -> bool:
    """Whether a row of `auditentry` is as it was written, under the present SECRET_KEY."""
    return hmac.compare_digest(chain.seal(_entry(row), row.previoushash).hash, row.hash)


def entry_run(row: Row[Any]) -> Run:
    """Return a row of `auditentry` as the run of this entry alone."""
    return Run(
        assetid=row.assetid,
        firstauditid=row.auditid,
        lastauditid=row.auditid,
        entries=1,
        firstat=row.at,
        lastat=row.at,
        previoushash=row.previoushash,
        lasthash=row.hash,
        diff=row.diff,
    )


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        at=row.at,
        plugin=row.plugin,
        action=row.action,
        assetid=row.assetid,
        identityvalue=row.identityvalue,
        diff=row.diff,
        volatileonly=row.volatileonly,
        actor=row.actor,
        requestid=row.requestid,
    )
