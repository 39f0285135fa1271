"""The SQL statements that write installed software, for each kind of database; `Writer` runs them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.engine.interfaces import DBAPICursor

from shopdb_computers.programs.sending import Execution, as_one_text, in_pipeline, one_by_one


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements for one kind of database; each takes many rows.

    Programs are rows of (softwareid, name, version, day). An existing one is not changed, since its key
    determines its content. Inventories are (computerid, softwareids), marks have a day more. Changes of
    counts are (block, softwareid, change), programs that may have vanished (day, softwareid). To save a round
    trip, `read_inventories` returns one more row, with the number of uncounted computers and the oldest mark.
    With `executemany` a statement takes one row, and the driver runs it for many without a round trip for
    each; otherwise it takes all rows as one JSON array, with bytes as hexadecimal digits. `send` executes
    several statements, in one round trip if the driver can.
    """

    executemany: bool
    send: Callable[[DBAPICursor, Sequence[Execution]], None]
    read_inventories: str
    lock_uncounted: str
    unknown_software: str
    add_software: str
    put_inventories: str
    remove_inventories: str
    mark_uncounted: str
    remove_uncounted: str
    change_counts: str
    note_vanished: str
    has_inventories: str
    read_block: str
    missing_totals: str = """
        SELECT softwareid, SUM(CASE WHEN block < 0 THEN -computers ELSE computers END) AS missing
        FROM computers_count GROUP BY softwareid
        HAVING SUM(CASE WHEN block < 0 THEN -computers ELSE computers END) <> 0 ORDER BY softwareid
    """


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


_LOCK_UNCOUNTED: Final = "SELECT computerid, softwareids, markedon FROM computers_uncounted"
_HAS_INVENTORIES: Final = "SELECT 1 FROM computers_inventory WHERE computerid BETWEEN {0} AND {0} LIMIT 1"

# One statement sees one moment, even where others commit between two statements.
_READ_BLOCK: Final = """
    SELECT NULL, softwareid, computers FROM computers_count WHERE block = {0}
    UNION ALL SELECT softwareids, NULL, NULL FROM computers_uncounted WHERE computerid BETWEEN {0} AND {0}
    UNION ALL SELECT softwareids, NULL, NULL FROM computers_inventory
    WHERE computerid BETWEEN {0} AND {0} AND computerid NOT IN (SELECT computerid FROM computers_uncounted)
"""

_SQLITE: Final = Statements(
    executemany=True,
    send=one_by_one,
    read_inventories="""
        SELECT computerid, softwareids, NULL FROM computers_inventory
        WHERE computerid IN (SELECT value FROM json_each(?))
        UNION ALL SELECT count(*), NULL, min(markedon) FROM computers_uncounted
    """,
    lock_uncounted=_LOCK_UNCOUNTED,
    # Most programs are stored already, and a look-up takes half the time of an INSERT that does nothing.
    unknown_software="""
        SELECT value FROM json_each(?) WHERE value NOT IN (SELECT softwareid FROM computers_software)
    """,
    add_software="""
        INSERT INTO computers_software (softwareid, name, version, appearedon) VALUES (?, ?, ?, ?)
        ON CONFLICT (softwareid) DO NOTHING
    """,
    put_inventories="""
        INSERT INTO computers_inventory (computerid, softwareids) VALUES (?, ?)
        ON CONFLICT (computerid) DO UPDATE SET softwareids = excluded.softwareids
    """,
    remove_inventories="DELETE FROM computers_inventory WHERE computerid = ?",
    mark_uncounted="""
        INSERT INTO computers_uncounted (computerid, softwareids, markedon) VALUES (?, ?, ?)
        ON CONFLICT (computerid) DO NOTHING
    """,
    remove_uncounted="DELETE FROM computers_uncounted WHERE computerid = ?",
    change_counts="""
        INSERT INTO computers_count (block, softwareid, computers) VALUES (?, ?, ?)
        ON CONFLICT (block, softwareid) DO UPDATE SET computers = computers + excluded.computers
    """,
    note_vanished="""
        UPDATE computers_software AS stored SET vanishedon = ? WHERE softwareid = ? AND EXISTS (
            SELECT 1 FROM computers_count
            WHERE block = -1 AND softwareid = stored.softwareid AND computers <= 0
        )
    """,
    has_inventories=_HAS_INVENTORIES.format("?"),
    read_block=_READ_BLOCK.format("?"),
)

