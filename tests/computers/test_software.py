"""The reports about programs, page by page, and the days on which programs came and went."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, select, update

import shopdb_computers
from shopdb_computers.programs import counting, software
from shopdb_computers.tables import BLOCK, uncounted
from shopdb_computers.tables import software as software_table
from shopdb_hookspecs import Json

Rows = list[tuple[Json, ...]]

pytestmark = [pytest.mark.every_database, pytest.mark.usefixtures("today")]


def days_ago(days: int) -> str:
    """Return a day, as the reports write it."""
    return (datetime.now(UTC).date() - timedelta(days=days)).isoformat()


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that sets how many days ago what follows is stored."""
    return lambda days: monkeypatch.setattr(counting, "today", lambda: days_ago(days))


@pytest.fixture(params=[1, 64])
def many_at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Count each computer at once, or none before the day is over."""
    monkeypatch.setattr(counting, "MANY", request.param)


@pytest.fixture
def change(connection: Connection) -> Callable[..., None]:
    """Return a function that stores other programs of a computer."""

    def store(assetid: int, before: list[tuple[str, str]], after: list[tuple[str, str]]) -> None:
        attributes = [
            {"installedsoftware": [{"name": name, "version": version} for name, version in each]}
            for each in (before, after)
        ]
        shopdb_computers.store_asset(connection, assetid, *attributes)

    return store


@pytest.mark.parametrize("chunk", [1, 2, 3, 500])
def test_pages_of_programs_have_each_one_once(
    chunk: int, report: Callable[..., Rows], add_computer: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few are read at once, all versions of a name stand together, lowest first."""
    monkeypatch.setattr(software, "CHUNK", chunk)
    add_computer("pc-1", ("b", "1.10"), ("a", "1"), ("b", "1.9"), ("b", ""), ("c", "2"), ("Zoom", "6"))

    everything = [("Zoom", "6"), ("a", "1"), ("b", ""), ("b", "1.9"), ("b", "1.10"), ("c", "2")]
    assert [row[:2] for row in report("software")] == everything
    assert [row[:2] for row in report("software", beyond="a")] == everything[2:]
    assert [row[:2] for row in report("software", beyond="b")] == everything[5:]
    assert report("software", beyond="c") == []


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("office", ["LibreOffice", "Office"]),
        ("FFI", ["LibreOffice", "Office"]),
        ("%", ["100%"]),
        ("é", ["Café"]),
    ],
)
def test_a_part_of_a_name_is_found(
    part: str, found: list[str], report: Callable[..., Rows], add_computer: Callable[..., int]
) -> None:
    """In any case and script; what LIKE would read as a pattern is itself."""
    add_computer("pc-1", ("LibreOffice", "1"), ("Office", "1"), ("100%", "1"), ("Café", "1"), ("Cafe", "1"))

    assert [row[0] for row in report("software", contains=part)] == found
    assert report("software", contains=part, beyond=found[-1]) == []


def test_versions_of_a_program(report: Callable[..., Rows], add_computer: Callable[..., int]) -> None:
    """Each one that is installed, lowest first, under exactly this name."""
    add_computer("pc-1", ("tar", "1.10"), ("Tar", "7"))
    add_computer("pc-2", ("tar", "1.9"))
    add_computer("pc-3", ("tar", "1.9"))

    assert report("software_versions", name="tar") == [("1.9", 2), ("1.10", 1)]
    assert report("software_versions", name="nothing") == []


