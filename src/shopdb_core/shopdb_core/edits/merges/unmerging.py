"""Undoing a merge, and releasing the identity of the asset that went.

Both assets get back what the merge changed. What submissions and people changed since stays with the kept
asset, and the answer names it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from shopdb_core.assets.listing import get_asset
from shopdb_core.assets.merges import Merge, Undo, close_merge, find_merge, get_merge, merge_of
from shopdb_core.assets.rows import FREED, StoredAsset, lock_assets, read_attributes, write_site_fields
from shopdb_core.edits.edit import Editor, record_edit, rewrite_dependents, state_change
from shopdb_core.edits.merges.merging import field_changes
from shopdb_core.edits.merges.taking_back import TakeBack
from shopdb_core.edits.relating import RelationshipChanges, lock_with_sources
from shopdb_core.errors import Conflict
from shopdb_core.plugins.collector import Collector
from shopdb_core.store import Connection
from shopdb_core.submissions.steps import secondary_identity
from shopdb_hookspecs import Json, JsonObject


@dataclass(frozen=True, slots=True)
class _Found:
    """A merge in force and its two assets, which are locked like all whose relationships undoing changes."""

    merge: Merge
    undo: Undo
    kept: StoredAsset
    gone: StoredAsset
    locked: Mapping[int, StoredAsset]
    at: datetime

    @classmethod
    def lock(cls, connection: Connection, mergeid: int, at: datetime) -> "_Found":
        """Lock what belongs to a merge; raises `NotFound`, and `Conflict` if it is not in force."""
        locked = lock_with_sources(connection, _assets_of(find_merge(connection, mergeid)))
        merge = find_merge(connection, mergeid, lock=True)
        # Undoing another merge may have left relationships to this one before it was locked.
        if more := _assets_of(merge) - locked.keys():
            locked |= lock_with_sources(connection, more)
        kept, gone = locked[merge.assetid], locked[merge.goneassetid]
        if merge.undoneat is not None:
            raise Conflict(f"Merge {mergeid} was undone at {merge.undoneat.isoformat()}.")
        if merge.undo is None or "erased" in (kept.state, gone.state):
            raise Conflict(f"Merge {mergeid} cannot be changed: asset {gone.assetid} was erased since.")
        return cls(merge, merge.undo, kept, gone, locked, at)


def _assets_of(merge: Merge) -> set[int]:
    """Return the ids of both assets, and of the ends of the relationships that undoing restores."""
    dropped = merge.undo.dropped if merge.undo else ()
    ends = {row[end] for row in dropped for end in ("sourceassetid", "targetassetid")}
    return {merge.assetid, merge.goneassetid, *ends}


@dataclass(frozen=True, slots=True)
class Unmerging:
    """The transaction that undoes a merge; call it on a connection."""

    mergeid: int
    editor: Editor

    def __call__(self, connection: Connection) -> JsonObject:
        """Undo the merge, and return it with both assets and what stays with the kept one.

        `kept` are the fields that the merge filled and that changed since, `lost` the relationships that
        cannot be given back. Raises `NotFound`, and `Conflict` if the merge was undone, if its kept asset was
        merged or erased since, or if the identity belongs to another asset now.
        """
        found = _Found.lock(connection, self.mergeid, self.editor.clock())
        if found.kept.state == "merged":
            raise Conflict(
                f"Asset {found.kept.assetid} was merged into asset {found.kept.mergedinto} since: undo merge "
                f"{merge_of(connection, found.kept.assetid)} first."
            )
        collector = self.editor.collector(found.gone.assettype)
        gone = self._restored(connection, found)
        changes = RelationshipChanges(connection)
        back = TakeBack.of(connection, found.merge, found.undo, found.locked)
        lost = back.relationships(changes)
        diff, stays = self._write_kept(connection, found, back, collector, changes)
        self._write_gone(connection, found, gone, collector, changes)
        changes.record(self.editor, found.locked, found.at, without=(gone.assetid, found.kept.assetid))
        close_merge(connection, self.mergeid, found.at, self.editor.origin.actor)
        return {
            **get_merge(connection, self.mergeid),
            "asset": get_asset(connection, found.kept.assetid),
            "gone": get_asset(connection, gone.assetid),
            "diff": diff,
            "kept": stays,
            "lost": lost,
            "warnings": [*_shared(connection, collector, gone)],
        }

    def _restored(self, connection: Connection, found: _Found) -> StoredAsset:
        """Return the row of the asset as it was before the merge; raises `Conflict` for its identity."""
        gone, key = found.gone, bytes.fromhex(found.undo.identitykey)
        if gone.identitykey != key and (other := lock_assets(connection, gone.assettype, [key]).get(key)):
            raise Conflict(
                f"The identity {gone.identityvalue} belongs to asset {other.assetid} since merge "
                f"{self.mergeid} released it: erase or rename that asset first."
            )
        return gone.edited(found.at, state=found.undo.state, mergedinto=None, identitykey=key)

    def _write_gone(
        self,
        connection: Connection,
        found: _Found,
        after: StoredAsset,
        collector: Collector | None,
        changes: RelationshipChanges,
    ) -> None:
        diff = {**state_change(found.gone, after), **changes.of_source(after.assetid)}
        record_edit(connection, self.editor, found.gone, after, action="unmerged", diff=diff, at=found.at)
        attributes = read_attributes(connection, after.assetid)
        rewrite_dependents(connection, collector, after, None, attributes)

    def _write_kept(
        self,
        connection: Connection,
        found: _Found,
        back: TakeBack,
        collector: Collector | None,
        changes: RelationshipChanges,
    ) -> tuple[JsonObject, list[Json]]:
        """Write the kept asset without what the merge gave it; return the diff, and what changed since."""
        before, after, changed = back.fields(collector)
        fields = field_changes(before.attributes, after.attributes, before.sitefields, after.sitefields)
        diff = {**fields, **changes.of_source(found.kept.assetid)}
        kept, attributes = found.kept.edited(found.at), after.attributes
        record_edit(
            connection,
            self.editor,
            found.kept,
            kept,
            action="unmerged",
            diff=diff,
            at=found.at,
            attributes=attributes,
        )
        write_site_fields(connection, kept.assetid, after.sitefields)
        rewrite_dependents(connection, collector, kept, before.attributes, attributes)
        return diff, changed


@dataclass(frozen=True, slots=True)
class Releasing:
    """The transaction that frees the identity of a merged asset; call it on a connection."""

    mergeid: int
    editor: Editor

    def __call__(self, connection: Connection) -> JsonObject:
        """Free the identity, so that its next submission creates an asset, and return the merge.

        Raises `NotFound`, and `Conflict` if the merge was undone or has released the identity already.
        """
        found = _Found.lock(connection, self.mergeid, self.editor.clock())
        gone = found.gone
        if gone.identitykey.startswith(FREED):
            raise Conflict(f"Merge {self.mergeid} has released the identity {gone.identityvalue} already.")
        released = gone.edited(found.at, identitykey=gone.freed_key)
        record_edit(connection, self.editor, gone, released, action="renamed", diff={}, at=found.at)
        return get_merge(connection, self.mergeid)


def _shared(connection: Connection, collector: Collector | None, gone: StoredAsset) -> Iterator[str]:
    """Yield a warning for each other asset that has the secondary identity of the one that is back."""
    if collector is None:
        return
    secondary = secondary_identity(collector)
    evidence = secondary.of(read_attributes(connection, gone.assetid))
    for (kind, _), holders in secondary.find(connection, evidence, evidence, of=gone.assetid).holders.items():
        for assetid, identityvalue in holders:
            yield f"{kind}: also on {identityvalue} (asset {assetid})"
