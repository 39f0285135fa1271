"""Relationships that people create and delete, each with an audit entry in the chain of its source."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from shopdb_core.assets.relationships import (
    add_relationship,
    all_relationships,
    delete_relationship,
    get_relationship,
)
from shopdb_core.assets.rows import StoredAsset, lock_by_id, set_chainhash
from shopdb_core.audit.entries import (
    RELATIONSHIPS,
    AuditChain,
    AuditEntry,
    audited_relationship,
    newest_seal_version,
    previous_hash,
    record,
    row_hash,
)
from shopdb_core.errors import NotFound
from shopdb_core.json_text import canonical_text
from shopdb_core.store import Connection
from shopdb_core.submissions.result import Origin
from shopdb_hookspecs import JsonObject

UPGRADE = "shopdb db upgrade"
SINCE = 3
"""The version of the seals of the first release that wrote entries of relationships."""


@dataclass(frozen=True, slots=True)
class Relate:
    """The transaction that creates one relationship; call it on a connection."""

    source: int
    target: int
    relationshiptype: str
    origin: Origin
    chain: AuditChain

    def __call__(self, connection: Connection) -> JsonObject:
        """Create the relationship with its audit entry, and return it as the API shows it.

        Raises `NotFound` for the source, `InvalidSubmission` for the target, and `Conflict` if it exists.
        """
        at = datetime.now(UTC)
        stored = _locked(connection, self.source)
        created = add_relationship(
            connection,
            source=self.source,
            target=self.target,
            relationshiptype=self.relationshiptype,
            at=at,
        )
        diff = {"added": [audited_relationship(created)], "removed": []}
        record_relationships(connection, stored, "related", diff, at=at, origin=self.origin, chain=self.chain)
        return created


@dataclass(frozen=True, slots=True)
class Unrelate:
    """The transaction that deletes one relationship from or to an asset; call it on a connection."""

    assetid: int
    relationshipid: int
    origin: Origin
    chain: AuditChain

    def __call__(self, connection: Connection) -> None:
        """Delete the relationship and write the audit entry; raises `NotFound`."""
        source = get_relationship(connection, self.assetid, self.relationshipid)["sourceassetid"]
        stored = _locked(connection, source)
        # Another may have deleted it before the lock was taken.
        found = get_relationship(connection, self.assetid, self.relationshipid)
        delete_relationship(connection, self.relationshipid)
        diff = {"added": [], "removed": [audited_relationship(found)]}
        at = datetime.now(UTC)
        record_relationships(
            connection, stored, "unrelated", diff, at=at, origin=self.origin, chain=self.chain
        )


def record_relationships(
    connection: Connection,
    stored: StoredAsset,
    action: Literal["related", "unrelated"],
    diff: JsonObject,
    *,
    at: datetime,
    origin: Origin,
    chain: AuditChain,
) -> None:
    """Write the entry of a locked asset whose relationships changed; the rest of its row stays as it is."""
    entry = AuditEntry(
        at=at,
        plugin=None,
        action=action,
        assetid=stored.assetid,
        identityvalue=stored.identityvalue,
        diff=canonical_text({RELATIONSHIPS: diff}),
        volatileonly=False,
        actor=origin.actor,
        clientaddress=origin.clientaddress,
        requestid=origin.requestid,
        rowhash=row_hash(stored),
    )
    sealed = chain.seal(entry, previous_hash(connection, stored))
    record(connection, [sealed])
    set_chainhash(connection, stored.assetid, sealed.hash)


def record_earlier_relationships(connection: Connection, chain: AuditChain) -> None:
    """Write the entries of the relationships that earlier releases made, which wrote none.

    Nothing is written once this release has written any entry: a relationship without one is then a forgery.
    """
    if newest_seal_version(connection) >= SINCE:
        return
    at, origin = datetime.now(UTC), Origin(UPGRADE, UPGRADE.replace(" ", "-"))
    for source, relationships in all_relationships(connection).items():
        diff = {"added": [audited_relationship(each) for each in relationships], "removed": []}
        stored = _locked(connection, source)
        record_relationships(connection, stored, "related", diff, at=at, origin=origin, chain=chain)


def _locked(connection: Connection, assetid: int) -> StoredAsset:
    stored = lock_by_id(connection, assetid)
    if stored is None:
        raise NotFound(f"There is no asset {assetid}.")
    return stored
