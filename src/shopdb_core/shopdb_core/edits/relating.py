"""Relationships that people create and delete, each with an audit entry in the chain of its source."""

from dataclasses import dataclass
from datetime import UTC, datetime

from shopdb_core.assets.relationships import (
    add_relationship,
    all_relationships,
    delete_relationship,
    get_relationship,
)
from shopdb_core.audit.entries import RELATIONSHIPS, AuditChain, audited_relationship, newest_seal_version
from shopdb_core.edits.edit import Editor, lock, record_edit
from shopdb_core.plugins.registry import Plugins
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
    editor: Editor

    def __call__(self, connection: Connection) -> JsonObject:
        """Create the relationship with its audit entry, and return it as the API shows it.

        Raises `NotFound` for the source, `InvalidSubmission` for the target, and `Conflict` if it exists.
        """
        at = datetime.now(UTC)
        stored = lock(connection, self.source)
        created = add_relationship(
            connection,
            source=self.source,
            target=self.target,
            relationshiptype=self.relationshiptype,
            at=at,
        )
        diff = {RELATIONSHIPS: {"added": [audited_relationship(created)], "removed": []}}
        record_edit(connection, self.editor, stored, stored, action="related", diff=diff, at=at)
        return created


@dataclass(frozen=True, slots=True)
class Unrelate:
    """The transaction that deletes one relationship from or to an asset; call it on a connection."""

    assetid: int
    relationshipid: int
    editor: Editor

    def __call__(self, connection: Connection) -> None:
        """Delete the relationship and write the audit entry; raises `NotFound`."""
        source = get_relationship(connection, self.assetid, self.relationshipid)["sourceassetid"]
        stored = lock(connection, source)
        # Another may have deleted it before the lock was taken.
        found = get_relationship(connection, self.assetid, self.relationshipid)
        delete_relationship(connection, self.relationshipid)
        diff = {RELATIONSHIPS: {"added": [], "removed": [audited_relationship(found)]}}
        record_edit(
            connection, self.editor, stored, stored, action="unrelated", diff=diff, at=datetime.now(UTC)
        )


def record_earlier_relationships(connection: Connection, chain: AuditChain, plugins: Plugins) -> None:
    """Write the entries of the relationships that earlier releases made, which wrote none.

    Nothing is written once this release has written any entry: a relationship without one is then a forgery.
    """
    if newest_seal_version(connection) >= SINCE:
        return
    editor = Editor(Origin(UPGRADE, UPGRADE.replace(" ", "-")), chain, plugins)
    for source, relationships in all_relationships(connection).items():
        added = [audited_relationship(each) for each in relationships]
        stored = lock(connection, source)
        diff = {RELATIONSHIPS: {"added": added, "removed": []}}
        record_edit(connection, editor, stored, stored, action="related", diff=diff, at=datetime.now(UTC))
