"""The checkpoint: a run in place of its entries, sealed so that nobody without the key can make one."""

import hmac
from dataclasses import fields
from typing import Any

from sqlalchemy import Row

from shopdb_core.audit.run import Run
from shopdb_core.canonical import canonical

_COLUMNS = tuple(field.name for field in fields(Run))


class CheckpointSeal:
    """Seals runs with a key that only this site can derive, and that seals nothing else."""

    def __init__(self, secret_key: str) -> None:
        self._key = hmac.digest(secret_key.encode(), b"shopdb audit checkpoint", "sha256")

    def of(self, run: Run) -> bytes:
        """Return HMAC-SHA256 over all of the run."""
        content = [
            run.assetid,
            run.firstauditid,
            run.lastauditid,
            run.entries,
            run.firstat.isoformat(),
            run.lastat.isoformat(),
            run.previoushash.hex() if run.previoushash else None,
            run.lasthash.hex(),
            run.diff,
        ]
        return hmac.digest(self._key, canonical(content), "sha256")

    def fits(self, row: Row[Any]) -> bool:
        """Whether a row of `auditcheckpoint` is as it was sealed."""
        return hmac.compare_digest(self.of(checkpoint_run(row)), row.seal)


def checkpoint_row(run: Run, seal: CheckpointSeal) -> dict[str, Any]:
    """Return the row of `auditcheckpoint` that stands for a run."""
    return {name: getattr(run, name) for name in _COLUMNS} | {"seal": seal.of(run)}


def checkpoint_run(row: Row[Any]) -> Run:
    """Return the run that a row of `auditcheckpoint` stands for."""
    return Run(**{name: getattr(row, name) for name in _COLUMNS})
