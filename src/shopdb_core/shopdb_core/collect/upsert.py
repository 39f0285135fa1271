"""One submission inside the transaction: match, merge, write, the plugin's tables, audit."""

from dataclasses import dataclass
from datetime import UTC, datetime

from shopdb_core.assets import evidence, write
from shopdb_core.assets.evidence import Evidence
from shopdb_core.assets.merge import diff, merge
from shopdb_core.assets.stored import StoredAsset, read_attributes
from shopdb_core.audit.entries import record
from shopdb_core.collect.match import Match, find_match
from shopdb_core.collect.prepare import Prepared
from shopdb_core.collect.witness import Outcome, Witness, previous_hash
from shopdb_core.plugins.collector import Collector
from shopdb_core.settings import OnMatch
from shopdb_core.store import Connection
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class Upsert:
    """The work of one submission; call it on a connection, as often as its transaction is run."""

    witness: Witness
    prepared: Prepared
    onmatch: OnMatch

    @property
    def collector(self) -> Collector:
        """The collector that took the submission."""
        return self.witness.collector

    def __call__(self, connection: Connection) -> Outcome:
        """Create, update or see the asset; raises `PluginFailure` from `store_asset`."""
        at = datetime.now(UTC)
        match = find_match(connection, self.collector, self.prepared, self.onmatch)
        if match.asset is None:
            return self._create(connection, match, at)
        if match.asset.submissionhash == self.prepared.hash and match.by == "identity":
            return self.witness.see(connection, match, match.asset, self.prepared.hash, at)
        return self._update(connection, match, match.asset, at)

    def _create(self, connection: Connection, match: Match, at: datetime) -> Outcome:
        identityvalue = self.prepared.identityvalue
        after = merge({}, self._patch(identityvalue))
        changes = {name: {"before": None, "after": value} for name, value in after.items()}
        assetid = write.create(
            connection,
            assettype=self.collector.name,
            identityvalue=identityvalue,
            identitykey=self.prepared.identitykey,
            submissionhash=self.prepared.hash,
            attributes=after,
            at=at,
        )
        self._write_parts(connection, assetid, None, after)
        entry = self.witness.entry("created", assetid, identityvalue, changes, at)
        auditid = record(connection, self.witness.chain.seal(entry, None))
        return Outcome(auditid, entry, changes, match)

    def _update(self, connection: Connection, match: Match, stored: StoredAsset, at: datetime) -> Outcome:
        identityvalue = stored.identityvalue if match.by == "identity" else self.prepared.identityvalue
        before = read_attributes(connection, stored.assetid)
        after = merge(before, self._patch(identityvalue))
        changes = diff(before, after)
        if not changes:
            return self.witness.see(connection, match, stored, self.prepared.hash, at)
        entry = self.witness.entry("updated", stored.assetid, identityvalue, changes, at)
        sealed = self.witness.chain.seal(entry, previous_hash(connection, stored))
        write.change(
            connection,
            stored.assetid,
            identityvalue=identityvalue,
            identitykey=self.prepared.identitykey,
            submissionhash=self.prepared.hash,
            chainhash=sealed.hash,
            attributes=after,
            at=at,
        )
        self._write_parts(connection, stored.assetid, before, after)
        return Outcome(record(connection, sealed), entry, changes, match)

    def _patch(self, identityvalue: str) -> JsonObject:
        """Return the submission with the identity as people spell it, not as the plugin folds it."""
        return {**self.prepared.submission, self.collector.identityfield: identityvalue}

    def _write_parts(
        self, connection: Connection, assetid: int, before: JsonObject | None, after: JsonObject
    ) -> None:
        """Write what hangs off the asset: its evidence, and the plugin's own tables."""
        field = self.collector.secondaryidentity
        if field is not None:
            old, new = (before or {}).get(field), after.get(field)
            evidence.replace(connection, assetid, Evidence(self.collector.name, field), old, new)
        self.collector.hooks.ask(
            "store_asset",
            connection=connection,
            assetid=assetid,
            before=before,
            after=after,
            plugin=self.collector.name,
        )
