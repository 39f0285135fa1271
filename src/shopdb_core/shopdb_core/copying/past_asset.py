"""One asset as of a time, as the rows that a copy has of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table

from shopdb_core.assets.duplicates.evidence import SecondaryIdentity
from shopdb_core.assets.identity import identity_key
from shopdb_core.assets.rows import EDITED, FREED, StoredAsset
from shopdb_core.audit.as_of import identity_as_of, last_seen
from shopdb_core.audit.checkpoints import Run
from shopdb_core.audit.diffs import attributes_of, beginning, between, site_fields_of
from shopdb_core.audit.entries import (
    RELATIONSHIPS,
    ROW_CHANGES,
    SAME_VERSION,
    AuditChain,
    AuditEntry,
    entry_row,
    row_hash,
)
from shopdb_core.audit.past import Cut, apply, in_order
from shopdb_core.json_text import canonical_text
from shopdb_core.plugins.collector import Collector
from shopdb_core.store.tables import (
    asset,
    assetattributes,
    assetevidence,
    assetrelationship,
    assetsitefields,
    auditentry,
)
from shopdb_hookspecs import Json

REQUEST_ID = "shopdb-copy"


@dataclass(slots=True)
class Replayed:
    """What the entries of one asset say until a cut; `add` them in their order.

    `row` is its present row, and `changed` how many entries have changed it since.
    """

    row: Row[Any]
    cut: Cut
    changed: int
    values: dict[str, Json] = field(default_factory=beginning)
    lasthash: bytes = b""
    submittedat: datetime | None = None
    updatedat: datetime | None = None
    released: bool = False

    def add_run(self, run: Run) -> None:
        """Add a checkpoint."""
        apply(self.values, run)
        self.lasthash = run.lasthash

    def add_entry(self, run: Run, entry: Row[Any]) -> None:
        """Add an entry, given also as a run."""
        is_released = self.values["@state"] == "merged" and entry.action == "renamed"
        self.released = is_released or (self.released and entry.action != "unmerged")
        self.add_run(run)
        if entry.plugin is not None:
            self.submittedat = entry.at
        if entry.action not in SAME_VERSION:
            self.updatedat = entry.at

    @property
    def is_submitted(self) -> bool:
        """Whether a collector had submitted the asset; pruned entries do not have it."""
        return self.submittedat is not None or bool(self.cut.runs and self.row.submissionhash is not None)


@dataclass(frozen=True, slots=True)
class Rebuilder:
    """Makes the rows of assets in a copy at the time `now`, which `actor` makes."""

    connection: Connection
    collectors: Mapping[str, Collector]
    chain: AuditChain
    actor: str
    now: datetime

    def rows(self, past: Replayed, auditid: int) -> Iterable[tuple[Table, Mapping[str, Any]]]:
        """Yield the rows of an asset, with the entry `auditid` that seals its own row.

        The connection must not be streaming. Raises `Gone` if its identity was pruned.
        """
        collector = self.collectors.get(past.row.assettype)
        unknown = past.cut.unknown(collector.volatile if collector else ())
        values = {name: value for name, value in past.values.items() if name not in unknown}
        stored = self._stored(past, values, collector)
        entry = AuditEntry(
            at=self.now,
            plugin=None,
            action="copied",
            assetid=stored.assetid,
            identityvalue=stored.identityvalue,
            diff=canonical_text(between(past.values, values)),
            volatileonly=False,
            actor=self.actor,
            clientaddress=None,
            requestid=REQUEST_ID,
            rowhash=row_hash(stored),
        )
        sealed = self.chain.seal(entry, past.lasthash)
        columns = {column.name: getattr(stored, column.name) for column in asset.columns}
        yield asset, {**columns, "chainhash": sealed.hash}
        yield auditentry, {"auditid": auditid, **entry_row(sealed)}
        yield from _dependents(stored, values, collector, is_submitted=past.is_submitted)

    def _stored(self, past: Replayed, values: Mapping[str, Json], collector: Collector | None) -> StoredAsset:
        """Return the row of then; the next submission is compared field by field, as after an edit."""
        row, cut = past.row, past.cut
        identityvalue = identity_as_of(self.connection, row.assetid, cut, dict(values), collector)
        stored = StoredAsset(
            assetid=row.assetid,
            assettype=row.assettype,
            identityvalue=identityvalue,
            identitykey=b"",
            submissionhash=EDITED if past.is_submitted else None,
            bodydigest=None,
            chainhash=None,
            createdat=row.createdat,
            updatedat=past.updatedat or row.createdat,
            lastseenat=last_seen(cut, row.createdat, past.submittedat),
            version=max(1, row.version - past.changed),
        )
        of_people: dict[str, Any] = {column: values.get(name) for name, column in ROW_CHANGES.items()}
        key = stored.freed_key if past.released else _key(stored, row, collector)
        return stored._replace(identitykey=key, **of_people)


def _key(stored: StoredAsset, row: Row[Any], collector: Collector | None) -> bytes:
    """Return the key of the identity of then."""
    if stored.identityvalue == row.identityvalue and not row.identitykey.startswith(FREED):
        return bytes(row.identitykey)
    if collector is None:
        return identity_key(stored.identityvalue)
    normalized = collector.normalize({collector.identityfield: stored.identityvalue})
    return identity_key(normalized[collector.identityfield])


def _dependents(
    stored: StoredAsset, values: Mapping[str, Json], collector: Collector | None, *, is_submitted: bool
) -> Iterable[tuple[Table, Mapping[str, Any]]]:
    """Yield the rows of the other tables of the core."""
    assetid = stored.assetid
    attributes = in_order(collector, attributes_of(values))
    yield assetattributes, {"assetid": assetid, "attributes": canonical_text(attributes)}
    if sitefields := site_fields_of(values):
        yield assetsitefields, {"assetid": assetid, "sitefields": canonical_text(sitefields)}
    if collector is not None and is_submitted and stored.state == "active":
        for kind, value in SecondaryIdentity(collector.name, collector.evidence).of(attributes):
            key = {"assettype": stored.assettype, "field": kind, "value": value}
            yield assetevidence, {**key, "assetid": assetid}
    for each in values[RELATIONSHIPS]:
        createdat = datetime.fromisoformat(each["createdat"])
        yield assetrelationship, {**each, "sourceassetid": assetid, "createdat": createdat}
