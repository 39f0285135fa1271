"""Column types that mean the same on every database."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, String, Text
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT, VARBINARY, VARCHAR
from sqlalchemy.types import TypeDecorator, TypeEngine

IDENTITY_KEY_BYTES = 1530
"""Room for 255 characters, case-folded, in UTF-8: no character grows beyond six bytes."""

RowId = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite counts up by itself in columns of type INTEGER only."""

Key = LargeBinary().with_variant(VARBINARY(IDENTITY_KEY_BYTES), "mysql")
"""Bytes, so that no collation and no padding rule ever decides what is equal."""

Digest = LargeBinary().with_variant(VARBINARY(32), "mysql")

JsonText = Text().with_variant(LONGTEXT(), "mysql")
"""JSON as the text that was written: the audit chain is a hash of it."""


def exact_text(length: int) -> TypeEngine[str]:
    """Return the type of a string that is compared character by character, on MySQL too."""
    return String(length).with_variant(VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware date-time in Python, a naive one in UTC in the database.

    SQLite and MariaDB would drop an offset without a word.
    """

    impl = DateTime().with_variant(DATETIME(fsp=6), "mysql")
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
