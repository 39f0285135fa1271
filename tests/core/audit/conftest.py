"""A site with a history, and ways to prune it, to tamper with it and to verify it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from databases import execute
from sqlalchemy import make_url, select

from shopdb_core.audit.prune import Expiry, Kind, Pruned, prune
from shopdb_core.audit.verifying.verify import Verified, verify
from shopdb_core.store.tables import auditentry


@dataclass
class History:
    """A site whose computers were submitted a number of times."""

    shop: Any

    def submit(self, hostname: str, *osnames: str, boot: int = 1) -> None:
        """Submit a computer once for each name of its operating system; the same name twice is a noop."""
        for osname in osnames:
            submission = {
                "hostname": hostname,
                "osname": osname,
                "lastboottime": f"2026-01-{boot:02}T00:00:00Z",
            }
            self.shop.submit("computers", submission)

    def at(self, auditid: int) -> datetime:
        """Return the time of an entry."""
        query = select(auditentry.c.at).where(auditentry.c.auditid == auditid)
        return self.shop.store.read(lambda connection: connection.scalars(query).one())

    def prune(self, kind: Kind, *, before: int | None = None) -> list[Pruned]:
        """Prune one kind of entries, all of them or those older than the one with the id `before`."""
        now = datetime.now(UTC)
        expiry = Expiry(kind, self.at(before) if before else now, now)
        return list(prune(self.shop.store, self.shop.chain, [expiry], pause=lambda _: None))

    def verify(self) -> list[Verified]:
        """Verify, and return what was found."""
        return list(verify(self.shop.store, self.shop.chain))

    def faults(self) -> set[str]:
        """Verify, and return what is wrong."""
        return {fault.message for batch in self.verify() for fault in batch.faults}

    def entries(self) -> list[int]:
        """Return the ids of the entries that are left."""
        return [auditid for (auditid,) in self.shop.rows("SELECT auditid FROM auditentry ORDER BY auditid")]

    def checkpoints(self) -> list[tuple[Any, ...]]:
        """Return first id, last id, number of entries and net diff of every checkpoint."""
        return self.shop.rows(
            "SELECT firstauditid, lastauditid, entries, diff FROM auditcheckpoint ORDER BY lastauditid"
        )

    def tamper(self, *statements: str) -> None:
        """Change the database without the key."""
        for statement in statements:
            execute(make_url(self.shop.settings.database_url), statement)


@pytest.fixture
def history(shop: Any) -> History:
    """Return an empty site."""
    return History(shop)


@pytest.fixture
def pruned(history: History) -> History:
    """Return a site with one computer: entries 1, 2 (noops 3 to 5 pruned), 6, 7 (noops 8, 9 pruned), 10."""
    history.submit("PC-1", "A", "B", "B", "B", "B", "C", "D", "D", "D", "E")
    history.prune("noop")
    assert history.entries() == [1, 2, 6, 7, 10]
    return history
