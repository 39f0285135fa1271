"""The parameters of the pages about changes: those of a form, which sends empty fields, and local times."""

from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

from shopdb_core.audit.browsing.filters import EntryFilters, Shown
from shopdb_core.audit.entries import ACTIONS
from shopdb_core.errors import InvalidParameter
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.parameters import QueryParameter, as_given, choice, short_text, whole_number
from shopdb_hookspecs import JsonObject

PEOPLE = "@people"
"""The collector of what people did; no plugin has such a name."""

SHOWN: tuple[Shown, ...] = ("changes", "lasting", "all")


def or_blank(parameter: QueryParameter) -> QueryParameter:
    """Return the parameter as a form sends it: an empty text is its default."""
    return replace(parameter, read=lambda text: parameter.read(text) if text else parameter.default)


def local_moment(name: str) -> QueryParameter:
    """Return a parameter that `read_local` reads, since each viewer has a zone."""
    return or_blank(as_given(name, "be a date and a time", {"type": "string", "format": "date-time"}))


BEFORE = whole_number("before", 1, LARGEST_ID)

LOG = (
    *(or_blank(short_text(name)) for name in ("plugin", "source", "actor", "field", "requestid")),
    or_blank(choice("action", ACTIONS)),
    or_blank(choice("show", SHOWN, "changes")),
    local_moment("from"),
    local_moment("to"),
    BEFORE,
)
"""The parameters of the log."""


def read_local(name: str, text: str | None, zone: tzinfo) -> datetime | None:
    """Return a time in UTC; one without offset is of `zone`, and of a repeated hour it is the first.

    Raises `InvalidParameter`.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text[:40])
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"{name} must be a date and a time such as 2026-11-22T10:13, or 2026-11-22T10:13:13Z."
        raise InvalidParameter(message) from error


def filters_of(query: JsonObject, zone: tzinfo) -> EntryFilters:
    """Return what the parameters of the log ask for; raises `InvalidParameter`."""
    return EntryFilters(
        plugin="" if query["plugin"] == PEOPLE else query["plugin"],
        source=query["source"],
        actor=query["actor"],
        action=query["action"],
        field=query["field"],
        requestid=query["requestid"],
        first=read_local("from", query["from"], zone),
        last=read_local("to", query["to"], zone),
        shown=query["show"],
    )


def api_address(query: JsonObject) -> str | None:
    """Return the address of the same entries in the API, `None` if it does not have all the filters."""
    given = {name for name, value in query.items() if value is not None} - {"show", "before"}
    if not given <= {"plugin", "action"} or query["plugin"] == PEOPLE:
        return None
    wanted: dict[str, Any] = {name: query[name] for name in sorted(given)}
    return f"/api/audit?{urlencode(wanted)}" if wanted else "/api/audit"


def typed(moment: datetime | None, zone: tzinfo) -> str:
    """Return a time as the value of an input, to the second; of a part of a second it is the next one."""
    if moment is None:
        return ""
    whole = moment.replace(microsecond=0)
    later = whole.timestamp() + (moment > whole)
    return datetime.fromtimestamp(later, zone).replace(tzinfo=None).isoformat()
