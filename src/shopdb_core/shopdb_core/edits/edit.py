"""What every edit has in common: the asset is locked, its row written, and an audit entry chained to it.

An edit is a transaction: an object that is called on a connection. The caller commits, or rolls back for a
dry run. The rows that plugins and duplicates derive from an asset follow it by `write_dependents`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from shopdb_core.assets import rows
from shopdb_core.assets.listing import get_asset
from shopdb_core.assets.merge import diff
from shopdb_core.assets.plugin_tables import PluginTables
from shopdb_core.assets.rows import StoredAsset
from shopdb_core.audit.entries import (
    ROW_CHANGES,
    SITE_FIELD,
    Action,
    AuditChain,
    AuditEntry,
    has_dependents,
    previous_hash,
    record,
    row_hash,
)
from shopdb_core.clock import Clock, utc_now
from shopdb_core.edits.site_fields import NO_SITE_FIELDS, SiteFields
from shopdb_core.errors import Conflict, Gone, NotFound, PreconditionFailed, Unavailable
from shopdb_core.json_text import canonical_text
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import Plugins
from shopdb_core.search.marking import marks
from shopdb_core.store import Connection, run_all
from shopdb_core.submissions.result import Origin
from shopdb_core.submissions.steps import secondary_identity
from shopdb_hookspecs import AssetWrite, JsonObject


@dataclass(frozen=True, slots=True)
class Editor:
    """Who edits, and what edits need of the site; in its `zone` a date-time without an offset is read."""

    origin: Origin
    chain: AuditChain
    plugins: Plugins
    sitefields: SiteFields = NO_SITE_FIELDS
    zone: tzinfo = UTC
    clock: Clock = utc_now

    def collector(self, assettype: str) -> Collector | None:
        """Return the collector of a type of assets, `None` if people create them.

        Raises `Unavailable` if its plugin cannot be used now, so that its tables would not follow.
        """
        if not self.plugins.is_collected(assettype):
            return None
        try:
            return self.plugins.collector(assettype)
        except NotFound as error:
            raise Unavailable(
                f"The plugin {assettype} is not loaded, so that its tables would not follow the edit: "
                "let the site load it (SHOPDB_PLUGINS, SHOPDB_BLOCKED_PLUGINS)."
            ) from error


def lock(connection: Connection, assetid: int) -> StoredAsset:
    """Find and lock an asset in any state; raises `NotFound`."""
    stored = rows.lock_by_id(connection, assetid)
    if stored is None:
        raise NotFound(f"There is no asset {assetid}.")
    return stored


def lock_to_edit(connection: Connection, assetid: int, version: int | None = None) -> StoredAsset:
    """Find and lock an asset that is active or retired.

    Raises `NotFound`, `Gone` if it was erased, `Conflict` if it was merged, and `PreconditionFailed` if
    `version` is given and is not that of the asset.
    """
    return check_to_edit(assetid, rows.lock_by_id(connection, assetid), version)


def check_to_edit(assetid: int, stored: StoredAsset | None, version: int | None = None) -> StoredAsset:
    """Return an asset that was found and locked; raises as `lock_to_edit` does."""
    if stored is None:
        raise NotFound(f"There is no asset {assetid}.")
    if stored.state == "erased":
        raise Gone(f"Asset {assetid} was erased.")
    if stored.state == "merged":
        raise Conflict(
            f"Asset {assetid} was merged into asset {stored.mergedinto}: change that one, or undo the merge."
        )
    if version is not None and version != stored.version:
        raise PreconditionFailed(
            f"Asset {assetid} has version {stored.version}, not {version}: read it again, then change it."
        )
    return stored


def record_edit(
    connection: Connection,
    editor: Editor,
    before: StoredAsset,
    after: StoredAsset,
    *,
    action: Action,
    diff: JsonObject,
    at: datetime,
    attributes: JsonObject | None = None,
) -> int:
    """Write the row of a locked asset, its attributes if given, and the audit entry; return its auditid.

    The row may be the same before and after, as for a relationship.
    """
    entry = AuditEntry(
        at=at,
        plugin=None,
        action=action,
        assetid=after.assetid,
        identityvalue=after.identityvalue,
        diff=canonical_text(diff),
        volatileonly=False,
        actor=editor.origin.actor,
        clientaddress=editor.origin.clientaddress,
        requestid=editor.origin.requestid,
        rowhash=row_hash(after),
    )
    sealed = editor.chain.seal(entry, previous_hash(connection, before))
    is_same = after is before and attributes is None
    (auditid,) = record(connection, [sealed], then=[] if is_same else marks([after.assetid]))
    if is_same:
        rows.set_chainhash(connection, after.assetid, sealed.hash)
    else:
        rows.edit_asset(connection, after, sealed.hash, attributes)
    return auditid


def write_dependents(
    connection: Connection,
    collector: Collector,
    assetid: int,
    before: JsonObject | None,
    after: JsonObject | None,
) -> None:
    """Bring the secondary identity and the plugin's tables from the attributes `before` to those `after`.

    `None` stands for an asset that has no rows there: it is new, retired, merged or erased. The plugin gets
    the attributes that fit its declaration. Raises `PluginFailure`.
    """
    fields = {collector.identityfield}
    old = None if before is None else collector.fitting(before, fields)
    new = None if after is None else collector.fitting(after, fields)
    secondary = secondary_identity(collector)
    # A stored value keeps its row, also if it no longer fits.
    had = None if before is None else secondary.of(before)
    run_all(connection, secondary.replacing([(assetid, had, secondary.of(after or {}))]))
    if new is not None:
        collector.store(connection, [AssetWrite(assetid, old, new)])
    elif before is not None:
        remove_rows(connection, collector, assetid)


def rewrite_dependents(
    connection: Connection,
    collector: Collector | None,
    stored: StoredAsset,
    before: JsonObject | None,
    after: JsonObject | None,
) -> None:
    """Do what `write_dependents` does, if rows depend on the asset in this state."""
    if collector is not None and has_dependents(connection, stored):
        write_dependents(connection, collector, stored.assetid, before, after)


def remove_rows(connection: Connection, collector: Collector, assetid: int) -> None:
    """Delete the plugin's rows of an asset, as the plugin does it, or else by their `assetid`."""
    if collector.hooks.implements("remove_asset"):
        collector.remove(connection, assetid)
    elif collector.hooks.stores:
        delete_rows(connection, collector.name, assetid)


def delete_rows(connection: Connection, plugin: str, assetid: int) -> None:
    """Delete the rows of an asset from the plugin's tables by their `assetid`, without the plugin."""
    tables = PluginTables(connection, plugin)
    tables.delete(connection, assetid, tables.keys(connection, [assetid]).get(assetid, {}))


def edited(
    connection: Connection, assetid: int, changes: JsonObject, warnings: Sequence[str] = ()
) -> JsonObject:
    """Return the answer of an edit: the asset as the API shows it, what changed, and warnings."""
    return {**get_asset(connection, assetid), "diff": changes, "warnings": list(warnings)}


def state_change(before: StoredAsset, after: StoredAsset) -> JsonObject:
    """Return the diff of the columns of the row that people change."""
    return {
        name: {"before": getattr(before, column), "after": getattr(after, column)}
        for name, column in ROW_CHANGES.items()
        if getattr(before, column) != getattr(after, column)
    }


def site_fields_change(before: JsonObject, after: JsonObject) -> JsonObject:
    """Return the diff of the fields of people."""
    return {f"{SITE_FIELD}{name}": each for name, each in diff(before, after).items()}
