"""The words of values: how text is compared, and by which words the index finds it (docs/search.md)."""

import re
import unicodedata
from functools import lru_cache

from shopdb_core.store.tables import WORD_LENGTH
from shopdb_hookspecs import Json

SHORTEST_PIECE = 3
"""Shorter parts of a word are not words of their own: every MAC address has six of two characters."""

CACHED_LENGTH = 400
CACHED_TEXTS = 16_384
"""Thousands of computers have the same few thousand programs and versions."""

_LEADING_SIGNS = re.compile(r"^[\W_]+")
_PIECES = re.compile(rf"[^\W_]{{{SHORTEST_PIECE},}}")
# A version, also of a Debian package with its epoch, or a day: what follows its first two numbers varies.
_VERSION = re.compile(r"([0-9]{1,5}(?::[0-9]+)?\.[0-9]*|[0-9]{4}-[0-9]{2}(?=-))")
_IPV4 = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}(?![0-9.])")


def fold(text: str) -> str:
    """Return a text as it is compared: in NFC, case-folded, and NFC again, as identities are."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def split_words(text: str) -> tuple[str, ...]:
    """Return the folded parts of a text between white space, without the signs before their first letter."""
    parts = (_LEADING_SIGNS.sub("", part) for part in fold(text).split())
    return tuple(part for part in parts if part)


def text_words(text: str) -> tuple[str, ...]:
    """Return the words of a text: its parts between white space, and the pieces of these between signs.

    A version or a day is one word.
    """
    return (_cached_words if len(text) <= CACHED_LENGTH else _find_words)(text)


def _find_words(text: str) -> tuple[str, ...]:
    words: dict[str, None] = {}
    for part in split_words(text):
        words[part] = None
        if not part.isalnum() and version_start(part) is None:
            words.update(dict.fromkeys(_PIECES.findall(part)))
    return tuple(words)


_cached_words = lru_cache(CACHED_TEXTS)(_find_words)


def version_start(word: str) -> str | None:
    """Return the first two numbers of a version or a day, such as `10.0` of `10.0.19045`; else `None`."""
    found = _VERSION.match(word)
    return None if found is None or is_address(word) else found[0]


def is_address(word: str) -> bool:
    """Return whether a word is an IPv4 address, also with the length of its prefix."""
    return _IPV4.match(word) is not None


def begins_with(word: str, beginning: str) -> bool:
    """Return whether a word begins with another; an IPv4 address is not the beginning of a version."""
    return word.startswith(beginning) and not (is_address(beginning) and version_start(word))


def number_word(number: float) -> str:
    """Return a number, `true` or `false` as a word; 16.0 is 16."""
    if isinstance(number, bool):
        return "true" if number else "false"
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def value_words(value: Json) -> tuple[str, ...]:
    """Return the words of one value that is not an object or a list."""
    if isinstance(value, str):
        return text_words(value)
    return () if value is None else (number_word(value).lstrip("-"),)


def word_key(word: str) -> bytes:
    """Return a word, or the beginning of one, as the index has it."""
    return word[:WORD_LENGTH].encode()


def add_keys(found: set[bytes], value: Json, *, listed: bool = False) -> None:
    """Add the keys by which the index finds a value, at every depth, to a set.

    `listed`: it is in a list of objects, where versions and days have the keys of their first two numbers:
    each computer has others.
    """
    if isinstance(value, dict):
        for member in value.values():
            if isinstance(member, str):  # nearly all; a call for each would take as long as the rest
                found.update(_text_keys(member, listed))
            else:
                add_keys(found, member, listed=listed)
    elif isinstance(value, list):
        for item in value:
            add_keys(found, item, listed=listed or isinstance(item, dict))
    elif isinstance(value, str):
        found.update(_text_keys(value, listed))
    else:
        found.update(map(word_key, value_words(value)))


def _text_keys(text: str, listed: bool) -> tuple[bytes, ...]:  # noqa: FBT001  # cached by position
    return (_cached_keys if len(text) <= CACHED_LENGTH else _find_keys)(text, listed)


def _find_keys(text: str, listed: bool) -> tuple[bytes, ...]:  # noqa: FBT001  # likewise
    words = _find_words(text)
    return tuple(word_key((listed and version_start(word)) or word) for word in words)


_cached_keys = lru_cache(CACHED_TEXTS)(_find_keys)
