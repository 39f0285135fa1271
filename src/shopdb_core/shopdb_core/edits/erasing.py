"""Erasing an asset: its data and diffs are deleted, its identity is free, and a tombstone stays in its chain.

The assets that were merged into it are erased with it: their data are its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shopdb_core.assets.duplicates.evidence import forget_evidence
from shopdb_core.assets.duplicates.findings import withdraw_all
from shopdb_core.assets.merges import all_merged_into, forget_undoing
from shopdb_core.assets.relationships import relationships_of
from shopdb_core.assets.rows import StoredAsset, read_attributes, write_site_fields
from shopdb_core.assets.sources import forget_sources
from shopdb_core.audit.erasing import EntriesToErase
from shopdb_core.edits.edit import (
    Editor,
    check_to_edit,
    delete_rows,
    record_edit,
    state_change,
    write_dependents,
)
from shopdb_core.edits.relating import RelationshipChanges, lock_with_sources
from shopdb_core.json_text import canonical_text
from shopdb_core.outcomes.records import erase_refusals
from shopdb_core.search.marking import forget_asset
from shopdb_core.store import Connection
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class Erasing:
    """The transaction that erases one asset, of this `version` if it is given; call it on a connection."""

    assetid: int
    editor: Editor
    version: int | None = None

    def __call__(self, connection: Connection) -> JsonObject:
        """Erase the asset, and return what went.

        `erased` has the ids of the assets, `entries` and `relationships` how many of them were deleted, and
        `related` the ids of other assets whose relationships were. Raises what `lock_to_edit` raises, and
        `Conflict` if the history of an asset does not verify.
        """
        locked, assetids = self._lock(connection)
        check_to_edit(self.assetid, locked.get(self.assetid), self.version)
        at = self.editor.clock()
        changes = RelationshipChanges(connection)
        relationships = relationships_of(connection, assetids)
        for row in relationships:
            changes.delete(row)
        entries = sum(self._erase(connection, locked[each], at) for each in assetids)
        related = changes.record(self.editor, locked, at, without=assetids)
        withdraw_all(connection, assetids)
        forget_undoing(connection, assetids)
        return {
            "assetid": self.assetid,
            "state": "erased",
            "erased": assetids,
            "entries": entries,
            "relationships": len(relationships),
            "related": related,
        }

    def _lock(self, connection: Connection) -> tuple[Mapping[int, StoredAsset], list[int]]:
        """Lock the asset, those that lead to it, and all that are related to them."""
        while True:
            assetids = sorted({self.assetid, *all_merged_into(connection, self.assetid)})
            locked = lock_with_sources(connection, assetids)
            # Another may have been merged into it before it was locked.
            if {*assetids}.issuperset(all_merged_into(connection, self.assetid)):
                return locked, assetids

    def _erase(self, connection: Connection, stored: StoredAsset, at: datetime) -> int:
        """Erase one asset, and return how many entries it had."""
        self._delete_rows(connection, stored)
        left = state_change(stored._replace(state="active", mergedinto=None, reason=None), stored)
        left = {name: change for name, change in left.items() if name != "@reason"}
        entries = EntriesToErase.read(connection, self.editor.chain, stored)
        before = stored._replace(reason=None)
        after = before.edited(at, state="erased", mergedinto=None)._replace(
            identityvalue="",
            identitykey=stored.freed_key,
            submissionhash=None,
            hassources=False,
        )
        diff = state_change(before, after)
        record_edit(connection, self.editor, before, after, action="erased", diff=diff, at=at, attributes={})
        entries.replace(connection, self.editor.chain, canonical_text(left))
        return entries.number

    def _delete_rows(self, connection: Connection, stored: StoredAsset) -> None:
        """Delete what other tables have of an asset; its relationships and findings are deleted together."""
        collector = self.editor.collector(stored.assettype)
        if collector is not None:
            write_dependents(
                connection, collector, stored.assetid, read_attributes(connection, stored.assetid), None
            )
        else:
            delete_rows(connection, stored.assettype, stored.assetid)  # of a plugin that was uninstalled
        forget_evidence(connection, stored.assetid)
        write_site_fields(connection, stored.assetid, {})
        forget_sources(connection, stored.assetid)
        forget_asset(connection, stored.assetid)
        erase_refusals(connection, stored.assettype, stored.identitykey)
