"""The statements that write a printer's rows: one a step, whatever the number of supplies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import TextClause, text


@dataclass(frozen=True, slots=True)
class Statements:
    """What one kind of database is told.

    `supplies` is a JSON array of [position, name, colorant, levelpercent, levelstate], `positions` one
    of numbers.
    """

    put_device: TextClause
    put_supplies: TextClause
    remove_supplies: TextClause


def statements_for(dialect: str) -> Statements:
    """Choose the statements for a SQLAlchemy dialect name.

    Raises `NotImplementedError` for a database that this plugin cannot write to yet.
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
    # WHERE true keeps SQLite from reading ON CONFLICT as the ON of a join.
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

_STATEMENTS: Final[Mapping[str, Statements]] = {"sqlite": _SQLITE}
