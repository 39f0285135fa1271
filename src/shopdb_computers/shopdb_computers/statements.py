"""The SQL statements that write installed software, for each kind of database.

A statement takes all programs as one JSON array, so that the number of statements does not grow with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import TextClause, text


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements for one kind of database.

    `softwareids` is a JSON array of numbers, `programs` one of [softwareid, name, version]. An existing row
    is not changed, since its key determines its content.
    """

    unknown_software: TextClause
    add_software: TextClause
    add_installations: TextClause
    remove_installations: TextClause


def statements_for(dialect: str) -> Statements:
    """Return the statements for the name of a SQLAlchemy dialect.

    Raises `NotImplementedError` for a database that this plugin cannot write to.
    """
    if dialect not in _STATEMENTS:
        known = ", ".join(_STATEMENTS)
        raise NotImplementedError(
            f"shopdb-computers cannot store software on {dialect}: set SHOPDB_DATABASE_URL to one of {known}."
        )
    return _STATEMENTS[dialect]


# Most programs are stored already: the look-up saves unpacking their names and locking their rows.
_SQLITE: Final = Statements(
    unknown_software=text("""
        SELECT value FROM json_each(:softwareids)
        WHERE value NOT IN (SELECT softwareid FROM computers_software)
    """),
    # Without WHERE true, SQLite parses ON CONFLICT as the ON of a join.
    add_software=text("""
        INSERT INTO computers_software (softwareid, name, version)
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
        FROM json_each(:programs) WHERE true
        ON CONFLICT (softwareid) DO NOTHING
    """),
    add_installations=text("""
        INSERT INTO computers_installation (bucket, softwareid, assetid)
        SELECT :bucket, value, :assetid FROM json_each(:softwareids) WHERE true
        ON CONFLICT (bucket, softwareid, assetid) DO NOTHING
    """),
    remove_installations=text("""
        DELETE FROM computers_installation
        WHERE bucket = :bucket AND assetid = :assetid
        AND softwareid IN (SELECT value FROM json_each(:softwareids))
    """),
)

_POSTGRESQL: Final = Statements(
    unknown_software=text("""
        SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:softwareids AS json))
        WHERE NOT EXISTS (SELECT FROM computers_software WHERE softwareid = CAST(value AS bigint))
    """),
    add_software=text("""
        INSERT INTO computers_software (softwareid, name, version)
        SELECT CAST(value ->> 0 AS bigint), value ->> 1, value ->> 2
        FROM json_array_elements(CAST(:programs AS json))
        ON CONFLICT (softwareid) DO NOTHING
    """),
    add_installations=text("""
        INSERT INTO computers_installation (bucket, softwareid, assetid)
        SELECT :bucket, CAST(value AS bigint), :assetid
        FROM json_array_elements_text(CAST(:softwareids AS json))
        ON CONFLICT (bucket, softwareid, assetid) DO NOTHING
    """),
    remove_installations=text("""
        DELETE FROM computers_installation
        WHERE bucket = :bucket AND assetid = :assetid AND softwareid IN (
            SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:softwareids AS json))
        )
    """),
)

_MYSQL: Final = Statements(
    unknown_software=text("""
        SELECT program.softwareid
        FROM JSON_TABLE(:softwareids, '$[*]' COLUMNS (softwareid BIGINT PATH '$')) AS program
        WHERE program.softwareid NOT IN (SELECT softwareid FROM computers_software)
    """),
    add_software=text("""
        INSERT INTO computers_software (softwareid, name, version)
        SELECT program.softwareid, program.name, program.version
        FROM JSON_TABLE(:programs, '$[*]' COLUMNS (
            softwareid BIGINT PATH '$[0]', name VARCHAR(400) PATH '$[1]', version VARCHAR(200) PATH '$[2]'
        )) AS program
        ON DUPLICATE KEY UPDATE softwareid = computers_software.softwareid
    """),
    add_installations=text("""
        INSERT INTO computers_installation (bucket, softwareid, assetid)
        SELECT :bucket, program.softwareid, :assetid
        FROM JSON_TABLE(:softwareids, '$[*]' COLUMNS (softwareid BIGINT PATH '$')) AS program
        ON DUPLICATE KEY UPDATE softwareid = computers_installation.softwareid
    """),
    # A DELETE with IN would read and lock every row of the bucket.
    remove_installations=text("""
        DELETE installation
        FROM JSON_TABLE(:softwareids, '$[*]' COLUMNS (softwareid BIGINT PATH '$')) AS program
        STRAIGHT_JOIN computers_installation AS installation
        ON installation.bucket = :bucket AND installation.softwareid = program.softwareid
        AND installation.assetid = :assetid
    """),
)

_STATEMENTS: Final[Mapping[str, Statements]] = {
    "sqlite": _SQLITE,
    "postgresql": _POSTGRESQL,
    "mysql": _MYSQL,
}
