"""`Cursor`: how far a reader of the feed is, as a text that fits the feed of one site alone."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from shopdb_core.errors import InvalidParameter

NEWEST = "newest"
"""What a reader sends instead of a cursor, to begin after the newest entry."""

BEGIN_ANEW = (
    "Begin anew: request after=newest and keep its `next`, read all assets, then go on from that cursor."
)

_CURSOR = re.compile(r"([0-9a-z]{1,16})-([0-9]{1,18})-([0-9a-f]{8})(?:-([0-9]{1,18}))?")
_NO_ENTRY = "0" * 8


@dataclass(frozen=True, slots=True)
class Cursor:
    """The position of the last entry that was read.

    `mark` identifies that entry, so that a backup that was put back is noticed. Entries up to the position
    `horizon` may have been pruned before the reader began.
    """

    feedid: str
    position: int
    mark: str = _NO_ENTRY
    horizon: int = 0

    def __str__(self) -> str:
        text = f"{self.feedid}-{self.position}-{self.mark}"
        return f"{text}-{self.horizon}" if self.horizon > self.position else text

    @classmethod
    def read(cls, text: str) -> Self:
        """Read the text of a cursor; raises `InvalidParameter` for any other text."""
        found = _CURSOR.fullmatch(text)
        if found is None:
            raise InvalidParameter(
                f"after must be {NEWEST}, or the `next` of an answer of this address. {BEGIN_ANEW}"
            )
        feedid, position, mark, horizon = found.groups(default="0")
        return cls(feedid, int(position), mark, int(horizon))


def mark_of(entry: Mapping[Any, Any]) -> str:
    """Return what identifies an entry among those of a copy of the site, also after `shopdb audit rekey`."""
    content = f"{entry['auditid']} {entry['at'].isoformat()} {entry['assetid']} {entry['requestid']}"
    return hashlib.blake2b(content.encode(), digest_size=4).hexdigest()
