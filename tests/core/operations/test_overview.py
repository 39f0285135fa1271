"""The overview: assets, submissions by day, collectors and their sources, what needs attention."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from shops import Shop

from shopdb_core.errors import Fault
from shopdb_core.operations.overview import MOST_ROWS, AttentionCount, Overview, Overviews
from shopdb_core.operations.records import record_backup
from shopdb_core.outcomes.recorder import Recorder
from shopdb_core.outcomes.records import LEGACY, Refusal
from shopdb_core.outcomes.totals import DayTotals
from shopdb_core.plugins.served_declarations import BreakingChanges
from shopdb_hookspecs import Parameter, Report, hookimpl

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BROKEN = BreakingChanges("1.0", NOW, ("/fields/osname: was removed",))


class Racks:
    """A plugin with reports that ask for attention, or do not."""

    def __init__(self, *reports: Report) -> None:
        self.reports = reports

    @hookimpl
    def get_reports(self) -> Sequence[Report]:
        return self.reports


def rows_of(number: int) -> Callable[..., Iterator[tuple[int]]]:
    return lambda _connection: ((each,) for each in range(number))


def leaning(name: str, rows: Callable[..., Any], *parameters: Parameter) -> Report:
    return Report(name, name, ("height",), rows, parameters, attention=f"Racks that lean: {name}")


def refusal(keyword: str) -> Refusal:
    return Refusal("printers", 422, "r1", None, (Fault("/model", keyword, ""),), source="snmp")


@pytest.fixture
def record(shop: Shop) -> Callable[..., None]:
    """Count outcomes of a plugin's source some days ago, by their names and numbers."""

    def count(plugin: str, source: str, days: int = 0, **numbers: int) -> None:
        recorder = Recorder(shop.store, interval=3600, clock=lambda: NOW - timedelta(days=days))
        for outcome, number in numbers.items():
            for _ in range(number):
                if outcome in ("type", "required"):
                    recorder.refused(refusal(outcome))
                else:
                    recorder.count(plugin, outcome, source)
        recorder.write()

    return count


def settled(overviews: Overviews, besides: str = "") -> list[AttentionCount]:
    """Return what needs attention once every report is counted; on a busy machine some take longer."""
    deadline = time.monotonic() + 60
    while True:
        found = overviews.attention()
        if all(each.rows is not None or each.failed or each.report.name == besides for each in found):
            return found
        assert time.monotonic() < deadline


def overview(shop: Shop) -> Overview:
    shop.clock = lambda: NOW
    return Overviews(shop).newest()


@pytest.mark.every_database
def test_assets_are_counted_by_type_and_state(shop: Shop) -> None:
    """Silent are active assets of collected types; those that people created are never submitted."""
    for name in ("PC-1", "PC-2", "PC-3"):
        shop.submit("computers", {"hostname": name})
    shop.submit("printers", {"serialnumber": "SN-1"})
    shop.edit("POST", "/api/assets", {"assettype": "desk", "identityvalue": "D-1"})
    shop.edit("POST", "/api/assets/3/retire", {"reason": "sold"}, **{"If-Match": '"1"'})
    shop.store.transaction(
        lambda connection: connection.exec_driver_sql(
            "UPDATE asset SET lastseenat = '2026-01-01 00:00:00' WHERE assetid <> 2"
        )
    )

    found = overview(shop)

    counted = {(each.assettype, each.state): each.number for each in found.assets}
    assert counted == {
        ("computers", "active"): 2,
        ("computers", "retired"): 1,
        ("desk", "active"): 1,
        ("printers", "active"): 1,
    }
    assert found.silent == {"computers": 1, "printers": 1}
    assert found.silencedays == shop.settings.source_silence_days


@pytest.mark.every_database
def test_submissions_are_summed_by_day(shop: Shop, record: Callable[..., None]) -> None:
    """Over all plugins and sources, for a year; those of the legacy endpoint are counted once."""
    record("computers", "pxe", created=2, noop=3)
    record("printers", "snmp", noop=1, updated=1, type=2, required=1)
    record(LEGACY, "pxe", created=2)
    record("computers", "pxe", days=1, updated=4)
    record("computers", "pxe", days=365, noop=1)
    record("computers", "pxe", days=372, noop=7)

    assert overview(shop).days == (
        DayTotals(date(2025, 11, 22), noop=1),
        DayTotals(date(2026, 11, 21), updated=4),
        DayTotals(date(2026, 11, 22), created=2, updated=1, noop=4, refused=3),
    )


