"""Which entries expire, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from shopdb_core.audit.prune import expiries
from shopdb_core.settings import Settings

SECRET = "a-secret-key-for-tests-0123456789-abcdef"


@pytest.mark.parametrize(
    ("days", "noop_days", "expected"),
    [(None, 30, {"noop": 30}), (365, 30, {"noop": 30, "change": 365}), (7, 30, {"noop": 30, "change": 7}),
     (None, None, {})],
)  # fmt: skip
def test_the_days_of_each_kind_count_for_that_kind(days, noop_days, expected):
    """What is kept for ever does not expire."""
    now = datetime(2026, 6, 1, tzinfo=UTC)
    settings = Settings(secret_key=SECRET, audit_retention_days=days, audit_noop_retention_days=noop_days)

    found = {expiry.kind: expiry.before for expiry in expiries(settings, now)}

    assert found == {kind: now - timedelta(number) for kind, number in expected.items()}


@pytest.mark.parametrize(("days", "share"), [(1, 0.5), (3, 0.5), (10, 0.2), (30, 0.1), (365, 0.1)])
def test_a_day_has_a_share(days, share):
    """It is at least what expires in a day, and bounded; `force` has no bound."""
    settings = Settings(secret_key=SECRET, audit_noop_retention_days=days)
    now = datetime(2026, 6, 1, tzinfo=UTC)

    assert [expiry.share for expiry in expiries(settings, now)] == [share]
    assert [expiry.share for expiry in expiries(settings, now, force=True)] == [None]
