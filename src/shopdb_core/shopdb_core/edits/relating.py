"""Relationships that people create and delete, each with an audit entry in the chain of its source.

Where an edit of assets moves several at once, `RelationshipChanges` collects what their sources' entries say.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from shopdb_core.assets.relationships import (
    add_relationship,
    all_relationships,
    change_ends,
    delete_relationship,
    get_relationship,
    restore_relationship,
    sources_to,
)
from shopdb_core.assets.rows import StoredAsset, lock_by_ids
from shopdb_core.audit.entries import (
    RELATIONSHIPS,
    Action,
    AuditChain,
    audited_relationship,
    newest_seal_version,
)
from shopdb_core.edits.edit import Editor, check_to_edit, lock, record_edit
from shopdb_core.errors import InvalidSubmission
from shopdb_core.plugins.registry import Plugins
from shopdb_core.store import Connection
from shopdb_core.submissions.result import Origin
from shopdb_hookspecs import Json, JsonObject

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

        Raises `NotFound`, `Gone` or `Conflict` for the source, `InvalidSubmission` for the target, and
        `Conflict` if the relationship exists.
        """
        at = self.editor.clock()
        # The target, too: it must not be merged or erased meanwhile.
        locked = lock_by_ids(connection, (self.source, self.target))
        stored = check_to_edit(self.source, locked.get(self.source))
        if (target := locked.get(self.target)) and target.state in ("merged", "erased"):
            raise InvalidSubmission(f"targetassetid: asset {self.target} is {target.state}.")
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
        found = get_relationship(connection, self.assetid, self.relationshipid)
        locked: StoredAsset | None = None
        # Another may have deleted it before the lock was taken, or given it another source by a merge.
        while locked is None or locked.assetid != found["sourceassetid"]:
            locked = lock(connection, found["sourceassetid"])
            found = get_relationship(connection, self.assetid, self.relationshipid)
        delete_relationship(connection, self.relationshipid)
        diff = {RELATIONSHIPS: {"added": [], "removed": [audited_relationship(found)]}}
        record_edit(
            connection, self.editor, locked, locked, action="unrelated", diff=diff, at=self.editor.clock()
        )


def lock_with_sources(connection: Connection, assetids: Collection[int]) -> dict[int, StoredAsset]:
    """Lock assets and the sources of every relationship to them, in the order of their ids."""
    wanted = {*assetids, *sources_to(connection, assetids)}
    locked = lock_by_ids(connection, wanted)
    # Another may have related an asset to one of them before they were locked.
    while more := sources_to(connection, assetids) - locked.keys():
        locked |= lock_by_ids(connection, more)
    return locked


class RelationshipChanges:
    """Relationships that an edit moves, deletes and restores, and the entries of their sources.

    Relationships are given as rows; the caller has locked their sources (`lock_with_sources`).
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._added: defaultdict[int, list[Json]] = defaultdict(list)
        self._removed: defaultdict[int, list[Json]] = defaultdict(list)

    def move(self, row: JsonObject, moved: JsonObject) -> None:
        """Give a relationship the ends that it has in `moved`."""
        source, target = moved["sourceassetid"], moved["targetassetid"]
        change_ends(self._connection, row["relationshipid"], source, target)
        self._removed[row["sourceassetid"]].append(audited_relationship(row))
        self._added[source].append(audited_relationship(moved))

    def delete(self, row: JsonObject) -> None:
        """Delete a relationship."""
        delete_relationship(self._connection, row["relationshipid"])
        self._removed[row["sourceassetid"]].append(audited_relationship(row))

    def restore(self, row: JsonObject) -> JsonObject:
        """Insert a relationship that an edit deleted, and return its row."""
        restored = restore_relationship(self._connection, row)
        self._added[row["sourceassetid"]].append(audited_relationship(restored))
        return restored

    def of_source(self, assetid: int) -> JsonObject:
        """Return the diff of one source; empty if its relationships are as they were."""
        added, removed = self._added[assetid], self._removed[assetid]
        return {RELATIONSHIPS: {"added": added, "removed": removed}} if added or removed else {}

    def record(
        self, editor: Editor, locked: Mapping[int, StoredAsset], at: datetime, *, without: Collection[int]
    ) -> list[int]:
        """Write an entry for each source, except those that have one of their own; return their ids."""
        changed = {source for rows in (self._added, self._removed) for source, each in rows.items() if each}
        sources = sorted(changed.difference(without))
        for source in sources:
            stored, diff = locked[source], self.of_source(source)
            action: Action = "related" if self._added[source] else "unrelated"
            record_edit(self._connection, editor, stored, stored, action=action, diff=diff, at=at)
        return sources


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
        record_edit(connection, editor, stored, stored, action="related", diff=diff, at=editor.clock())
