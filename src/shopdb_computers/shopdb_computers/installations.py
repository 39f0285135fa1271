"""Which programs a computer has: the difference that a submission makes, written."""

import json
from collections.abc import Iterable

from sqlalchemy import Connection

from shopdb_computers.programs import Program
from shopdb_computers.statements import Statements, statements_for
from shopdb_computers.tables import bucket_of, softwareid
from shopdb_hookspecs import Json, JsonObject


def store_programs(
    connection: Connection, assetid: int, before: JsonObject | None, after: JsonObject
) -> None:
    """Write which programs were added and removed, in the caller's transaction; the caller commits.

    Programs that no computer has any longer stay in `computers_software`: another writer may just
    be installing one.
    """
    listed_before, listed = (before or {}).get("installedsoftware"), after.get("installedsoftware")
    # Most updates leave the programs alone, and equal lists are found equal in a tenth of the time.
    if listed_before == listed:
        return
    statements = statements_for(connection.dialect.name)
    old, new = _programs(listed_before), _programs(listed)
    place = {"bucket": bucket_of(assetid), "assetid": assetid}
    if added := new - old:
        softwareids = _softwareids(added)
        _know(connection, statements, added, softwareids)
        connection.execute(statements.add_installations, {**place, "softwareids": softwareids})
    if removed := old - new:
        connection.execute(statements.remove_installations, {**place, "softwareids": _softwareids(removed)})


def _know(connection: Connection, statements: Statements, programs: set[Program], softwareids: str) -> None:
    """Write those of the programs that no computer had before; most are known, and to look is cheap."""
    unknown = set(connection.execute(statements.unknown_software, {"softwareids": softwareids}).scalars())
    if unknown:
        rows = sorted((key, *program) for program in programs if (key := softwareid(*program)) in unknown)
        connection.execute(statements.add_software, {"programs": json.dumps(rows)})


def _programs(listed: Json) -> set[Program]:
    return {(program["name"], program.get("version", "")) for program in listed or ()}


def _softwareids(programs: Iterable[Program]) -> str:
    """Sort the keys, so that two writers with programs in common take the rows' locks in one order."""
    return json.dumps(sorted(softwareid(*program) for program in programs))