# Most programs are stored already: without the look-up, each would be written and its row locked.
_POSTGRESQL: Final = Statements(
    executemany=False,
    send=in_pipeline,
    read_inventories="""
        SELECT computerid, softwareids, NULL FROM computers_inventory
        WHERE computerid IN (SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(%s AS json)))
        UNION ALL SELECT count(*), NULL, min(markedon) FROM computers_uncounted
    """,
    lock_uncounted=f"{_LOCK_UNCOUNTED} FOR UPDATE SKIP LOCKED",
    unknown_software="",
    add_software="""
        INSERT INTO computers_software (softwareid, name, version, appearedon)
        SELECT CAST(value ->> 0 AS bigint), value ->> 1, value ->> 2, CAST(value ->> 3 AS date)
        FROM json_array_elements(CAST(%s AS json))
        WHERE NOT EXISTS (SELECT FROM computers_software WHERE softwareid = CAST(value ->> 0 AS bigint))
        ON CONFLICT (softwareid) DO NOTHING
    """,
    put_inventories="""
        INSERT INTO computers_inventory (computerid, softwareids)
        SELECT CAST(value ->> 0 AS bigint), decode(value ->> 1, 'hex')
        FROM json_array_elements(CAST(%s AS json))
        ON CONFLICT (computerid) DO UPDATE SET softwareids = excluded.softwareids
    """,
    remove_inventories="""
        DELETE FROM computers_inventory WHERE computerid IN (
            SELECT CAST(value ->> 0 AS bigint) FROM json_array_elements(CAST(%s AS json))
        )
    """,
    # DO NOTHING would not wait for a transaction that is about to remove the mark.
    mark_uncounted="""
        INSERT INTO computers_uncounted AS stored (computerid, softwareids, markedon)
        SELECT CAST(value ->> 0 AS bigint), decode(value ->> 1, 'hex'), CAST(value ->> 2 AS date)
        FROM json_array_elements(CAST(%s AS json))
        ON CONFLICT (computerid) DO UPDATE SET softwareids = stored.softwareids
    """,
    remove_uncounted="""
        DELETE FROM computers_uncounted WHERE computerid IN (
            SELECT CAST(value ->> 0 AS bigint) FROM json_array_elements(CAST(%s AS json))
        )
    """,
    change_counts="""
        INSERT INTO computers_count AS stored (block, softwareid, computers)
        SELECT CAST(value ->> 0 AS bigint), CAST(value ->> 1 AS bigint), CAST(value ->> 2 AS integer)
        FROM json_array_elements(CAST(%s AS json))
        ON CONFLICT (block, softwareid) DO UPDATE SET computers = stored.computers + excluded.computers
    """,
    note_vanished="""
        UPDATE computers_software AS stored SET vanishedon = CAST(value ->> 0 AS date)
        FROM json_array_elements(CAST(%s AS json)) JOIN computers_count AS total
        ON total.block = -1 AND total.softwareid = CAST(value ->> 1 AS bigint) AND total.computers <= 0
        WHERE stored.softwareid = total.softwareid
    """,
    has_inventories=_HAS_INVENTORIES.format("%s"),
    read_block=_READ_BLOCK.format("%s"),
)

