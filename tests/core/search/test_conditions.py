"""What the conditions of a query ask of an asset, without a database."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from shopdb_core.search.conditions import condition
from shopdb_core.search.fields import KnownFields
from shopdb_core.search.grammar import parse

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "last", "first"),
    [
        ("2026-03-29", "2026-03-29T21:59:59", "2026-03-29T22:00:00"),
        ("2026-10-25", "2026-10-25T22:59:59", "2026-10-25T23:00:00"),
        ("9999-12-31", "9999-12-31T22:59:59", None),
    ],
)
def test_a_day_ends_at_midnight(day: str, last: str, first: str | None) -> None:
    """Also one of 23 or of 25 hours, in a zone whose clocks are put forward and back."""
    (until,), (after,) = (parse(f"seen{operator}{day}") for operator in ("<=", ">"))

    def matches(term: object, at: str) -> bool:
        seen = {"lastseenat": datetime.fromisoformat(f"{at}+00:00")}
        return condition(term, KnownFields((), {}), BERLIN, NOW).matches(seen)

    assert (matches(until, last), matches(after, last)) == (True, False)
    if first is not None:
        assert (matches(until, first), matches(after, first)) == (False, True)
