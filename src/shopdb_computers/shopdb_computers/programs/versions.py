"""Compare versions that do not follow a common scheme."""

import re
from typing import TypeAlias

VersionKey: TypeAlias = tuple[tuple[bool, int, str], ...]

_ZERO = (True, 0, "")


def version_key(version: str) -> VersionKey:
    """Return a sort key for versions such as `10.0.50903`, `3.32.1-1.fc31` and `2.3.8-I001`.

    Numbers compare as numbers, words as words, a number follows a word (`1.0.rc1` before `1.0.1`), and
    zeros at the end do not count (`10` equals `10.0`).
    """
    parts = [_part_key(part) for part in re.findall("[0-9]+|[a-z]+", version.lower())]
    while parts and parts[-1] == _ZERO:
        parts.pop()
    return tuple(parts)


def _part_key(part: str) -> tuple[bool, int, str]:
    """Return the key of a part; comparing the count of digits first avoids converting long numbers."""
    if not part.isdigit():
        return (False, 0, part)
    digits = part.lstrip("0")
    return (True, len(digits), digits)
