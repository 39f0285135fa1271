"""Reading date-times, in intake.dates."""

import re
from zoneinfo import ZoneInfo

import pytest

from shopdb_core.intake.dates import DateReading, read_date, read_day

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-01-01T11:00:00Z", "2024-01-01T11:00:00Z"),
        ("2024-01-01t11:00:00z", "2024-01-01T11:00:00Z"),
        ("2024-01-01T12:00:00+01:00", "2024-01-01T11:00:00Z"),
        ("2023-12-31T23:00:00.1230000-12:00", "2024-01-01T11:00:00.123Z"),
        ("2024-01-01T11:00:00.000Z", "2024-01-01T11:00:00Z"),
        ("2024-01-01T11:00:00.0000000001Z", "2024-01-01T11:00:00.0000000001Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999-00:00", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_rfc3339_is_converted_to_utc_without_a_warning(text: str, utc: str) -> None:
    """A valid date-time is converted from any offset; every digit of its fraction is kept."""
    assert read_date(text, BERLIN) == DateReading(utc, warning=None)


@pytest.mark.parametrize(
    ("text", "utc", "reason"),
    [
        ("2024-01-01T12:00:00", "2024-01-01T11:00:00Z", "without offset.*Europe/Berlin"),
        ("2024-07-01 12:00:00.50", "2024-07-01T10:00:00.5Z", "without offset.*Europe/Berlin"),
        ("2024-01-01 12:00:00+01:00", "2024-01-01T11:00:00Z", "blank"),
        ("/Date(1704106800000)/", "2024-01-01T11:00:00Z", "/Date"),
        ("/Date(1704106800123+0100)/", "2024-01-01T11:00:00.123Z", "/Date"),
        ("/Date(-1)/", "1969-12-31T23:59:59.999Z", "/Date"),
        ("/Date(-62135596800000)/", "0001-01-01T00:00:00Z", "/Date"),
        ("/Date(253402300799999)/", "9999-12-31T23:59:59.999Z", "/Date"),
        ("20240101120000.000000+060", "2024-01-01T11:00:00Z", "CIM"),
        ("20240101120000.500000-300", "2024-01-01T17:00:00.5Z", "CIM"),
        ("20240101120000.000000+***", "2024-01-01T11:00:00Z", "CIM.*Europe/Berlin"),
    ],
)
def test_other_forms_are_converted_with_a_warning(text: str, utc: str, reason: str) -> None:
    """Forms that Windows and scripts write are converted to UTC, and the warning says how they were read."""
    reading = read_date(text, BERLIN)

    assert reading is not None
    assert reading.text == utc
    assert re.search(reason, reading.warning or "")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-03-31T02:30:00", "2024-03-31T01:30:00Z"),
        ("2024-10-27T02:30:00", "2024-10-27T00:30:00Z"),
    ],
    ids=["skipped", "repeated"],
)
def test_the_hours_of_a_clock_change_are_defined(text: str, utc: str) -> None:
    """A skipped hour is read with the offset before the change, a repeated one as the first of the two."""
    reading = read_date(text, BERLIN)

    assert reading is not None
    assert reading.text == utc


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "01/02/2024 12:00:00",
        "2024-01-01",
        "2024-01-01T12:00",
        "2024-01-01T24:00:00Z",
        "2024-02-30T12:00:00Z",
        "2016-12-31T23:59:60Z",
        "2024-01-01T12:00:00+0100",
        "2024-01-01T12:00:00+24:00",
        "2024-01-01T12:00:00+01:60",
        "2024-01-01T12:00:00Z\n",
        "٢٠٢٤-01-01T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59-14:00",
        "/Date(253402300800000)/",
        "/Date(-62135596800001)/",
        "/Date(999999999999999)/",
        "/Date(1e5)/",
        "20241301120000.000000+060",
        "00010101000000.000000+060",
        "20240101120000.******+060",
    ],
)
def test_everything_else_is_not_recognised(text: str) -> None:
    """Other texts, and date-times outside the years 1 to 9999 in UTC, are left for validation."""
    assert read_date(text, BERLIN) is None


@pytest.mark.parametrize(
    ("text", "day", "reason"),
    [
        ("/Date(1704063600000)/", "2024-01-01", "/Date.*Europe/Berlin"),
        ("/Date(1704063599999)/", "2023-12-31", "/Date"),
        ("/Date(10)/", "1970-01-01", "/Date"),
        ("/Date(1704063600000+0000)/", "2023-12-31", "/Date"),
        ("/Date(1704043800000+0530)/", "2023-12-31", "/Date"),
        ("/Date(1704085200000-0600)/", "2023-12-31", "/Date"),
        ("20240101003000.000000+600", "2024-01-01", "CIM"),
        ("20240101003000.000000+***", "2024-01-01", "CIM"),
    ],
)
def test_the_day_of_a_date_time_of_windows_is_read(text: str, day: str, reason: str) -> None:
    """The day is that in the date-time's own offset, or else in the zone of the site."""
    reading = read_day(text, BERLIN)

    assert reading is not None
    assert reading.text == day
    assert re.search(reason, reading.warning or "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024-01-01",
        "2024-01-01T12:00:00Z",
        "01.01.2024",
        "/Date(999999999999999)/",
        "/Date(253402300799999)/",
        "/Date(0+9999)/",
        "20241301120000.000000+060",
    ],
)
def test_no_day_is_read_from_other_texts(text: str) -> None:
    """A day, any other text, and days outside the years 1 to 9999 are left for validation."""
    assert read_day(text, BERLIN) is None