@pytest.mark.every_database
def test_each_collector_has_its_sources(shop: Shop, record: Callable[..., None]) -> None:
    """The last submission, what was refused since yesterday and why, who is silent, what a release broke."""
    record("computers", "pxe", days=40, noop=1)
    record("computers", "", created=1)
    record("printers", "snmp", days=1, type=2)
    record("printers", "snmp", noop=1, required=3)
    record("printers", "snmp", days=2, type=9)
    shop.submit("printers", {"serialnumber": "SN-1"})
    shop.broken = {"computers": BROKEN}

    computers, printers = overview(shop).collectors

    assert [(each.source, each.lastday, each.is_silent) for each in computers.sources] == [
        ("", date(2026, 11, 22), False),
        ("pxe", date(2026, 10, 13), True),
    ]
    assert (computers.lastsubmission, computers.broken) == (None, BROKEN)
    assert (computers.stored, computers.refused, computers.reason_refused) == (1, 0, None)
    assert printers.lastsubmission is not None
    assert (printers.stored, printers.refused, printers.reason_refused) == (1, 5, "422 required")
    assert printers.sources[0].lately.reasons == (("422 required", 3), ("422 type", 2))


def test_a_quarantined_collector_is_shown_with_its_reason(shop: Shop) -> None:
    """It is not left out because it has no collector."""
    shop.plugins.quarantine("printers", "its import raised OSError")

    _, printers = overview(shop).collectors

    assert (printers.plugin, printers.state, printers.reason) == (
        "printers",
        "quarantined",
        "its import raised OSError",
    )


@pytest.mark.every_database
def test_an_empty_site_has_empty_numbers(shop: Shop) -> None:
    """Nothing is counted, and nothing fails."""
    found = overview(shop)

    assert (found.assets, found.days, found.silent, found.duplicates) == ((), (), {}, {})
    assert (found.lastbackup, found.lasthead) == (None, None)
    assert [each.lastsubmission for each in found.collectors] == [None, None]


@pytest.mark.every_database
def test_findings_and_the_backup(shop: Shop) -> None:
    """Findings that nobody ignored, by kind; when the newest backup was made."""
    for number in range(4):
        address = f"00:1A:2B:00:00:0{number // 2}"
        shop.submit("computers", {"hostname": f"PC-{number}", "macaddress": address})
    shop.edit("POST", "/api/duplicates/1/ignore")
    shop.store.transaction(lambda connection: record_backup(connection, NOW, "b.tar", 7, verified=True))

    found = overview(shop)

    assert found.duplicates == {"renamed": 1}
    assert found.lastbackup == NOW


def test_rows_that_need_attention_are_counted(make_shop: Callable[..., Shop]) -> None:
    """With the defaults of the parameters, up to a bound; a report without `attention` is left out."""
    above = Parameter("above", "integer", "How tall.", default=3)
    shop = make_shop(
        {
            "racks": Racks(
                leaning("none", rows_of(0)),
                leaning("some", lambda _connection, above: rows_of(above)(None), above),
                leaning("most", rows_of(MOST_ROWS)),
                leaning("more", rows_of(MOST_ROWS + 1)),
                Report("all", "All", ("height",), rows_of(5)),
            )
        }
    )

    found = settled(Overviews(shop))

    assert [(each.report.name, each.rows, each.more) for each in found] == [
        ("none", 0, False),
        ("some", 3, False),
        ("most", MOST_ROWS, False),
        ("more", MOST_ROWS, True),
    ]


def test_a_report_that_fails_is_said_and_logged(
    make_shop: Callable[..., Shop], caplog: pytest.LogCaptureFixture
) -> None:
    """The others are counted; the log names the plugin and the report."""
    shop = make_shop({"racks": Racks(leaning("broken", lambda _: [1 / 0]), leaning("some", rows_of(2)))})

    with caplog.at_level(logging.ERROR):
        broken, some = settled(Overviews(shop))

    assert (broken.failed, broken.rows, some.rows) == (True, None, 2)
    assert "Plugin racks (distribution unknown): the report broken raised ZeroDivisionError" in caplog.text


def test_a_slow_report_delays_nobody(make_shop: Callable[..., Shop]) -> None:
    """Its number comes later; that of another one at once."""
    gate = threading.Event()

    def slow(_connection: object) -> Iterator[tuple[int]]:
        assert gate.wait(60)
        yield (1,)

    shop = make_shop({"racks": Racks(leaning("slow", slow), leaning("some", rows_of(2)))})
    overviews = Overviews(shop)

    found = settled(overviews, besides="slow")
    assert [each.rows for each in found] == [None, 2]
    gate.set()

    assert [each.rows for each in settled(overviews)] == [1, 2]
