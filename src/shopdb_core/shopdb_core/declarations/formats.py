"""The formats that a declaration may use, each with one definition for both validators."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from shopdb_hookspecs import Json

LONGEST_HOSTNAME = 253
LONGEST_LOCAL_PART = 64

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt](?!24)\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:[0-5]\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MAILBOX = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_DOTTED_QUAD = re.compile(rf"(?:{_OCTET}\.){{3}}{_OCTET}")
_URI_TEXT = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_URI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*:(?://(?:{_URI_TEXT}|[\[\]])*)?"
    rf"(?:/(?:{_URI_TEXT}|/)*|{_URI_TEXT}(?:{_URI_TEXT}|/)*)?"
    rf"(?:\?(?:{_URI_TEXT}|[/?])*)?(?:\#(?:{_URI_TEXT}|[/?])*)?"
)
_UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")


def is_date_time(text: str) -> bool:
    """RFC 3339 `date-time`, offset included; without leap seconds, which no database here can hold."""
    return bool(_DATE_TIME.fullmatch(text) and datetime.fromisoformat(text.upper()))


def read_date_time(text: str) -> datetime | None:
    """Return the moment of an RFC 3339 `date-time` in UTC, or `None` for another text."""
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC) if is_date_time(text) else None
    except (ValueError, OverflowError):
        return None


def is_date(text: str) -> bool:
    """RFC 3339 `full-date`."""
    return bool(_DATE.fullmatch(text) and date.fromisoformat(text))


def is_time(text: str) -> bool:
    """RFC 3339 `full-time`: with an offset."""
    return is_date_time(f"1970-01-01T{text}")


def is_hostname(text: str) -> bool:
    """RFC 1123, section 2.1: letters, digits and inner hyphens; 63 characters a label, 253 in all."""
    return len(text) <= LONGEST_HOSTNAME and _HOSTNAME.fullmatch(text) is not None


def is_email(text: str) -> bool:
    """RFC 5321 `Mailbox` with a dot-string and a domain: no quoted local part, no address literal."""
    local, _, domain = text.rpartition("@")
    return len(local) <= LONGEST_LOCAL_PART and _MAILBOX.fullmatch(local) is not None and is_hostname(domain)


def is_ipv4(text: str) -> bool:
    """RFC 2673 dotted quad, without leading zeros."""
    return _DOTTED_QUAD.fullmatch(text) is not None


def is_ipv6(text: str) -> bool:
    """RFC 4291 text form, without a zone."""
    return IPv6Address(text).scope_id is None


def is_uri(text: str) -> bool:
    """RFC 3986: an absolute URI; the port, where there is one, is a number up to 65535."""
    return _URI.fullmatch(text) is not None and urlsplit(text).port != -1


def is_uuid(text: str) -> bool:
    """RFC 9562 text form."""
    return _UUID.fullmatch(text) is not None


def format_checks() -> dict[str, Callable[[Json], bool]]:
    """Return a check for each format by name; it never raises, and accepts all values but strings."""
    definitions: dict[str, Callable[[str], bool]] = {
        "date": is_date,
        "date-time": is_date_time,
        "email": is_email,
        "hostname": is_hostname,
        "ipv4": is_ipv4,
        "ipv6": is_ipv6,
        "time": is_time,
        "uri": is_uri,
        "uuid": is_uuid,
    }
    return {name: _strings_only(definition) for name, definition in definitions.items()}


def _strings_only(definition: Callable[[str], bool]) -> Callable[[Json], bool]:
    def check(value: Json) -> bool:
        try:
            return not isinstance(value, str) or definition(value)
        except ValueError:
            return False

    return check
