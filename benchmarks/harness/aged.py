"""Fill a site with a long history in bulk, sealed as ShopDB seals it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, update

from shopdb_core.assets import rows
from shopdb_core.audit.entries import AuditChain, AuditEntry, entry_row
from shopdb_core.json_text import canonical_text
from shopdb_core.settings import Settings
from shopdb_core.site import Site, upgrade_site
from shopdb_core.store import Connection
from shopdb_core.store.tables import asset, auditentry
from shopdb_core.submissions.pipeline import Pipeline

SITE_KEY = "a-secret-key-for-benchmarks-0123456789"
COMPUTERS = 10_000
OLD, YOUNG = timedelta(60), timedelta(20)
"""The age of the first half of the noops, and of the second."""


def aged_site(settings: Settings, entries: int) -> None:
    """Create the database: every computer is created, then submitted unchanged in each round."""
    upgrade_site(settings)
    with Site.open(settings) as site:
        history = _History(site.chain, Pipeline(site.plugins.collector("computers"), settings.timezone))
        site.store.transaction(history.create)
        rounds = entries // COMPUTERS
        for number in range(1, rounds):
            age = OLD if number <= rounds // 2 else YOUNG
            history.at = datetime.now(UTC) - age + timedelta(minutes=number)
            site.store.transaction(history.repeat)
        site.store.transaction(history.finish)


class _History:
    """Writes the history, and keeps each computer's newest hash."""

    def __init__(self, chain: AuditChain, pipeline: Pipeline) -> None:
        self._chain = chain
        self._pipeline = pipeline
        self._newest: dict[int, bytes] = {}
        self.at = datetime.now(UTC) - OLD

    def create(self, connection: Connection) -> None:
        """Create every computer."""
        entries = [self._created(connection, number) for number in range(COMPUTERS)]
        connection.execute(insert(auditentry), [self._row(entry) for entry in entries])

    def repeat(self, connection: Connection) -> None:
        """Write a noop of every computer."""
        connection.execute(insert(auditentry), list(self._noops()))

    def finish(self, connection: Connection) -> None:
        """Store in every asset the hash of its newest entry."""
        statement = update(asset).where(asset.c.assetid == bindparam("of")).values(chainhash=bindparam("is"))
        connection.execute(statement, [{"of": of, "is": newest} for of, newest in self._newest.items()])

    def _created(self, connection: Connection, number: int) -> AuditEntry:
        submission = {"hostname": f"PC-{number:06}", "osname": "Debian 12", "memorygb": 1}
        prepared = self._pipeline.prepare(submission, lenient=False)
        assetid = rows.create_asset(
            connection,
            assettype="computers",
            identityvalue=prepared.identityvalue,
            identitykey=prepared.identitykey,
            submissionhash=prepared.hash,
            attributes=prepared.submission,
            at=self.at,
        ).assetid
        diff = {name: {"before": None, "after": value} for name, value in prepared.submission.items()}
        return self._entry("created", assetid, canonical_text(diff))

    def _noops(self) -> Iterator[dict[str, Any]]:
        for assetid in self._newest:
            yield self._row(self._entry("noop", assetid, "{}"))

    def _entry(self, action: Any, assetid: int, diff: str) -> AuditEntry:
        return AuditEntry(
            at=self.at,
            plugin="computers",
            action=action,
            assetid=assetid,
            identityvalue=f"PC-{assetid - 1:06}",
            diff=diff,
            volatileonly=False,
            actor="collector:computers",
            clientaddress="10.0.0.1",
            requestid="0123456789abcdef",
            rowhash=None,
        )

    def _row(self, entry: AuditEntry) -> dict[str, Any]:
        sealed = self._chain.seal(entry, self._newest.get(entry.assetid))
        self._newest[entry.assetid] = sealed.hash
        return entry_row(sealed)
