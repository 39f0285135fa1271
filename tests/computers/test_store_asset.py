"""What a submission writes into the plugin's tables."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from sqlalchemy import Connection, delete, event, select

from shopdb_computers import store_asset
from shopdb_computers.programs.statements import statements_for
from shopdb_computers.tables import asset, inventory, software, softwareid, unpacked
from shopdb_hookspecs import JsonObject

TAR = {"name": "tar", "version": "1.32"}
ZIP = {"name": "zip", "version": "3.0"}
PANEL = {"name": "panel"}


def _installed(connection: Connection, assetid: int) -> set[tuple[str, str]]:
    query = select(inventory.c.softwareids).where(inventory.c.computerid == assetid)
    softwareids = connection.scalar(query) or b""
    named = select(software.c.name, software.c.version).where(
        software.c.softwareid.in_(unpacked(softwareids))
    )
    return {(name, version) for name, version in connection.execute(named)}


@pytest.mark.every_database
def test_a_new_computer_gets_all_its_programs(
    connection: Connection, add_computer: Callable[..., int]
) -> None:
    """A created asset has every program of its submission; an unknown version is empty."""
    assetid = add_computer("pc-1")

    store_asset(connection, assetid, None, {"installedsoftware": [TAR, PANEL]})

    assert _installed(connection, assetid) == {("tar", "1.32"), ("panel", "")}


@pytest.mark.every_database
def test_an_update_adds_and_removes(connection: Connection, add_computer: Callable[..., int]) -> None:
    """After an update the computer has the programs of the new list and no others."""
    assetid = add_computer("pc-1", ("tar", "1.32"), ("zip", "3.0"))

    before, after = {"installedsoftware": [TAR, ZIP]}, {"installedsoftware": [ZIP, PANEL]}
    store_asset(connection, assetid, before, after)

    assert _installed(connection, assetid) == {("zip", "3.0"), ("panel", "")}


@pytest.mark.every_database
def test_variants_of_a_program_are_one_installation(
    connection: Connection, add_computer: Callable[..., int]
) -> None:
    """Name and version are the key: architecture and publisher may come, differ and go."""
    assetid = add_computer("pc-1")
    plain, both = [TAR, ZIP], [{**TAR, "architecture": "x86"}, {**TAR, "publisher": "GNU"}, ZIP]
    lists = [plain, both, [both[1], ZIP], [ZIP, *both], plain]
    states = [None, *({"installedsoftware": installed} for installed in lists)]

    for before, after in pairwise(states):
        store_asset(connection, assetid, before, after)
        assert _installed(connection, assetid) == {("tar", "1.32"), ("zip", "3.0")}

    store_asset(connection, assetid, states[-1], {"installedsoftware": [ZIP]})
    assert _installed(connection, assetid) == {("zip", "3.0")}


@pytest.mark.parametrize("after", [{}, {"installedsoftware": None}, {"installedsoftware": []}])
@pytest.mark.every_database
def test_a_cleared_list_removes_every_program(
    after: JsonObject, connection: Connection, add_computer: Callable[..., int]
) -> None:
    """Null, an empty list and no list at all leave no installations."""
    assetid = add_computer("pc-1", ("tar", "1.32"))

    store_asset(connection, assetid, {"installedsoftware": [TAR]}, after)

    assert _installed(connection, assetid) == set()


def test_only_the_difference_is_written(connection: Connection, add_computer: Callable[..., int]) -> None:
    """An update that does not change the list does not run a statement."""
    assetid = add_computer("pc-1", ("tar", "1.32"))
    statements: list[str] = []
    event.listen(connection, "before_cursor_execute", lambda *call: statements.append(call[2]))

    before = {"installedsoftware": [TAR], "osname": "Debian 11"}
    store_asset(connection, assetid, before, {**before, "osname": "Debian 12"})

    assert statements == []


@pytest.mark.every_database
def test_computers_share_the_row_of_a_program(
    connection: Connection, add_computer: Callable[..., int]
) -> None:
    """A program is stored once, and leaving one computer does not take it from another."""
    first = add_computer("pc-1", ("tar", "1.32"))
    second = add_computer("pc-2", ("tar", "1.32"))

    store_asset(connection, first, {"installedsoftware": [TAR]}, {})

    assert _installed(connection, second) == {("tar", "1.32")}
    assert connection.scalars(select(software.c.name)).all() == ["tar"]


@pytest.mark.every_database
def test_a_repeated_creation_changes_nothing(
    connection: Connection, add_computer: Callable[..., int]
) -> None:
    """Existing rows do not cause an error."""
    assetid = add_computer("pc-1", ("tar", "1.32"))

    store_asset(connection, assetid, None, {"installedsoftware": [TAR]})

    assert _installed(connection, assetid) == {("tar", "1.32")}


@pytest.mark.every_database
def test_names_are_stored_exactly(connection: Connection, add_computer: Callable[..., int]) -> None:
    """Quotes, emoji, control characters and SQL arrive as they were sent."""
    name = "Robert'); DROP TABLE asset;-- \"\\ \u20ac \U0001f600 \x1b"
    assetid = add_computer("pc-1", (name, "1"))

    assert _installed(connection, assetid) == {(name, "1")}


@pytest.mark.every_database
def test_installations_go_with_their_asset(connection: Connection, add_computer: Callable[..., int]) -> None:
    """Deleting an asset, as a merge of two does, is not held up by its programs."""
    assetid = add_computer("pc-1", ("tar", "1.32"))

    connection.execute(delete(asset).where(asset.c.assetid == assetid))

    assert connection.execute(select(inventory)).all() == []


def test_softwareid_is_the_same_everywhere() -> None:
    """The key is a stored value: it must never change between versions, processes or machines."""
    assert softwareid("tar", "1.32") == 294_190_019_084_166_059
    assert softwareid("tar1", ".32") != softwareid("tar", "1.32")


def test_an_unknown_database_is_named() -> None:
    """The error for another database says what to set."""
    with pytest.raises(NotImplementedError, match="on oracle: set SHOPDB_DATABASE_URL to one of sqlite"):
        statements_for("oracle")
