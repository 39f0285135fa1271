"""The reports: their rows, their order, and that they cost what they show."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, event

import shopdb_computers
from shopdb_hookspecs import Json

Rows = list[tuple[Json, ...]]


@pytest.mark.every_database
def test_rows_have_a_cell_for_each_column(
    report: Callable[..., Rows], add_computer: Callable[..., int]
) -> None:
    """Each report's rows fit its columns."""
    add_computer("pc-1", ("tar", "1.32"), lastseenat=datetime(2020, 1, 1))  # noqa: DTZ001 - columns are naive
    asked: dict[str, dict[str, Json]] = {
        "software": {"name": None, "contains": None, "beyond": None},
        "software_versions": {"name": "tar"},
        "software_on": {"name": "tar", "below": None, "version": None, "beyond": None},
        "software_changes": {"days": 7},
        "stale": {"days": 1},
    }

    for each in shopdb_computers.get_reports():
        (row,) = report(each.name, **asked[each.name])
        assert len(row) == len(each.columns), each.name


@pytest.mark.every_database
def test_software_counts_computers(report: Callable[..., Rows], add_computer: Callable[..., int]) -> None:
    """Each version of a program has a row with the number of its computers."""
    add_computer("pc-1", ("zip", "3.0"), ("tar", "1.32"))
    add_computer("pc-2", ("tar", "1.32"))
    add_computer("pc-3", ("tar", "1.34"))

    assert report("software", name=None) == [("tar", "1.32", 2), ("tar", "1.34", 1), ("zip", "3.0", 1)]


@pytest.mark.every_database
def test_software_finds_the_beginning_of_a_name(
    report: Callable[..., Rows], add_computer: Callable[..., int]
) -> None:
    """A name is found by its beginning in either case; `%` and `_` match literally."""
    add_computer("pc-1", ("OpenVPN", "2.6"), ("my_openvpn", "1"), ("open%", "1"), ("open_", "1"))

    assert report("software", name="openv") == [("OpenVPN", "2.6", 1)]
    assert report("software", name="open%") == [("open%", "1", 1)]
    assert report("software", name="open_") == [("open_", "1", 1)]


@pytest.mark.every_database
@pytest.mark.parametrize("name", ["Éclair", "straße", "Ωmega", "\U0001f5a8 Print", "İstanbul", "\uff21"])
def test_software_finds_a_beginning_in_any_script(
    name: str, report: Callable[..., Rows], add_computer: Callable[..., int]
) -> None:
    """A name is found by itself and by its first letter, as it is spelt."""
    add_computer("pc-1", (name, "1"), ("other", "1"))

    assert report("software", name=name) == report("software", name=name[0]) == [(name, "1", 1)]


@pytest.mark.every_database
@pytest.mark.parametrize("name", ["éclair", "ÉCLAIR", "ωmega"])
def test_software_folds_the_case_of_every_script(
    name: str, report: Callable[..., Rows], add_computer: Callable[..., int]
) -> None:
    """Case is ignored beyond ASCII, too, on every database."""
    add_computer("pc-1", ("Éclair", "1"), ("Ωmega", "1"))

    assert len(report("software", name=name)) == 1


@pytest.mark.every_database
def test_software_leaves_out_what_no_computer_has(
    report: Callable[..., Rows], add_computer: Callable[..., int], connection: Connection
) -> None:
    """A program that was removed everywhere is not listed."""
    assetid = add_computer("pc-1", ("tar", "1.32"))
    before = {"installedsoftware": [{"name": "tar", "version": "1.32"}]}
    shopdb_computers.store_asset(connection, assetid, before, {})

    assert report("software", name=None) == []


@pytest.mark.every_database
def test_software_on_lists_every_version(
    report: Callable[..., Rows], add_computer: Callable[..., int]
) -> None:
    """Without a bound all computers with the program come, lowest version first."""
    newer = add_computer("pc-1", ("tar", "1.34"))
    older = add_computer("pc-2", ("tar", "1.9"))
    add_computer("pc-3", ("tarball", "1.0"))

    assert report("software_on", name="tar", below=None) == [
        ("pc-2", older, "tar", "1.9"),
        ("pc-1", newer, "tar", "1.34"),
    ]


@pytest.mark.every_database
def test_software_on_below_compares_versions(
    report: Callable[..., Rows], add_computer: Callable[..., int]
) -> None:
    """`below` compares numbers as numbers, and an unknown version is not lower than any."""
    add_computer("pc-1", ("tar", "1.34"))
    older = add_computer("pc-2", ("tar", "1.9"))
    add_computer("pc-3", ("tar", ""))

    assert report("software_on", name="tar", below="1.34") == [("pc-2", older, "tar", "1.9")]


def test_software_on_reads_by_index_alone(
    report: Callable[..., Rows], add_computer: Callable[..., int], connection: Connection
) -> None:
    """No statement of the report walks through a table, only through the blocks and the few uncounted."""
    add_computer("pc-1", ("tar", "1.32"))
    executed: list[tuple[str, tuple[Json, ...]]] = []
    event.listen(connection, "before_cursor_execute", lambda *call: executed.append(call[2:4]))

    report("software_on", name="tar", below="2")

    queries = tuple(executed)
    steps = [
        step[3]
        for statement, parameters in queries
        for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    ]

    scanned = {step.split()[1] for step in steps if step.startswith("SCAN")}
    assert len(queries) == 4
    assert scanned <= {"blocks", "CONSTANT", "computers_uncounted"}
    assert any("computers_count USING PRIMARY KEY (block=? AND softwareid=?)" in step for step in steps)


@pytest.mark.every_database
def test_stale_lists_the_longest_unseen_first(
    report: Callable[..., Rows], add_computer: Callable[..., int]
) -> None:
    """Computers without a submission for so many days come with their last one in UTC."""
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    add_computer("seen-now", lastseenat=now)
    add_computer("unseen-40", lastseenat=now - timedelta(days=40))
    add_computer("unseen-50", lastseenat=now - timedelta(days=50))
    add_computer("printer", lastseenat=now - timedelta(days=50), assettype="printers")

    assert report("stale", days=30) == [
        ("unseen-50", f"{now - timedelta(days=50):%Y-%m-%dT%H:%M:%SZ}", 50),
        ("unseen-40", f"{now - timedelta(days=40):%Y-%m-%dT%H:%M:%SZ}", 40),
    ]


@pytest.mark.parametrize("days", [-(10**12), 10**12])
@pytest.mark.every_database
def test_stale_survives_any_number_of_days(days: int, report: Callable[..., Rows]) -> None:
    """A number beyond the calendar finds nothing instead of failing."""
    assert report("stale", days=days) == []
