"""Column types that mean the same on every database."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, Text
from sqlalchemy.types import TypeDecorator

IDENTITY_KEY_BYTES = 1530
"""Room for 255 characters, case-folded, in UTF-8: no character grows beyond six bytes."""

RowId = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite counts up by itself in columns of type INTEGER only."""

Key = LargeBinary(IDENTITY_KEY_BYTES)
"""Bytes, so that no collation and no padding rule ever decides what is equal."""

Digest = LargeBinary(32)

JsonText = Text()
"""JSON as the text that was written: the audit chain is a hash of it."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware date-time in Python, a naive one in UTC in the database.

    SQLite and MariaDB would drop an offset without a word.
    """

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Convert to UTC; raises `ValueError` for a value without an offset."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A date-time without an offset was about to be stored.")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Say again that it is UTC."""
        return value and value.replace(tzinfo=UTC)
