"""Lists of programs of a few computers, and what the tables and reports must say of them."""

from collections import Counter

from sqlalchemy import Connection, select

import shopdb_computers
from shopdb_computers.tables import inventory, software, softwareid, unpacked
from shopdb_hookspecs import JsonObject

Lists = dict[int, list[JsonObject]]
"""The programs of each computer by its id."""

PROGRAMS = [{"name": name, "version": version} for name in ("tar", "zip") for version in ("1", "2")]
PROGRAMS += [{"name": "panel"}, {"name": "viewer"}]


def check(connection: Connection, stored: Lists) -> None:
    """Assert that tables and reports are what the lists say."""
    expected = Counter(
        (program["name"], program.get("version", "")) for each in stored.values() for program in each
    )
    found = {
        computerid: set(unpacked(softwareids))
        for computerid, softwareids in connection.execute(
            select(inventory.c.computerid, inventory.c.softwareids)
        )
    }
    assert found == {key: {key_of(program) for program in listed} for key, listed in stored.items()}
    assert set(connection.scalars(select(software.c.softwareid))) >= {softwareid(*each) for each in expected}
    reports = {each.name: each for each in shopdb_computers.get_reports()}
    rows = [tuple(row) for row in reports["software"].rows(connection, name=None, contains=None, beyond=None)]
    assert rows == sorted((*program, number) for program, number in expected.items())
    on = reports["software_on"].rows(connection, name="tar", below=None, version=None, beyond=None)
    assert sorted((row[1], row[3]) for row in on) == sorted(
        (key, program["version"])
        for key, listed in stored.items()
        for program in listed
        if program["name"] == "tar"
    )


def key_of(program: JsonObject) -> int:
    """Return the key of a program."""
    return softwareid(program["name"], program.get("version", ""))
