"""The SQL statements that write printers' rows, for each kind of database.

They run on the driver's cursor: SQLAlchemy's layers above it would take longer than the statements.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlalchemy import Connection

from shopdb_hookspecs import Json

Rows: TypeAlias = Sequence[tuple[Json, ...]]


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements for one kind of database; each takes many rows.

    Devices are rows of (assetid, model, location, pagecount, colorpagecount, needs), supplies of (assetid,
    position, name, colorant, levelpercent, levelstate, supplyclass, leftpercent), removed supplies of
    (assetid, position). With `executemany` a statement takes one row, and the driver runs it for many without
    a round trip for each; otherwise it takes all rows as one JSON array.
    """

    executemany: bool
    put_devices: str
    put_supplies: str
    remove_supplies: str
    delete_supplies: str
    delete_device: str


class Writer:
    """Runs the statements in the transaction of one connection; the caller commits.

    Concurrent transactions lock common rows in the order of their keys, so pass rows sorted. Raises the
    driver's own exceptions.
    """

    def __init__(self, connection: Connection) -> None:
        self._statements = statements_for(connection.dialect.name)
        self._cursor = connection.connection.cursor()

    def put_devices(self, devices: Rows) -> None:
        """Insert or replace devices."""
        self._run(self._statements.put_devices, devices)

    def put_supplies(self, supplies: Rows) -> None:
        """Insert or replace supplies."""
        self._run(self._statements.put_supplies, supplies)

    def remove_supplies(self, supplies: Rows) -> None:
        """Delete supplies."""
        self._run(self._statements.remove_supplies, supplies)

    def remove_printer(self, assetid: int) -> None:
        """Delete the supplies and the device of a printer."""
        self._cursor.execute(self._statements.delete_supplies, (assetid,))
        self._cursor.execute(self._statements.delete_device, (assetid,))

    def _run(self, statement: str, rows: Rows) -> None:
        if not rows:
            return
        if self._statements.executemany:
            self._cursor.executemany(statement, rows)
        else:
            self._cursor.execute(statement, (json.dumps(rows),))


def statements_for(dialect: str) -> Statements:
    """Return the statements for the name of a SQLAlchemy dialect.

    Raises `NotImplementedError` for a database that this plugin cannot write to.
    """
    if dialect not in _STATEMENTS:
        known = ", ".join(_STATEMENTS)
        raise NotImplementedError(
            f"shopdb-printers cannot store printers on {dialect}: set SHOPDB_DATABASE_URL to one of {known}."
        )
    return _STATEMENTS[dialect]


_SQLITE: Final = Statements(
    executemany=True,
    put_devices="""
        INSERT INTO printers_device (assetid, model, location, pagecount, colorpagecount, needs)
        VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (assetid) DO UPDATE SET
            model = excluded.model, location = excluded.location,
            pagecount = excluded.pagecount, colorpagecount = excluded.colorpagecount,
            needs = excluded.needs
    """,
    put_supplies="""
        INSERT INTO printers_supply
            (assetid, position, name, colorant, levelpercent, levelstate, supplyclass, leftpercent)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (assetid, position) DO UPDATE SET
            name = excluded.name, colorant = excluded.colorant,
            levelpercent = excluded.levelpercent, levelstate = excluded.levelstate,
            supplyclass = excluded.supplyclass, leftpercent = excluded.leftpercent
    """,
    remove_supplies="DELETE FROM printers_supply WHERE assetid = ? AND position = ?",
    delete_supplies="DELETE FROM printers_supply WHERE assetid = ?",
    delete_device="DELETE FROM printers_device WHERE assetid = ?",
)

_DELETE_SUPPLIES: Final = "DELETE FROM printers_supply WHERE assetid = %s"
_DELETE_DEVICE: Final = "DELETE FROM printers_device WHERE assetid = %s"

