"""Merging two assets that are one device: the kept asset takes what it lacks, and the other leads to it.

Attributes of the kept asset stay as they are. `Undo` keeps what undoing needs (`unmerging.py`).
"""

from dataclasses import dataclass
from datetime import datetime

from shopdb_core.assets.duplicates.findings import withdraw_all
from shopdb_core.assets.merge import diff
from shopdb_core.assets.merges import Undo, add_merge
from shopdb_core.assets.relationships import exists_relationship, relationships_of
from shopdb_core.assets.rows import StoredAsset, attributes_of, read_site_fields, write_site_fields
from shopdb_core.edits.edit import (
    Editor,
    check_to_edit,
    edited,
    record_edit,
    rewrite_dependents,
    site_fields_change,
    state_change,
)
from shopdb_core.edits.relating import RelationshipChanges, lock_with_sources
from shopdb_core.errors import Conflict
from shopdb_core.plugins.collector import Collector
from shopdb_core.store import Connection
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class Merging:
    """The transaction that merges the asset `gone` into the asset `kept`; call it on a connection.

    `version` is that of the kept asset as the person read it; `None` merges into any.
    """

    kept: int
    gone: int
    editor: Editor
    version: int | None = None

    def __call__(self, connection: Connection) -> JsonObject:
        """Merge, and return the kept asset, its `diff`, the `mergeid`, and `related`.

        The latter are the ids of other assets whose relationships changed. Raises `NotFound`, `Gone` for an
        erased asset, `Conflict` for one asset, for two types, and for an asset that was merged, and
        `PreconditionFailed`.
        """
        if self.kept == self.gone:
            raise Conflict(f"Asset {self.kept} cannot be merged with itself.")
        locked = lock_with_sources(connection, (self.kept, self.gone))
        kept = check_to_edit(self.kept, locked.get(self.kept), self.version)
        gone = check_to_edit(self.gone, locked.get(self.gone))
        if kept.assettype != gone.assettype:
            raise Conflict(
                f"Asset {self.kept} has the type {kept.assettype}, and asset {self.gone} the type "
                f"{gone.assettype}: only assets of one type can be merged."
            )
        at = self.editor.clock()
        changes = RelationshipChanges(connection)
        moved, dropped = self._move_relationships(connection, changes)
        taken = Takeover.of(connection, self.editor.collector(kept.assettype), kept, gone)
        self._write_gone(connection, gone, taken, changes, at)
        changed = taken.write(connection, self.editor, kept, changes, at)
        related = changes.record(self.editor, locked, at, without=(self.kept, self.gone))
        withdraw_all(connection, [self.gone])
        mergeid = add_merge(
            connection,
            assetid=self.kept,
            goneassetid=self.gone,
            at=at,
            actor=self.editor.origin.actor,
            undo=Undo(
                state=gone.state,
                identitykey=gone.identitykey.hex(),
                fields=taken.fields,
                sitefields=taken.sitefields,
                moved=moved,
                dropped=dropped,
            ),
        )
        merged = {"mergeid": mergeid, "goneassetid": self.gone, "related": related}
        return {**edited(connection, self.kept, changed), **merged}

    def _move_relationships(
        self, connection: Connection, changes: RelationshipChanges
    ) -> tuple[list[JsonObject], list[JsonObject]]:
        """Give the kept asset the relationships that it lacks, and delete the others; return both."""
        moved, dropped = [], []
        for row in relationships_of(connection, [self.gone]):
            after = with_ends(row, self.gone, self.kept)
            if after["sourceassetid"] == after["targetassetid"] or exists_relationship(connection, after):
                changes.delete(row)
                dropped.append(as_json(row))
            else:
                changes.move(row, after)
                moved.append(as_json(row))
        return moved, dropped

    def _write_gone(
        self,
        connection: Connection,
        gone: StoredAsset,
        taken: "Takeover",
        changes: RelationshipChanges,
        at: datetime,
    ) -> None:
        """Let the asset lead to the other; its fields stay, and no rows depend on them any more."""
        after = gone.edited(at, state="merged", mergedinto=self.kept)
        changed = {**state_change(gone, after), **changes.of_source(gone.assetid)}
        record_edit(connection, self.editor, gone, after, action="merged", diff=changed, at=at)
        rewrite_dependents(connection, taken.collector, gone, taken.gone, None)


@dataclass(frozen=True, slots=True)
class Takeover:
    """What the kept asset takes: the fields that it lacks and the other has.

    `attributes` are those of the kept asset before, `stored` its fields of people, and `gone` the attributes
    of the other; `collector` is `None` for assets that people create.
    """

    collector: Collector | None
    attributes: JsonObject
    stored: JsonObject
    gone: JsonObject
    fields: JsonObject
    sitefields: JsonObject

    @classmethod
    def of(
        cls, connection: Connection, collector: Collector | None, kept: StoredAsset, gone: StoredAsset
    ) -> "Takeover":
        """Read the fields of both assets, which are locked, and compare them."""
        assetids = [kept.assetid, gone.assetid]
        attributes, theirs = map(attributes_of(connection, assetids).__getitem__, assetids)
        stored, of_people = (read_site_fields(connection, each) for each in assetids)
        fields = lacking(collector, attributes, theirs)
        return cls(collector, attributes, stored, theirs, fields, lacking(None, stored, of_people))

    def write(
        self,
        connection: Connection,
        editor: Editor,
        kept: StoredAsset,
        changes: RelationshipChanges,
        at: datetime,
    ) -> JsonObject:
        """Write the kept asset with its audit entry, and return its diff."""
        attributes, sitefields = {**self.attributes, **self.fields}, {**self.stored, **self.sitefields}
        fields = field_changes(self.attributes, attributes, self.stored, sitefields)
        changed = {**fields, **changes.of_source(kept.assetid)}
        after = kept.edited(at)
        record_edit(
            connection, editor, kept, after, action="merged", diff=changed, at=at, attributes=attributes
        )
        if self.sitefields:
            write_site_fields(connection, kept.assetid, sitefields)
        rewrite_dependents(connection, self.collector, kept, self.attributes, attributes)
        return changed


def lacking(collector: Collector | None, kept: JsonObject, gone: JsonObject) -> JsonObject:
    """Return the fields of `gone` that `kept` lacks and that fit the declaration, without the identity."""
    missing = {name: value for name, value in gone.items() if name not in kept}
    if collector is None:
        return missing
    others = {name: value for name, value in missing.items() if name != collector.identityfield}
    return collector.fitting(others, frozenset())


def field_changes(
    before: JsonObject, after: JsonObject, stored: JsonObject, sitefields: JsonObject
) -> JsonObject:
    """Return the diff of an asset's attributes and of its fields of people."""
    return {**diff(before, after), **site_fields_change(stored, sitefields)}


def with_ends(row: JsonObject, one: int, other: int) -> JsonObject:
    """Return a relationship with the end `other` wherever it had the end `one`."""
    ends = ("sourceassetid", "targetassetid")
    return {**row, **{end: other for end in ends if row[end] == one}}


def as_json(row: JsonObject) -> JsonObject:
    """Return the row of a relationship as the record of a merge has it."""
    return {**row, "createdat": row["createdat"].isoformat()}
