"""Retiring and restoring an asset: a retired one is in no list, search or report, and keeps its fields."""

from dataclasses import dataclass

from shopdb_core.assets import rows
from shopdb_core.assets.duplicates.findings import withdraw_listed
from shopdb_core.assets.duplicates.search import DuplicateSearch
from shopdb_core.audit.entries import was_submitted
from shopdb_core.edits.edit import (
    Editor,
    edited,
    lock_to_edit,
    record_edit,
    rewrite_dependents,
    state_change,
    write_dependents,
)
from shopdb_core.errors import Conflict
from shopdb_core.store import Connection
from shopdb_core.submissions.steps import secondary_identity
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class Retire:
    """The transaction that retires one asset; call it on a connection.

    `version` is that of the asset as the person read it; `None` retires any.
    """

    assetid: int
    reason: str
    editor: Editor
    version: int | None = None

    def __call__(self, connection: Connection) -> JsonObject:
        """Retire the asset, and return it with what changed.

        The findings about it are withdrawn, unless they are ignored. Raises `Conflict` if it is retired
        already, and what `lock_to_edit` raises.
        """
        stored = lock_to_edit(connection, self.assetid, self.version)
        if stored.state == "retired":
            raise Conflict(f"Asset {self.assetid} is retired already ({stored.reason}).")
        at = self.editor.clock()
        row = stored.edited(at, state="retired", reason=self.reason)
        changes = state_change(stored, row)
        record_edit(connection, self.editor, stored, row, action="retired", diff=changes, at=at)
        withdraw_listed(connection, self.assetid)
        collector = self.editor.collector(stored.assettype)
        attributes = rows.read_attributes(connection, self.assetid)
        rewrite_dependents(connection, collector, stored, attributes, None)
        return edited(connection, self.assetid, changes)


@dataclass(frozen=True, slots=True)
class Restore:
    """The transaction that makes one retired asset active again; call it on a connection.

    `version` is that of the asset as the person read it; `None` restores any.
    """

    assetid: int
    editor: Editor
    version: int | None = None

    def __call__(self, connection: Connection) -> JsonObject:
        """Restore the asset, and return it with what changed and what may be its duplicates.

        The plugin's rows are stored anew. Raises `Conflict` if it is not retired, and what `lock_to_edit`
        raises.
        """
        stored = lock_to_edit(connection, self.assetid, self.version)
        if stored.state != "retired":
            raise Conflict(f"Asset {self.assetid} is not retired.")
        at = self.editor.clock()
        row = stored.edited(at, state="active", reason=None)
        changes = state_change(stored, row)
        record_edit(connection, self.editor, stored, row, action="restored", diff=changes, at=at)
        collector = self.editor.collector(stored.assettype)
        warnings: list[str] = []
        if collector is not None and was_submitted(connection, stored):
            attributes = rows.read_attributes(connection, self.assetid)
            write_dependents(connection, collector, self.assetid, None, attributes)
            secondary = secondary_identity(collector)
            search = DuplicateSearch(connection, collector.name, collector.identityfield, secondary, at)
            warnings += search.of_edited(self.assetid, stored.identitykey, secondary.of(attributes))
        return edited(connection, self.assetid, changes, warnings)
