"""The words of values: how text is compared, and which words of an asset are searched (docs/search.md)."""

import re
import unicodedata
from functools import lru_cache

from shopdb_hookspecs import Json

SHORTEST_PIECE = 3
"""Shorter parts of a word are not words of their own: every MAC address has six of two characters."""

CACHED_LENGTH = 400
CACHED_TEXTS = 16_384
"""Thousands of computers have the same few thousand names of programs, and each its own versions."""

_LEADING_SIGNS = re.compile(r"^[\W_]+")
_PIECES = re.compile(rf"[^\W_]{{{SHORTEST_PIECE},}}")
_VERSION_OR_DAY = re.compile(r"[0-9]{1,5}(:[0-9]+)?\.|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MAY_BEGIN_VERSION = re.compile(r"[0-9]{1,5}(:[0-9]*)?(\..*)?|[0-9]{4}-.*")
_IPV4 = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}")


def fold(text: str) -> str:
    """Return a text as it is compared: in NFC, case-folded, and NFC again, as identities are."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def split_words(text: str) -> tuple[str, ...]:
    """Return the folded parts of a text between white space, without the signs before their first letter."""
    parts = (_LEADING_SIGNS.sub("", part) for part in fold(text).split())
    return tuple(part for part in parts if part)


def text_words(text: str, *, listed: bool = False) -> tuple[str, ...]:
    """Return the words of a text: its parts between white space, and the pieces of these between signs.

    `listed`: the text is in a list of objects, where versions and days are not words.
    """
    recurs = len(text) <= CACHED_LENGTH and not (listed and text[:1].isdigit())
    return (_cached_words if recurs else _find_words)(text, listed)


def _find_words(text: str, listed: bool) -> tuple[str, ...]:  # noqa: FBT001  # cached by position
    words: dict[str, None] = {}
    for part in split_words(text):
        if listed and is_version_or_day(part):
            continue
        words[part] = None
        if not part.isalnum():
            words.update(dict.fromkeys(_PIECES.findall(part)))
    return tuple(words)


_cached_words = lru_cache(CACHED_TEXTS)(_find_words)


def is_version_or_day(word: str) -> bool:
    """Return whether a word is a version such as `10.0.19045` or a day; an IPv4 address is not."""
    return bool(_VERSION_OR_DAY.match(word)) and not _IPV4.fullmatch(word)


def may_begin_version(word: str) -> bool:
    """Return whether a word that is searched only outside of lists may begin with this one."""
    return bool(_MAY_BEGIN_VERSION.fullmatch(word)) and not _IPV4.fullmatch(word)


def number_word(number: float) -> str:
    """Return a number, `true` or `false` as a word; 16.0 is 16."""
    if isinstance(number, bool):
        return "true" if number else "false"
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def value_words(value: Json, *, listed: bool = False) -> tuple[str, ...]:
    """Return the words of one value that is not an object or a list."""
    if isinstance(value, str):
        return text_words(value, listed=listed)
    if value is None:
        return ()
    return (number_word(value).lstrip("-"),)


def add_words(found: set[str], value: Json, *, listed: bool = False) -> None:
    """Add the words of a value, at every depth, to a set; in a list of objects it is `listed`."""
    if isinstance(value, dict):
        for member in value.values():
            add_words(found, member, listed=listed)
    elif isinstance(value, list):
        for item in value:
            add_words(found, item, listed=listed or isinstance(item, dict))
    else:
        found.update(value_words(value, listed=listed))
