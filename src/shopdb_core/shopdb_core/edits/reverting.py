"""Reverting an asset: its attributes become again what they were as of one of its audit entries."""

from collections.abc import Mapping
from dataclasses import dataclass

from shopdb_core.assets import rows
from shopdb_core.assets.merge import merge
from shopdb_core.audit.diffs import equal
from shopdb_core.audit.past import as_of_entry
from shopdb_core.edits.changing import Fields, write_change
from shopdb_core.edits.edit import Editor, lock_to_edit
from shopdb_core.plugins.collector import Collector
from shopdb_core.store import Connection
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class Revert:
    """The transaction that reverts one asset; call it on a connection.

    `version` is that of the asset as the person read it; `None` reverts any.
    """

    assetid: int
    version: int | None
    auditid: int
    editor: Editor

    def __call__(self, connection: Connection) -> JsonObject:
        """Give the asset the attributes as of the entry, and return it with what changed.

        It keeps its identity, and each field whose value of then does not fit the declaration of now; the
        warnings name these. Raises what `as_of_entry` and `lock_to_edit` raise, and `PluginFailure`.
        """
        stored = lock_to_edit(connection, self.assetid, self.version)
        attributes = rows.read_attributes(connection, self.assetid)
        past = as_of_entry(connection, self.assetid, self.auditid).attributes
        names = sorted({*attributes, *past})
        # The history does not keep the order of a list.
        changed: JsonObject = {
            name: past.get(name) for name in names if not equal(past.get(name), attributes.get(name))
        }
        kept: Mapping[str, str] = {}
        if collector := self.editor.collector(stored.assettype):
            changed = _canonical(collector, changed, stored.identityvalue)
            kept = _unfit(collector, changed)
        merged = merge(attributes, {name: value for name, value in changed.items() if name not in kept})
        warnings = tuple(
            f"{name}: {why} as of entry {self.auditid}; it was kept" for name, why in kept.items()
        )
        fields = Fields(stored.identityvalue, stored.identitykey, merged, warnings)
        return write_change(connection, self.editor, stored, attributes, fields)


def _canonical(collector: Collector, changed: JsonObject, identityvalue: str) -> JsonObject:
    """Return the values, but for the identity, in the plugin's form, which orders the items of a list."""
    normalized = collector.normalize({**changed, collector.identityfield: identityvalue})
    return {name: normalized.get(name) for name in changed if name != collector.identityfield}


def _unfit(collector: Collector, changed: JsonObject) -> dict[str, str]:
    """Return the fields that must not become what they were, and why."""
    fitting = collector.fitting({name: value for name, value in changed.items() if value is not None}, set())
    unfit = {}
    for name, value in changed.items():
        if value is None and name in collector.required:
            unfit[name] = "is required, and had no value"
        elif value is not None and name not in fitting:
            unfit[name] = "does not fit the declaration with its value"
    return unfit
