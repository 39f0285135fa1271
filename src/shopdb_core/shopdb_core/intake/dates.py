"""Date-times in UTC, and days: RFC 3339, its common deviations, and the two forms that Windows writes."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})([Tt ])([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?",
)
_MILLISECONDS = re.compile(r"/Date\((-?[0-9]{1,15})([+-][0-9]{4})?\)/")
_CIM = re.compile(r"([0-9]{14})(\.[0-9]{6})(?:([+-][0-9]{3})|[+-]\*{3})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MIN_VALUE_MILLISECONDS = -62_135_596_800_000
_WIDEST_OFFSET_MILLISECONDS = 14 * 3_600_000


@dataclass(frozen=True, slots=True)
class DateReading:
    """A date-time as `2024-01-01T11:00:00Z` or a day as `2024-01-01`, and a warning about another form."""

    text: str
    warning: str | None


def read_date(text: str, zone: tzinfo) -> DateReading | None:
    """Convert a date-time to UTC, with every digit of its fraction; `None` where it is not recognised.

    `zone` is the zone of a time without offset. An hour that is skipped in it is read with the offset before
    the change, an hour that is repeated as the first of the two (PEP 495, fold 0).
    """
    try:
        return _read_rfc3339(text, zone) or _read_milliseconds(text) or _read_cim(text, zone)
    except (ValueError, OverflowError):
        return None


def read_moment(text: str, zone: tzinfo) -> datetime:
    """Return an RFC 3339 date-time in UTC, to the microsecond; one without offset is of `zone`.

    Raises `ValueError` for any other text, and for a time that `zone` has twice or not at all.
    """
    parts = _RFC3339.fullmatch(text)
    if parts is None:
        raise ValueError(text[:40])
    day, _, time, fraction, offset = parts.groups(default="")
    moment = datetime.fromisoformat(f"{day}T{time}{fraction[:7]}{offset.upper()}")
    if not offset:
        first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() != second.utcoffset():
            raise ValueError(text)
        moment = first
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def read_day(text: str, zone: tzinfo) -> DateReading | None:
    """Convert a date-time in one of the forms that Windows writes to its day; `None` for any other text.

    `/Date(ms)/` is a moment: its day is that in its own offset, or without one in `zone`, since PowerShell
    writes midnight of the site as such. A CIM date-time has the day that it shows.
    """
    if text[4:5] == "-":  # nearly always: a day in the right form
        return None
    try:
        return _read_day_of_milliseconds(text, zone) or _read_day_of_cim(text)
    except (ValueError, OverflowError):
        return None


def _read_day_of_milliseconds(text: str, zone: tzinfo) -> DateReading | None:
    parts = _MILLISECONDS.fullmatch(text)
    if parts is None:
        return None
    moment = _EPOCH + timedelta(milliseconds=int(parts[1]))
    warning = "a date as /Date(milliseconds)/ was converted"
    if offset := parts[2]:
        sign = -1 if offset.startswith("-") else 1
        zone = timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[3:])))
    else:
        warning += f" to its day in the zone {zone} (SHOPDB_TIMEZONE)"
    return DateReading(moment.astimezone(zone).date().isoformat(), warning)


def _read_day_of_cim(text: str) -> DateReading | None:
    parts = _CIM.fullmatch(text)
    if parts is None:
        return None
    moment = datetime.strptime(parts[1], "%Y%m%d%H%M%S")  # noqa: DTZ007  # its offset is not needed
    return DateReading(moment.date().isoformat(), "a CIM date-time was converted to its day")


def is_min_value(text: str) -> bool:
    """Return whether a date or date-time is the first day of year 1.

    .NET writes its `DateTime.MinValue` for a date that was never set; in milliseconds, the zone of the
    computer has moved it.
    """
    if not text.startswith(("0001", "/Date(-")):
        return False
    if parts := _MILLISECONDS.fullmatch(text):
        return abs(int(parts[1]) - _MIN_VALUE_MILLISECONDS) <= _WIDEST_OFFSET_MILLISECONDS
    if parts := _RFC3339.fullmatch(text):
        return parts[1] == "0001-01-01"
    return text == "0001-01-01" or (text.startswith("00010101") and _CIM.fullmatch(text) is not None)


def _read_rfc3339(text: str, zone: tzinfo) -> DateReading | None:
    parts = _RFC3339.fullmatch(text)
    if parts is None:
        return None
    day, separator, time, fraction, offset = parts.groups(default="")
    moment = datetime.fromisoformat(f"{day}T{time}{offset.upper()}")
    if (separator, fraction, offset) == ("T", "", "Z"):  # nearly always
        return DateReading(text, None)
    if not offset:
        return _read_in_zone(moment, fraction, "a date-time without offset", zone)
    warning = "a date-time with a blank in place of the T was read" if separator == " " else None
    return DateReading(_utc_text(moment, fraction), warning)


def _read_milliseconds(text: str) -> DateReading | None:
    """Read `/Date(ms)/`; an offset after the milliseconds does not change the moment."""
    parts = _MILLISECONDS.fullmatch(text)
    if parts is None:
        return None
    seconds, milliseconds = divmod(int(parts[1]), 1000)
    moment = _EPOCH + timedelta(seconds=seconds)
    warning = "a date as /Date(milliseconds)/ was converted"
    return DateReading(_utc_text(moment, f".{milliseconds:03}"), warning)


def _read_cim(text: str, zone: tzinfo) -> DateReading | None:
    """Read a CIM date-time (DMTF DSP0004): its offset is in minutes, asterisks are an unknown offset."""
    parts = _CIM.fullmatch(text)
    if parts is None:
        return None
    digits, fraction, minutes = parts.groups(default="")
    moment = datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007  # the offset is not one that %z reads
    if not minutes:
        return _read_in_zone(moment, fraction, "a CIM date-time without offset", zone)
    moment = moment.replace(tzinfo=UTC) - timedelta(minutes=int(minutes))
    return DateReading(_utc_text(moment, fraction), "a CIM date-time was converted")


def _read_in_zone(moment: datetime, fraction: str, what: str, zone: tzinfo) -> DateReading:
    warning = f"{what} was read in the zone {zone} (SHOPDB_TIMEZONE)"
    return DateReading(_utc_text(moment.replace(tzinfo=zone), fraction), warning)


def _utc_text(moment: datetime, fraction: str) -> str:
    seconds = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    return seconds + fraction.rstrip("0").rstrip(".") + "Z"
