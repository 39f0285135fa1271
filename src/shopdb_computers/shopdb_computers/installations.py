"""Write which programs a submission adds to a computer and removes from it."""

import json
from collections.abc import Iterable

from sqlalchemy import Connection

from shopdb_computers.normalization import Program
from shopdb_computers.statements import Statements, statements_for
from shopdb_computers.tables import bucket_of, softwareid
from shopdb_hookspecs import Json, JsonObject


def store_programs(
    connection: Connection, assetid: int, before: JsonObject | None, after: JsonObject
) -> None:
    """Write which programs were added and removed, in the caller's transaction; the caller commits.

    Programs that are not installed any more stay in `computers_software`, because another transaction may add
    an installation of one.
    """
    listed_before, listed = (before or {}).get("installedsoftware"), after.get("installedsoftware")
    # Most updates do not change the programs, and comparing equal lists takes a tenth of the time.
    if listed_before == listed:
        return
    statements = statements_for(connection.dialect.name)
    old, new = _programs(listed_before), _programs(listed)
    place = {"bucket": bucket_of(assetid), "assetid": assetid}
    if added := new - old:
        softwareids = _softwareids(added)
        _add_software(connection, statements, added, softwareids)
        connection.execute(statements.add_installations, {**place, "softwareids": softwareids})
    if removed := old - new:
        connection.execute(statements.remove_installations, {**place, "softwareids": _softwareids(removed)})


def _add_software(
    connection: Connection, statements: Statements, programs: set[Program], softwareids: str
) -> None:
    """Insert the programs that are not stored yet."""
    unknown = set(connection.execute(statements.unknown_software, {"softwareids": softwareids}).scalars())
    if unknown:
        rows = sorted((key, *program) for program in programs if (key := softwareid(*program)) in unknown)
        connection.execute(statements.add_software, {"programs": json.dumps(rows)})


def _programs(listed: Json) -> set[Program]:
    return {(program["name"], program.get("version", "")) for program in listed or ()}


def _softwareids(programs: Iterable[Program]) -> str:
    """Return the sorted keys as JSON: concurrent transactions must lock common rows in the same order."""
    return json.dumps(sorted(softwareid(*program) for program in programs))
