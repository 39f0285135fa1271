"""The statements that write installed software: one a step, whatever the number of programs.

Each takes its programs as one JSON parameter, which every database unfolds in its own words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import TextClause, text


@dataclass(frozen=True, slots=True)
class Statements:
    """What one kind of database is told.

    `programs` is a JSON object that maps each softwareid to [name, version]. A row that is there
    already stays, since its key says all that it holds.
    """

    add_software: TextClause
    add_installations: TextClause
    remove_installations: TextClause


def statements_for(dialect: str) -> Statements:
    """Choose the statements for a SQLAlchemy dialect name.

    Raises `NotImplementedError` for a database that this plugin cannot write to yet.
    """
    if dialect not in _STATEMENTS:
        known = ", ".join(_STATEMENTS)
        raise NotImplementedError(
            f"shopdb-computers cannot store software on {dialect}: set SHOPDB_DATABASE_URL to one of {known}."
        )
    return _STATEMENTS[dialect]


_SQLITE: Final = Statements(
    # Looking first spares taking name and version apart for the many programs that are known already.
    add_software=text("""
        INSERT INTO computers_software (softwareid, name, version)
        SELECT CAST(key AS INTEGER), json_extract(value, '$[0]'), json_extract(value, '$[1]')
        FROM json_each(:programs)
        WHERE CAST(key AS INTEGER) NOT IN (SELECT softwareid FROM computers_software)
    """),
    # WHERE true keeps SQLite from reading ON CONFLICT as the ON of a join.
    add_installations=text("""
        INSERT INTO computers_installation (bucket, softwareid, assetid)
        SELECT :bucket, CAST(key AS INTEGER), :assetid FROM json_each(:programs) WHERE true
        ON CONFLICT (bucket, softwareid, assetid) DO NOTHING
    """),
    remove_installations=text("""
        DELETE FROM computers_installation
        WHERE bucket = :bucket AND assetid = :assetid
        AND softwareid IN (SELECT CAST(key AS INTEGER) FROM json_each(:programs))
    """),
)

_STATEMENTS: Final[Mapping[str, Statements]] = {"sqlite": _SQLITE}
