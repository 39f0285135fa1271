"""Which tables a copy has, and why the others are left out: every table of the core is decided here.

A whole copy has every table of `metadata` that is not named below, so that a table that is added later is
copied, too. A copy as of a time has what follows from the audit entries.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlalchemy import Column, Connection, Float, Integer, Table

from shopdb_core.assets.plugin_tables import reflected_tables
from shopdb_core.store.tables import metadata

NOT_COPIED: Mapping[str, str] = MappingProxyType(
    {
        "migrationfailure": "what failed there has nothing to do with the migrations of the new database",
        "auditfeed": "a copy has a feed of its own, and cursors of the other one are refused",
        "auditposition": "entries get positions in the feed of the copy",
        "webhook": "it is how far a webhook is in the other feed",
    }
)
"""The tables of the core that a whole copy leaves out, and why."""

RESET: Mapping[str, Mapping[str, int]] = MappingProxyType({"auditpruning": {"deleted": 0}})
"""Columns that have a value of their own in a copy: nothing was deleted from its feed."""

FROM_ENTRIES: Sequence[str] = (
    "asset",
    "assetattributes",
    "assetsitefields",
    "assetevidence",
    "assetrelationship",
    "auditentry",
    "auditcheckpoint",
)
"""The tables that a copy as of a time has as they were: the audit, and what follows from it."""

AS_OF_TIME: Mapping[str, str] = MappingProxyType(
    {
        "assetsource": "those of assets that have not changed since; no entry has what each source gave",
        "assetmerge": "the merges until then; one that was undone since cannot be undone again",
        "audithead": "the heads until then",
        "auditpruning": "up to where the entries were examined that the copy has",
        "submissioncount": "the counts of the days before",
        "refusal": "what was refused until then, of what is kept",
        "appuser": "those of today: who may sign in, may look at the past",
        "programtoken": "those of today, likewise",
        "accessevent": "the events until then, of what is kept",
        "assetmark": "every asset, so that its words are indexed",
        "wordindex": "its one row",
    }
)
"""The tables of which a copy as of a time has the rows of then, and which these are."""

NOT_OF_THEN: Mapping[str, str] = MappingProxyType(
    {
        **NOT_COPIED,
        "assetduplicate": "findings are withdrawn without a trace",
        "evidencemove": "moves are kept for 30 days only",
        "serveddeclaration": "the declaration of then is not kept",
        "accesssession": "people sign in anew",
        "signinattempt": "what failed then does not block anybody",
        "assetword": "the assets are indexed anew",
        "backup": "none of these is of the copy",
    }
)
"""The tables of the core that a copy as of a time leaves empty, and why."""

_PLAIN = ("int", "str", "bytes", "float", "bool", "datetime", "date")


def core_tables() -> list[Table]:
    """Return the tables that a whole copy has, those that others refer to first."""
    return [table for table in metadata.sorted_tables if table.name not in NOT_COPIED]


def tables_of_plugins(connection: Connection, plugins: Sequence[str]) -> dict[str, Table]:
    """Return the tables of plugins as they are in a database, those that others refer to first."""
    found: dict[str, Table] = {}
    for plugin in plugins:
        tables = reflected_tables(connection, plugin)
        ordered = next((table.metadata.sorted_tables for table in tables.values()), [])
        found |= {table.name: table for table in ordered if table.name in tables}
    for table in found.values():
        for column in table.columns:
            if isinstance(column.type, Float):
                column.type.asdecimal = False  # the default on MySQL and MariaDB, which cuts digits off
    return found


def is_plain(table: Table) -> bool:
    """Return whether each column has a type of which every database returns the same values."""
    return all(_python_type(column) in _PLAIN for column in table.columns)


def _python_type(column: Column[object]) -> str:
    try:
        return column.type.python_type.__name__
    except NotImplementedError:  # a type that only one database has
        return ""


def numbering_column(table: Table) -> Column[int] | None:
    """Return the primary key if it is one integer, which the database may generate."""
    key = list(table.primary_key)
    return key[0] if len(key) == 1 and isinstance(key[0].type, Integer) else None