_MYSQL: Final = Statements(
    executemany=False,
    send=as_one_text,
    read_inventories="""
        SELECT stored.computerid, stored.softwareids, NULL
        FROM JSON_TABLE(%s, '$[*]' COLUMNS (computerid BIGINT PATH '$')) AS wanted
        STRAIGHT_JOIN computers_inventory AS stored ON stored.computerid = wanted.computerid
        UNION ALL SELECT count(*), NULL, min(markedon) FROM computers_uncounted
    """,
    lock_uncounted=f"{_LOCK_UNCOUNTED} FOR UPDATE SKIP LOCKED",
    unknown_software="",
    add_software="""
        INSERT INTO computers_software (softwareid, name, version, appearedon)
        SELECT program.softwareid, program.name, program.version, program.appearedon
        FROM JSON_TABLE(%s, '$[*]' COLUMNS (
            softwareid BIGINT PATH '$[0]', name VARCHAR(400) PATH '$[1]', version VARCHAR(200) PATH '$[2]',
            appearedon DATE PATH '$[3]'
        )) AS program
        WHERE program.softwareid NOT IN (SELECT softwareid FROM computers_software)
        ON DUPLICATE KEY UPDATE softwareid = computers_software.softwareid
    """,
    put_inventories="""
        INSERT INTO computers_inventory (computerid, softwareids)
        SELECT given.computerid, UNHEX(given.softwareids)
        FROM JSON_TABLE(%s, '$[*]' COLUMNS (
            computerid BIGINT PATH '$[0]', softwareids LONGTEXT PATH '$[1]'
        )) AS given
        ON DUPLICATE KEY UPDATE softwareids = VALUES(softwareids)
    """,
    mark_uncounted="""
        INSERT INTO computers_uncounted (computerid, softwareids, markedon)
        SELECT given.computerid, UNHEX(given.softwareids), given.markedon
        FROM JSON_TABLE(%s, '$[*]' COLUMNS (
            computerid BIGINT PATH '$[0]', softwareids LONGTEXT PATH '$[1]', markedon DATE PATH '$[2]'
        )) AS given
        ON DUPLICATE KEY UPDATE softwareids = computers_uncounted.softwareids
    """,
    # A DELETE with IN would read and lock every row, here and below.
    remove_inventories="""
        DELETE stored
        FROM JSON_TABLE(%s, '$[*]' COLUMNS (computerid BIGINT PATH '$[0]')) AS gone
        STRAIGHT_JOIN computers_inventory AS stored ON stored.computerid = gone.computerid
    """,
    remove_uncounted="""
        DELETE stored
        FROM JSON_TABLE(%s, '$[*]' COLUMNS (computerid BIGINT PATH '$[0]')) AS gone
        STRAIGHT_JOIN computers_uncounted AS stored ON stored.computerid = gone.computerid
    """,
    change_counts="""
        INSERT INTO computers_count (block, softwareid, computers)
        SELECT given.block, given.softwareid, given.computers
        FROM JSON_TABLE(%s, '$[*]' COLUMNS (
            block BIGINT PATH '$[0]', softwareid BIGINT PATH '$[1]', computers INT PATH '$[2]'
        )) AS given
        ON DUPLICATE KEY UPDATE computers = computers_count.computers + VALUES(computers)
    """,
    note_vanished="""
        UPDATE JSON_TABLE(%s, '$[*]' COLUMNS (
            vanishedon DATE PATH '$[0]', softwareid BIGINT PATH '$[1]'
        )) AS lost
        STRAIGHT_JOIN computers_count AS total
        ON total.block = -1 AND total.softwareid = lost.softwareid AND total.computers <= 0
        STRAIGHT_JOIN computers_software AS stored ON stored.softwareid = total.softwareid
        SET stored.vanishedon = lost.vanishedon
    """,
    has_inventories=_HAS_INVENTORIES.format("%s"),
    read_block=_READ_BLOCK.format("%s"),
)

_STATEMENTS: Final[Mapping[str, Statements]] = {
    "sqlite": _SQLITE,
    "postgresql": _POSTGRESQL,
    "mysql": _MYSQL,
}
