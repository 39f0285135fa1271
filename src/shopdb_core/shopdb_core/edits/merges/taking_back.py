"""What undoing a merge takes back from the kept asset: the fields and relationships that the merge gave it.

Merges into one asset can be undone in any order. So what a later merge would have given the kept asset, had
this one not been before it, it gives now, and its record has that from now on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shopdb_core.assets.merge import same
from shopdb_core.assets.merges import Merge, Undo, change_undo, find_merge, lock_merges_into, merge_of
from shopdb_core.assets.relationships import exists_relationship, relationships_of
from shopdb_core.assets.rows import StoredAsset, read_attributes, read_site_fields
from shopdb_core.edits.merges.merging import as_json, lacking, with_ends
from shopdb_core.edits.relating import RelationshipChanges
from shopdb_core.plugins.collector import Collector
from shopdb_core.store import Connection
from shopdb_hookspecs import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Fields:
    """The attributes of an asset, and its fields of people."""

    attributes: JsonObject
    sitefields: JsonObject

    @classmethod
    def of(cls, connection: Connection, assetid: int) -> "Fields":
        """Read those of one asset."""
        return cls(read_attributes(connection, assetid), read_site_fields(connection, assetid))


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Undoes what one merge did to its kept asset; `locked` has all assets whose relationships change.

    `undo` is that of the merge, `others` has what undoing the later merges into the kept asset needs, by the
    id of the asset that went, the oldest merge first.
    """

    connection: Connection
    merge: Merge
    undo: Undo
    others: dict[int, tuple[int, Undo]]
    locked: Mapping[int, StoredAsset]

    @classmethod
    def of(
        cls, connection: Connection, merge: Merge, undo: Undo, locked: Mapping[int, StoredAsset]
    ) -> "TakeBack":
        """Lock and read the later merges into the kept asset, which is locked."""
        found = lock_merges_into(connection, merge.assetid)
        others = {
            each.goneassetid: (each.mergeid, each.undo)
            for each in found
            if each.undo and each.mergeid > merge.mergeid
        }
        return cls(connection, merge, undo, others, locked)

    def fields(self, collector: Collector | None) -> tuple[Fields, Fields, list[Json]]:
        """Return the fields of the kept asset before and after, and the names of those that changed since."""
        before = Fields.of(self.connection, self.merge.assetid)
        attributes, changed = _without(before.attributes, self.undo.fields)
        sitefields, changed_by_people = _without(before.sitefields, self.undo.sitefields)
        for other, (mergeid, undo) in self.others.items():
            gone = Fields.of(self.connection, other)
            fields = _only(before.attributes, lacking(collector, attributes, gone.attributes))
            more = _only(before.sitefields, lacking(None, sitefields, gone.sitefields))
            if fields or more:
                attributes, sitefields = {**attributes, **fields}, {**sitefields, **more}
                filled, filled_by_people = {**undo.fields, **fields}, {**undo.sitefields, **more}
                self._change(other, mergeid, replace(undo, fields=filled, sitefields=filled_by_people))
        return before, Fields(attributes, sitefields), [*changed, *changed_by_people]

    def relationships(self, changes: RelationshipChanges) -> list[Json]:
        """Move relationships back and restore those that were deleted; return those that are lost.

        A relationship is lost if a person deleted it since, or if its other end was erased. If that end was
        merged, undoing that merge restores it.
        """
        kept, gone = self.merge.assetid, self.merge.goneassetid
        stored = {row["relationshipid"]: row for row in relationships_of(self.connection, [kept])}
        lost: list[Json] = []
        taken = []
        for record in self.undo.moved:
            row = stored.get(record["relationshipid"])
            end = "sourceassetid" if record["sourceassetid"] == gone else "targetassetid"
            if row is None or row[end] != kept or as_json(row)["createdat"] != record["createdat"]:
                if not self._gave_back(record, end):
                    lost.append(record)
            else:
                changes.move(row, {**row, end: gone})
                taken.append(row)
        for record in self.undo.dropped:
            if self._can_be(record):
                changes.restore(_as_row(record))
            elif not self._postponed(record):
                lost.append(record)
        self._replace_taken(taken, changes)
        return lost

    def _gave_back(self, record: JsonObject, end: str) -> bool:
        """Give a relationship its old end in the record of the merge that deleted it since, if one did.

        That is a merge of its other end: undoing it restores the relationship.
        """
        other = record["targetassetid" if end == "sourceassetid" else "sourceassetid"]
        deleted = {**record, end: self.merge.assetid}
        while (mergeid := merge_of(self.connection, other)) is not None:
            merge = find_merge(self.connection, mergeid, lock=True)
            dropped = merge.undo.dropped if merge.undo else ()
            found = [each for each in dropped if _is_same(each, deleted, end)]
            if merge.undo and found:
                kept = [each for each in dropped if each not in found]
                given = [{**each, end: self.merge.goneassetid} for each in found]
                self._change(merge.goneassetid, mergeid, replace(merge.undo, dropped=[*kept, *given]))
                return True
            other = merge.assetid
        return False

    def _can_be(self, record: JsonObject) -> bool:
        """Return whether both ends are there, and are not related already."""
        others = {record["sourceassetid"], record["targetassetid"]} - {self.merge.goneassetid}
        states = {self.locked[each].state if each in self.locked else "" for each in others}
        return states <= {"active", "retired"} and not exists_relationship(self.connection, record)

    def _postponed(self, record: JsonObject) -> bool:
        """Leave a relationship to the merge of its other end, if that was merged since."""
        for other in {record["sourceassetid"], record["targetassetid"]} - {self.merge.goneassetid}:
            if (mergeid := merge_of(self.connection, other)) is not None:
                merge = find_merge(self.connection, mergeid, lock=True)
                if merge.undo:
                    undo = replace(merge.undo, dropped=[*merge.undo.dropped, record])
                    self._change(other, mergeid, undo)
                    return True
        return False

    def _replace_taken(self, taken: list[JsonObject], changes: RelationshipChanges) -> None:
        """Give the kept asset the relationships of later merges that were second ones beside those taken."""
        kept, ends = self.merge.assetid, {_ends(row) for row in taken}
        for other, (mergeid, undo) in self.others.items():
            moved, left = [], []
            for record in undo.dropped:
                row = with_ends(record, other, kept)
                if _ends(row) in ends:
                    restored = changes.restore(_as_row(row))
                    moved.append({**record, "relationshipid": restored["relationshipid"]})
                    ends.remove(_ends(row))
                else:
                    left.append(record)
            if moved:
                self._change(other, mergeid, replace(undo, moved=[*undo.moved, *moved], dropped=left))

    def _change(self, gone: int, mergeid: int, undo: Undo) -> None:
        if gone in self.others:
            self.others[gone] = mergeid, undo
        change_undo(self.connection, mergeid, undo)


def _without(stored: JsonObject, filled: JsonObject) -> tuple[JsonObject, list[str]]:
    """Return the fields without those that still have the value of the merge, and the names of the others."""
    changed = [name for name, value in filled.items() if not same(stored.get(name), value)]
    back = filled.keys() - set(changed)
    return {name: value for name, value in stored.items() if name not in back}, changed


def _only(names: JsonObject, fields: JsonObject) -> JsonObject:
    return {name: value for name, value in fields.items() if name in names}


def _is_same(one: JsonObject, other: JsonObject, end: str) -> bool:
    """Return whether two records are of one relationship and have the same asset at one end."""
    return all(one[name] == other[name] for name in ("relationshipid", "createdat", end))


def _ends(row: JsonObject) -> tuple[int, int, str]:
    return row["sourceassetid"], row["targetassetid"], row["relationshiptype"]


def _as_row(record: JsonObject) -> JsonObject:
    """Return the row of a relationship that the record of a merge has."""
    return {**record, "createdat": datetime.fromisoformat(record["createdat"])}