@pytest.mark.parametrize("chunk", [1, 2, 250])
def test_pages_of_computers_with_a_version(
    chunk: int, report: Callable[..., Rows], add_computer: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By ascending ids, over the ends of blocks, however few are read at once."""
    monkeypatch.setattr(software, "CHUNK", chunk)
    first = add_computer("pc-1", ("tar", "1"))
    second = add_computer("pc-2", ("tar", "1"), ("tar", ""))
    third = add_computer("pc-3", ("tar", "1"), assetid=BLOCK + 1)
    add_computer("pc-4", ("tar", "2"))

    assert [row[1] for row in report("software_on", name="tar", version="1")] == [first, second, third]
    assert [row[1] for row in report("software_on", name="tar", version="1", beyond=first)] == [second, third]
    assert [row[1] for row in report("software_on", name="tar", version="1", beyond=third)] == []
    assert [row[1] for row in report("software_on", name="tar", version="")] == [second]


@pytest.mark.usefixtures("many_at_once")
def test_programs_that_came_and_went(
    on: Callable[[int], None],
    change: Callable[..., None],
    report: Callable[..., Rows],
    add_computer: Callable[..., int],
) -> None:
    """Each with its day, the newest first, whether they are counted already or not."""
    on(20)
    first = add_computer("pc-1", ("tar", "1"), ("zip", "3"))
    second = add_computer("pc-2", ("tar", "1"))
    on(3)
    change(first, [("tar", "1"), ("zip", "3")], [("tar", "1"), ("viewer", "5")])
    on(1)
    change(first, [("tar", "1"), ("viewer", "5")], [("tar", "2"), ("viewer", "5")])
    on(0)
    change(second, [("tar", "1")], [("tar", "2")])

    assert report("software_changes", days=7) == [
        (days_ago(0), "vanished", "tar", "1", 0),
        (days_ago(1), "appeared", "tar", "2", 2),
        (days_ago(3), "appeared", "viewer", "5", 1),
        (days_ago(3), "vanished", "zip", "3", 0),
    ]
    assert [row[0] for row in report("software_changes", days=1)] == [days_ago(0)]
    assert len(report("software_changes", days=2)) == 2
    assert len(report("software_changes", days=21)) == 4, "what came and went since came for nobody"


def test_only_the_newest_changes_are_listed(
    on: Callable[[int], None],
    report: Callable[..., Rows],
    add_computer: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A site that has just begun has thousands of programs, of which none was there before."""
    monkeypatch.setattr(software, "MOST_CHANGES", 2)
    for day in (5, 1, 3):
        on(day)
        add_computer(f"pc-{day}", (f"tar-{day}", "1"))

    assert [row[2] for row in report("software_changes", days=30)] == ["tar-1", "tar-3"]


def test_what_came_back_has_not_vanished(
    on: Callable[[int], None],
    change: Callable[..., None],
    report: Callable[..., Rows],
    add_computer: Callable[..., int],
) -> None:
    """A program that a computer has is not listed as one that went, and came when it came first."""
    on(3)
    assetid = add_computer("pc-1", ("tar", "1"))
    on(2)
    change(assetid, [("tar", "1")], [])
    on(1)
    change(assetid, [], [("tar", "1")])

    assert report("software_changes", days=7) == [(days_ago(3), "appeared", "tar", "1", 1)]


def test_the_last_computer_that_is_retired_takes_its_programs(
    on: Callable[[int], None],
    report: Callable[..., Rows],
    add_computer: Callable[..., int],
    connection: Connection,
) -> None:
    """It counts as the end of an installation."""
    on(1)
    assetid = add_computer("pc-1", ("tar", "1"))
    on(0)
    shopdb_computers.remove_asset(connection, assetid)

    assert report("software_changes", days=1) == [(days_ago(0), "vanished", "tar", "1", 0)]


def test_the_first_change_of_a_day_counts_what_was_marked_before(
    on: Callable[[int], None], add_computer: Callable[..., int], connection: Connection
) -> None:
    """However few are marked, so that a small site learns when its programs vanished."""
    on(1)
    add_computer("pc-1", ("tar", "1"))
    add_computer("pc-2", ("tar", "1"))
    assert len(connection.scalars(select(uncounted.c.computerid)).all()) == 2
    on(0)
    third = add_computer("pc-3", ("tar", "1"))
    assert connection.scalars(select(uncounted.c.computerid)).all() == [third]


def test_what_was_there_before_the_days_were_recorded(
    report: Callable[..., Rows], add_computer: Callable[..., int], connection: Connection
) -> None:
    """Nobody knows when it came, so it is not listed; a mark without a day does not hinder others."""
    add_computer("pc-1", ("tar", "1"))
    connection.execute(update(software_table).values(appearedon=None))
    connection.execute(update(uncounted).values(markedon=None))
    add_computer("pc-2", ("zip", "1"))

    assert [row[2] for row in report("software_changes", days=7)] == ["zip"]


@pytest.mark.parametrize("days", [-(10**12), 0, 10**12])
def test_changes_survive_any_number_of_days(
    days: int, report: Callable[..., Rows], add_computer: Callable[..., int]
) -> None:
    """A number beyond the calendar lists everything, and none below one day lists today."""
    add_computer("pc-1", ("tar", "1"))

    assert len(report("software_changes", days=days)) == 1
