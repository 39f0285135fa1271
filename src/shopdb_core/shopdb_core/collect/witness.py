"""Telling the audit what one submission did, and the part of its work that most submissions need: a noop."""

from dataclasses import dataclass
from datetime import datetime

from shopdb_core.assets import write
from shopdb_core.assets.stored import StoredAsset
from shopdb_core.audit.entries import Action, AuditChain, AuditEntry, newest_hash, record
from shopdb_core.canonical import canonical_text
from shopdb_core.collect.answer import Origin
from shopdb_core.collect.match import Match
from shopdb_core.plugins.collector import Collector
from shopdb_core.store import Connection
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one submission did to its asset, as the audit tells it."""

    auditid: int
    entry: AuditEntry
    diff: JsonObject
    match: Match


@dataclass(frozen=True, slots=True)
class Witness:
    """Who tells: the collector that took the submission, its sender, and the site's chain."""

    collector: Collector
    origin: Origin
    chain: AuditChain

    def see(
        self,
        connection: Connection,
        match: Match,
        stored: StoredAsset,
        submissionhash: bytes,
        at: datetime,
    ) -> Outcome:
        """Note that the asset that was matched and locked was seen again, unchanged."""
        entry = self.entry("noop", stored.assetid, stored.identityvalue, {}, at)
        sealed = self.chain.seal(entry, previous_hash(connection, stored))
        write.see(connection, stored.assetid, submissionhash=submissionhash, chainhash=sealed.hash, at=at)
        return Outcome(record(connection, sealed), entry, {}, match)

    def entry(
        self, action: Action, assetid: int, identityvalue: str, changes: JsonObject, at: datetime
    ) -> AuditEntry:
        """Put into words what was done."""
        return AuditEntry(
            at=at,
            plugin=self.collector.name,
            action=action,
            assetid=assetid,
            identityvalue=identityvalue,
            diff=canonical_text(changes),
            volatileonly=bool(changes) and changes.keys() <= self.collector.volatile,
            actor=self.origin.actor,
            requestid=self.origin.requestid,
        )


def previous_hash(connection: Connection, stored: StoredAsset) -> bytes | None:
    """Return the hash to chain to; an asset that was only just created does not carry it yet."""
    return stored.chainhash or newest_hash(connection, stored.assetid)
