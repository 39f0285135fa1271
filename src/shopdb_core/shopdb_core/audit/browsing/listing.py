"""The audit entries as the API shows them: those of the site, with filters, or the history of one asset."""

import orjson
from sqlalchemy import Connection, Select, and_, select

from shopdb_core.assets.merges import all_merged_into
from shopdb_core.audit.entries import ACTIONS, FIELDS
from shopdb_core.store.paging import Page, distinct_values, is_among, least_keys, read_rows, unindexed
from shopdb_core.store.tables import auditentry
from shopdb_hookspecs import JsonObject

_LISTED = select(auditentry.c.auditid, *(auditentry.c[name] for name in FIELDS if name != "rowhash"))


def list_history(connection: Connection, assetid: int, *, after: int, limit: int) -> list[JsonObject]:
    """Return up to `limit` entries of an asset with ids above `after`, oldest first.

    Those of the assets that were merged into it are among them.
    """
    found = _history_ids(connection, assetid, after, limit)
    query = _LISTED.where(is_among(auditentry.c.auditid, found)).order_by(auditentry.c.auditid)
    return [{**row, "diff": orjson.loads(row["diff"])} for row in connection.execute(query).mappings()]


def read_history(connection: Connection, assetid: int, *, after: int, limit: int) -> Page:
    """Return a page of the same list, in which each `diff` stays JSON text."""
    return _read(connection, _history_ids(connection, assetid, after, limit + 1), limit)


def read_page(
    connection: Connection,
    *,
    after: int,
    limit: int,
    plugin: str | None = None,
    action: str | None = None,
    assetid: int | None = None,
) -> Page:
    """Return a page of entries with ids above `after`, oldest first; `None` is not a filter.

    Each `diff` stays JSON text.
    """
    found = _first_ids(connection, after, limit + 1, plugin=plugin, action=action, assetid=assetid)
    return _read(connection, found, limit)


def _read(connection: Connection, found: Select[tuple[int]], limit: int) -> Page:
    key, diff = auditentry.c.auditid, auditentry.c.diff
    rows, more = read_rows(connection, _LISTED, key, diff, keys=found, limit=limit)
    return Page([{**row._mapping, "diff": orjson.Fragment(row.diff)} for row in rows], more)  # noqa: SLF001  # its public name


def _history_ids(connection: Connection, assetid: int, after: int, limit: int) -> Select[tuple[int]]:
    """Return the query of the first ids of an asset's history, `limit` at most."""
    key = auditentry.c.auditid
    assetids = [assetid, *all_merged_into(connection, assetid)]
    series = [and_(auditentry.c.assetid == one, key > after) for one in assetids]
    return least_keys(key, series, limit)


def _first_ids(
    connection: Connection,
    after: int,
    limit: int,
    *,
    plugin: str | None,
    action: str | None,
    assetid: int | None,
) -> Select[tuple[int]]:
    """Return the query of the first ids of a list, `limit` at most.

    The index of plugin and action has the ids in order for one of each; so every plugin is searched if none
    is given, and every action likewise.
    """
    column, later = auditentry.c, auditentry.c.auditid > after
    filters = {name: value for name, value in (("plugin", plugin), ("action", action)) if value is not None}
    if assetid is not None or not filters:
        of_asset = () if assetid is None else (column.assetid == assetid,)
        others = (unindexed(column[name]) == value for name, value in filters.items())
        return least_keys(column.auditid, [and_(later, *of_asset, *others)], limit)
    plugins = [*distinct_values(connection, column.plugin), None] if plugin is None else [plugin]
    actions = ACTIONS if action is None else [action]
    series = [
        and_(column.plugin == one, column.action == other, later) for one in plugins for other in actions
    ]
    return least_keys(column.auditid, series, limit)
