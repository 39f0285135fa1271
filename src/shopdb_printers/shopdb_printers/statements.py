"""The SQL statements that write a printer's rows, for each kind of database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import TextClause, text


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements for one kind of database; their number does not depend on the number of supplies.

    `supplies` is a JSON array of [position, name, colorant, levelpercent, levelstate], `positions` one
    of numbers.
    """

    put_device: TextClause
    put_supplies: TextClause
    remove_supplies: TextClause


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
    put_device=text("""
        INSERT INTO printers_device (assetid, model, location, pagecount, colorpagecount)
        VALUES (:assetid, :model, :location, :pagecount, :colorpagecount)
        ON CONFLICT (assetid) DO UPDATE SET
            model = excluded.model, location = excluded.location,
            pagecount = excluded.pagecount, colorpagecount = excluded.colorpagecount
    """),
    # Without WHERE true, SQLite parses ON CONFLICT as the ON of a join.
    put_supplies=text("""
        INSERT INTO printers_supply (assetid, position, name, colorant, levelpercent, levelstate)
        SELECT :assetid, json_extract(value, '$[0]'), json_extract(value, '$[1]'),
            json_extract(value, '$[2]'), json_extract(value, '$[3]'), json_extract(value, '$[4]')
        FROM json_each(:supplies) WHERE true
        ON CONFLICT (assetid, position) DO UPDATE SET
            name = excluded.name, colorant = excluded.colorant,
            levelpercent = excluded.levelpercent, levelstate = excluded.levelstate
    """),
    remove_supplies=text("""
        DELETE FROM printers_supply
        WHERE assetid = :assetid AND position IN (SELECT value FROM json_each(:positions))
    """),
)

_POSTGRESQL: Final = Statements(
    put_device=_SQLITE.put_device,
    put_supplies=text("""
        INSERT INTO printers_supply (assetid, position, name, colorant, levelpercent, levelstate)
        SELECT :assetid, CAST(value ->> 0 AS integer), value ->> 1, value ->> 2,
            CAST(value ->> 3 AS double precision), value ->> 4
        FROM json_array_elements(CAST(:supplies AS json))
        ON CONFLICT (assetid, position) DO UPDATE SET
            name = excluded.name, colorant = excluded.colorant,
            levelpercent = excluded.levelpercent, levelstate = excluded.levelstate
    """),
    remove_supplies=text("""
        DELETE FROM printers_supply WHERE assetid = :assetid AND position IN (
            SELECT CAST(value AS integer) FROM json_array_elements_text(CAST(:positions AS json))
        )
    """),
)

_MYSQL: Final = Statements(
    put_device=text("""
        INSERT INTO printers_device (assetid, model, location, pagecount, colorpagecount)
        VALUES (:assetid, :model, :location, :pagecount, :colorpagecount)
        ON DUPLICATE KEY UPDATE
            model = VALUES(model), location = VALUES(location),
            pagecount = VALUES(pagecount), colorpagecount = VALUES(colorpagecount)
    """),
    put_supplies=text("""
        INSERT INTO printers_supply (assetid, position, name, colorant, levelpercent, levelstate)
        SELECT :assetid, supply.position, supply.name, supply.colorant, supply.levelpercent, supply.levelstate
        FROM JSON_TABLE(:supplies, '$[*]' COLUMNS (
            position INT PATH '$[0]', name VARCHAR(255) PATH '$[1]', colorant VARCHAR(255) PATH '$[2]',
            levelpercent DOUBLE PATH '$[3]', levelstate VARCHAR(20) PATH '$[4]'
        )) AS supply
        ON DUPLICATE KEY UPDATE
            name = VALUES(name), colorant = VALUES(colorant),
            levelpercent = VALUES(levelpercent), levelstate = VALUES(levelstate)
    """),
    remove_supplies=text("""
        DELETE stored
        FROM JSON_TABLE(:positions, '$[*]' COLUMNS (position INT PATH '$')) AS gone
        STRAIGHT_JOIN printers_supply AS stored
        ON stored.assetid = :assetid AND stored.position = gone.position
    """),
)

_STATEMENTS: Final[Mapping[str, Statements]] = {
    "sqlite": _SQLITE,
    "postgresql": _POSTGRESQL,
    "mysql": _MYSQL,
}