_POSTGRESQL: Final = Statements(
    executemany=False,
    put_devices="""
        INSERT INTO printers_device (assetid, model, location, pagecount, colorpagecount, needs)
        SELECT CAST(value ->> 0 AS bigint), value ->> 1, value ->> 2, CAST(value ->> 3 AS bigint),
            CAST(value ->> 4 AS bigint), value ->> 5
        FROM json_array_elements(CAST(%s AS json))
        ON CONFLICT (assetid) DO UPDATE SET
            model = excluded.model, location = excluded.location,
            pagecount = excluded.pagecount, colorpagecount = excluded.colorpagecount,
            needs = excluded.needs
    """,
    put_supplies="""
        INSERT INTO printers_supply
            (assetid, position, name, colorant, levelpercent, levelstate, supplyclass, leftpercent)
        SELECT CAST(value ->> 0 AS bigint), CAST(value ->> 1 AS integer), value ->> 2, value ->> 3,
            CAST(value ->> 4 AS double precision), value ->> 5, value ->> 6,
            CAST(value ->> 7 AS double precision)
        FROM json_array_elements(CAST(%s AS json))
        ON CONFLICT (assetid, position) DO UPDATE SET
            name = excluded.name, colorant = excluded.colorant,
            levelpercent = excluded.levelpercent, levelstate = excluded.levelstate,
            supplyclass = excluded.supplyclass, leftpercent = excluded.leftpercent
    """,
    remove_supplies="""
        DELETE FROM printers_supply WHERE (assetid, position) IN (
            SELECT CAST(value ->> 0 AS bigint), CAST(value ->> 1 AS integer)
            FROM json_array_elements(CAST(%s AS json))
        )
    """,
    delete_supplies=_DELETE_SUPPLIES,
    delete_device=_DELETE_DEVICE,
)

_MYSQL: Final = Statements(
    executemany=False,
    put_devices="""
        INSERT INTO printers_device (assetid, model, location, pagecount, colorpagecount, needs)
        SELECT device.assetid, device.model, device.location, device.pagecount, device.colorpagecount,
            device.needs
        FROM JSON_TABLE(%s, '$[*]' COLUMNS (
            assetid BIGINT PATH '$[0]', model VARCHAR(255) PATH '$[1]', location VARCHAR(255) PATH '$[2]',
            pagecount BIGINT PATH '$[3]', colorpagecount BIGINT PATH '$[4]', needs VARCHAR(100) PATH '$[5]'
        )) AS device
        ON DUPLICATE KEY UPDATE
            model = VALUES(model), location = VALUES(location),
            pagecount = VALUES(pagecount), colorpagecount = VALUES(colorpagecount),
            needs = VALUES(needs)
    """,
    put_supplies="""
        INSERT INTO printers_supply
            (assetid, position, name, colorant, levelpercent, levelstate, supplyclass, leftpercent)
        SELECT supply.assetid, supply.position, supply.name, supply.colorant, supply.levelpercent,
            supply.levelstate, supply.supplyclass, supply.leftpercent
        FROM JSON_TABLE(%s, '$[*]' COLUMNS (
            assetid BIGINT PATH '$[0]', position INT PATH '$[1]', name VARCHAR(255) PATH '$[2]',
            colorant VARCHAR(255) PATH '$[3]', levelpercent DOUBLE PATH '$[4]',
            levelstate VARCHAR(20) PATH '$[5]', supplyclass VARCHAR(30) PATH '$[6]',
            leftpercent DOUBLE PATH '$[7]'
        )) AS supply
        ON DUPLICATE KEY UPDATE
            name = VALUES(name), colorant = VALUES(colorant),
            levelpercent = VALUES(levelpercent), levelstate = VALUES(levelstate),
            supplyclass = VALUES(supplyclass), leftpercent = VALUES(leftpercent)
    """,
    # A DELETE with IN would read and lock every row.
    remove_supplies="""
        DELETE stored
        FROM JSON_TABLE(%s, '$[*]' COLUMNS (assetid BIGINT PATH '$[0]', position INT PATH '$[1]')) AS gone
        STRAIGHT_JOIN printers_supply AS stored
        ON stored.assetid = gone.assetid AND stored.position = gone.position
    """,
    delete_supplies=_DELETE_SUPPLIES,
    delete_device=_DELETE_DEVICE,
)

_STATEMENTS: Final[Mapping[str, Statements]] = {
    "sqlite": _SQLITE,
    "postgresql": _POSTGRESQL,
    "mysql": _MYSQL,
}
