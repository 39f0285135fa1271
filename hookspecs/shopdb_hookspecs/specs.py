"""The hooks, one function each; a plugin implements those that it needs.

ShopDB calls all but the last for one plugin at a time: with its implementation, and with the wrappers
(`@hookimpl(wrapper=True)`) of all plugins, so that a site's own plugin can adjust the others. It calls
`asset_changed` for every active plugin. An implementation may omit arguments that it does not use.

The examples together are one plugin, `rooms`. Each imports `hookimpl` from `shopdb_hookspecs`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shopdb_hookspecs.markers import hookspec
from shopdb_hookspecs.records import AssetChange, AssetWrite, JsonObject, Panel, Report

if TYPE_CHECKING:
    from sqlalchemy import Connection


@hookspec(firstresult=True)
def get_collector_schema() -> JsonObject | None:
    """Return the declaration of the plugin's collector; called once, at start.

    `None` means that the plugin has no collector. A declaration is a JSON object with these keys:

    - `identityfield` (str, required): the field that identifies an asset. It is a key of `fields`, and its
      type is `string`.
    - `fields` (object, required): the JSON Schema (Draft 2020-12, a closed set of keywords) of each field
      by its name, which is a lower-case letter, then lower-case letters, digits and underscores.
      `"x-volatile": true` in a field's schema marks a field that changes in nearly every submission.
    - `required` (list of str): further fields that every submission must have. Other fields are optional,
      and `null` clears them.
    - `secondaryidentity` (str or list of str): a field of type `string` that indicates, but does not decide,
      that two assets are one device; or several, strongest first, each a field or `field/member` for a list
      of objects.
    - `additionalfields` (`"warn"` or `"reject"`): whether an undeclared field is dropped with a warning (the
      default) or the submission is refused.
    - `$defs` (object): subschemas by name, for `$ref` in `fields`.
    - `x-label` (str): what people call one asset, a singular noun.
    - `x-columns` (list of str): the fields that a list of assets shows first.
    - `x-software` (object): the names of the plugin's reports about installed programs, by their roles.

    A faulty declaration quarantines the plugin. Example::

        @hookimpl
        def get_collector_schema():
            return {
                "identityfield": "number",
                "required": ["building"],
                "fields": {
                    "number": {"type": "string", "maxLength": 20},
                    "building": {"type": "string", "maxLength": 100},
                    "seats": {"type": "integer", "minimum": 0},
                },
            }
    """


@hookspec(firstresult=True)
def get_example_submissions() -> Sequence[JsonObject]:
    """Return valid submissions, which `GET /api/collector/_schemas` shows; called once, at start.

    Example::

        @hookimpl
        def get_example_submissions():
            return [{"number": "3.17", "building": "Hall 3", "seats": 12}]
    """
    return ()


@hookspec(firstresult=True)
def normalize_submission(submission: JsonObject, plugin: str) -> JsonObject:
    """Return one submission in canonical form; called for each one, before validation.

    The implementation must be pure and idempotent: ShopDB may skip the call for a body that changed nothing
    before. `submission` is trimmed but not validated, so return a value of an unexpected type unchanged.
    `plugin` is the name of the plugin whose submission it is, for wrappers. An exception refuses the
    submission. Example::

        @hookimpl
        def normalize_submission(submission):
            building = submission.get("building")
            if not isinstance(building, str):
                return submission
            return {**submission, "building": building.title()}
    """
    return submission


@hookspec(firstresult=True)
def get_migrations() -> Path | str | None:
    """Return the directory of the plugin's Alembic versions; called once, at start.

    `None` means that the plugin has no tables. The name of a table begins with the plugin's name and an
    underscore. `shopdb db upgrade` runs the versions. Example::

        from pathlib import Path

        @hookimpl
        def get_migrations():
            return Path(__file__).parent / "migrations"
    """


@hookspec(firstresult=True)
def store_asset(
    connection: "Connection",
    assetid: int,
    before: JsonObject | None,
    after: JsonObject,
    plugin: str,
) -> None:
    """Write the plugin's own tables, in the submission's transaction.

    Called after an asset of this plugin was created (`before` is `None`) or updated, never for a noop.
    `shopdb plugin rebuild` deletes the rows with an `assetid` and calls it with `before=None`.
    `before` and `after` are all fields of the asset. The caller commits; an exception rolls back and refuses
    the whole submission. `plugin` is the name of the asset's plugin, for wrappers. Example::

        from sqlalchemy import text

        @hookimpl
        def store_asset(connection, assetid, before, after):
            connection.execute(text("DELETE FROM rooms_room WHERE assetid = :id"), {"id": assetid})
            row = {"id": assetid, "seats": after.get("seats")}
            connection.execute(text("INSERT INTO rooms_room (assetid, seats) VALUES (:id, :seats)"), row)
    """


@hookspec(firstresult=True)
def store_assets(connection: "Connection", writes: Sequence[AssetWrite], plugin: str) -> None:
    """Write the plugin's own tables for several assets at once, in the transaction of their submissions.

    ShopDB calls this hook instead of `store_asset` if a plugin implements both, also for one asset, unless
    another plugin wraps its `store_asset`. `writes` has at least one item, and no asset twice. The rules of
    `store_asset` apply. After an exception ShopDB rolls back to where the hook was called, and calls it again
    for each asset alone, so that only the submissions at fault are refused. Example::

        from sqlalchemy import text

        @hookimpl
        def store_assets(connection, writes):
            rows = [{"id": each.assetid, "seats": each.after.get("seats")} for each in writes]
            connection.execute(text("DELETE FROM rooms_room WHERE assetid = :id"), rows)
            connection.execute(text("INSERT INTO rooms_room (assetid, seats) VALUES (:id, :seats)"), rows)
    """


@hookspec(firstresult=True)
def remove_asset(connection: "Connection", assetid: int, plugin: str) -> None:
    """Delete the rows of one asset from the plugin's own tables, in the transaction of the caller.

    Called when an asset is retired, merged into another one or erased, so that no report counts it; when it
    is restored, `store_asset` is called with `before=None`. Without this hook ShopDB deletes the rows with
    the `assetid` from every table of the plugin that has such a column. An exception rolls back and refuses
    the edit. `plugin` is the name of the asset's plugin, for wrappers. Example::

        from sqlalchemy import text

        @hookimpl
        def remove_asset(connection, assetid):
            connection.execute(text("DELETE FROM rooms_room WHERE assetid = :id"), {"id": assetid})
    """


@hookspec(firstresult=True)
def get_reports() -> Sequence[Report]:
    """Return named read-only queries, which are served as JSON and CSV; called once, at start.

    Example::

        from shopdb_hookspecs import Report
        from sqlalchemy import text

        def room_rows(connection):
            query = "SELECT assetid, seats FROM rooms_room ORDER BY assetid"
            return map(tuple, connection.execute(text(query)))

        @hookimpl
        def get_reports():
            return [Report("seats", "Seats of each room", ("assetid", "seats"), room_rows)]
    """
    return ()


@hookspec(firstresult=True)
def get_asset_panels() -> Sequence[Panel]:
    """Return parts of the page of an asset, which the console shows below its fields; called once, at start.

    An exception, in `data` or in the template, is logged, and a notice takes the place of the panel.

    Example::

        from pathlib import Path
        from shopdb_hookspecs import Panel

        def seat_data(attributes):
            seats = attributes.get("seats")
            return None if seats is None else {"seats": seats}

        @hookimpl
        def get_asset_panels():
            return [Panel("seats", "Seats", Path(__file__).parent / "seats.html", seat_data)]
    """
    return ()


@hookspec
def asset_changed(change: AssetChange) -> None:
    """Observe a created or updated asset of any plugin, after the commit: notify, index, count.

    Called for every active plugin, in the thread that answers the client, so a slow observer delays the
    answer. An exception is logged, and other observers are still called. Example::

        import logging

        @hookimpl
        def asset_changed(change):
            logging.getLogger(__name__).warning("%s %s", change.identityvalue, change.action)
    """
