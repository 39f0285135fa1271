"""What a query asks of an asset: the conditions of its terms, which alone decide what matches."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Any, Protocol

import orjson

from shopdb_core.intake.dates import read_date
from shopdb_core.search.fields import Field, KnownFields
from shopdb_core.search.grammar import Term
from shopdb_core.search.words import (
    begins_with,
    fold,
    number_word,
    split_words,
    value_words,
    version_start,
)
from shopdb_hookspecs import Json, JsonObject

TIMES = ("createdat", "updatedat", "lastseenat")
LONGEST_TIME = 40
"""Characters of a date-time; a longer text is not one."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AGE = re.compile(r"([0-9]{1,6})(min|h|d|w|y)")
_MINUTES = MappingProxyType({"min": 1, "h": 60, "d": 1_440, "w": 10_080, "y": 525_600})
_OF_AGE = MappingProxyType({"<": ">", "<=": ">=", ">": "<", ">=": "<="})
"""A younger age is a later time."""

_COMPARE: Mapping[str, Callable[[datetime | float, datetime | float], bool]] = MappingProxyType(
    {"<": lt, "<=": le, ">": gt, ">=": ge}
)
# As JSON text has them as they are.
_PLAIN_CHARACTERS = re.compile(r'[^\d"\\\x00-\x1f][^"\\\x00-\x1f]*')


class FoundAsset:
    """An asset by its row in the list, whose JSON texts are read when they are needed."""

    def __init__(self, row: Any) -> None:
        self._row = row

    def __getitem__(self, name: str, /) -> Json:
        """Return a column, or the object of attributes or site fields."""
        return getattr(self if name in ("attributes", "sitefields") else self._row, name)

    @cached_property
    def attributes(self) -> JsonObject:
        """The fields of collectors."""
        return orjson.loads(self._row.attributes)  # type: ignore[no-any-return]  # an object

    @cached_property
    def sitefields(self) -> JsonObject:
        """The fields of people."""
        return orjson.loads(self._row.sitefields or "{}")  # type: ignore[no-any-return]  # an object

    @cached_property
    def folded(self) -> str:
        """Its text as it is compared, which shows quickly that a word is not in it."""
        row = self._row
        return fold("\n".join((row.identityvalue, row.assettype, row.attributes, row.sitefields or "")))

    @cached_property
    def values(self) -> list[Json]:
        """Every value in which a plain word is searched."""
        found = [self._row.identityvalue, self._row.assettype]
        add_values(found, self.attributes)
        add_values(found, self.sitefields)
        return found


def add_values(found: list[Json], value: Json) -> None:
    """Add the values at every depth to a list."""
    if isinstance(value, dict):
        for member in value.values():
            add_values(found, member)
    elif isinstance(value, list):
        for item in value:
            add_values(found, item)
    else:
        found.append(value)


@dataclass(frozen=True, slots=True)
class IndexWord:
    """A word, or the beginning of one, by which the index finds every asset that a condition finds.

    `version`: what the index has instead of a version that begins so.
    """

    text: str
    whole: bool
    version: str | None = None

    @classmethod
    def of(cls, word: str, *, whole: bool) -> "IndexWord":
        """Return what the index has of a word in a query."""
        version = version_start(word)
        return cls(word, whole and version is None, version)


class Condition(Protocol):
    """What one term asks of an asset."""

    def matches(self, asset: FoundAsset) -> bool:
        """Return whether the asset fulfils it."""
        ...

    def index_words(self) -> Sequence[IndexWord]:
        """Return the words that every asset has that fulfils it; none, if that is not known."""
        ...


@dataclass(frozen=True, slots=True)
class AnyWords:
    """A word with which a word of any value begins, or a phrase that is in a value."""

    words: tuple[str, ...]

    def matches(self, asset: FoundAsset) -> bool:
        """Return whether the asset fulfils it."""
        plain = [word for word in self.words if _PLAIN_CHARACTERS.fullmatch(word)]
        if not all(word in asset.folded for word in plain):
            return False
        if len(self.words) == len(plain) == 1 and _begins_text(asset.folded, plain[0]):
            return True
        return any(_has_words(value, self.words) for value in asset.values)

    def index_words(self) -> Sequence[IndexWord]:
        """Return its words; all but the last of a phrase are whole."""
        *first, last = self.words
        return [*(IndexWord.of(word, whole=True) for word in first), IndexWord.of(last, whole=False)]


@dataclass(frozen=True, slots=True)
class FieldWords:
    """A word or a phrase in one field; a number is equal to it there."""

    field: Field
    words: tuple[str, ...]
    number: str | None

    def matches(self, asset: FoundAsset) -> bool:
        """Return whether the asset fulfils it."""
        return any(map(self._is_in, _field_values(self.field, asset)))

    def _is_in(self, value: Json) -> bool:
        if isinstance(value, datetime):
            return _has_words(value.isoformat(), self.words)
        if self.number is not None and isinstance(value, int | float):
            return number_word(value) == self.number
        return _has_words(value, self.words)

    def index_words(self) -> Sequence[IndexWord]:
        """Return its words, unless the index may lack them: it has two columns, and numbers in one form."""
        is_indexed = self.field.column in (None, "identityvalue", "assettype", "attributes", "sitefields")
        if not is_indexed or (self.number is not None and self.words != (self.number,)):
            return ()
        return AnyWords(self.words).index_words()


@dataclass(frozen=True, slots=True)
class Compares:
    """A number or a time in one field that is less or greater than a given one."""

    field: Field
    operator: str
    bound: datetime | float
    zone: tzinfo

    def matches(self, asset: FoundAsset) -> bool:
        """Return whether the asset fulfils it."""
        compare, read = _COMPARE[self.operator], self._time if isinstance(self.bound, datetime) else _number
        found = map(read, _field_values(self.field, asset))
        return any(each is not None and compare(each, self.bound) for each in found)

    def _time(self, value: Json) -> datetime | None:
        if isinstance(value, str) and len(value) <= LONGEST_TIME:
            return _read_time(value, self.zone)
        return value if isinstance(value, datetime) else None

    def index_words(self) -> Sequence[IndexWord]:
        """Return nothing: the index has no order of values."""
        return ()


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    condition: Condition

    def matches(self, asset: FoundAsset) -> bool:
        """Return whether the asset does not fulfil the condition."""
        return not self.condition.matches(asset)

    def index_words(self) -> Sequence[IndexWord]:
        """Return nothing: the index finds what an asset has."""
        return ()


def condition(term: Term, known: KnownFields, zone: tzinfo, now: datetime) -> Condition:
    """Return the condition of a term; dates without an offset are in `zone`, ages are before `now`.

    Raises `InvalidParameter` for an unknown field, and for a value that cannot be compared.
    """
    found = _positive(term, known, zone, now)
    return Not(found) if term.negated else found


def _positive(term: Term, known: KnownFields, zone: tzinfo, now: datetime) -> Condition:
    if term.field is None:
        return AnyWords(split_words(term.text))
    field = known.find(term.field)
    if isinstance(field, str):
        raise term.fault(f"{field} Put the term in quotation marks to search for its text")
    if term.operator == ":":
        number = number_word(_number_of(term.text)) if _NUMBER.fullmatch(term.text) else None
        return FieldWords(field, split_words(term.text), number)
    operator, bound = _bound(term, zone, now)
    if field.column in TIMES and not isinstance(bound, datetime):
        raise term.fault("needs a day such as 2026-11-01, a date-time, or an age such as 30d")
    return Compares(field, operator, bound, zone)


def _field_values(field: Field, asset: FoundAsset) -> list[Json]:
    found: list[Json] = []
    for value in field.values(asset):
        add_values(found, value)
    return found


def _begins_text(text: str, word: str) -> bool:
    """Return whether the first word of JSON that begins with a word is in a string that is not a name.

    If not, another one may be. It saves reading the JSON.
    """
    at = max(text.find(f'"{word}'), text.find(f" {word}"))
    end = text.find('"', at + 1)
    return 0 <= at < end and text[end - 1] != "\\" and text[end + 1 : end + 2] != ":"


def _has_words(value: Json, words: tuple[str, ...]) -> bool:
    """Return whether a word of the value begins with a word, or the phrase of several is in it."""
    if isinstance(value, str) and words[0] not in fold(value):  # nearly always
        return False
    if len(words) == 1:
        return any(begins_with(word, words[0]) for word in value_words(value))
    return isinstance(value, str) and f" {' '.join(words)}" in f" {' '.join(split_words(value))}"


def _bound(term: Term, zone: tzinfo, now: datetime) -> tuple[str, datetime | float]:
    """Return what a field is compared with, and how: a day lasts until the next one begins."""
    text, operator = term.text.strip(), term.operator
    if _NUMBER.fullmatch(text):
        return operator, _number_of(text)
    if age := _AGE.fullmatch(text):
        return _OF_AGE[operator], _before(now, timedelta(minutes=int(age[1]) * _MINUTES[age[2]]))
    moment = _read_time(text, zone)
    if moment is None:
        raise term.fault(
            "needs a number, a day such as 2026-11-01, a date-time, or an age such as 30d (min, h, d, w, y)"
        )
    if _DAY.fullmatch(text) and operator in (">", "<="):
        return {">": ">=", "<=": "<"}[operator], _end_of_day(text, zone)
    return operator, moment


def _before(moment: datetime, age: timedelta) -> datetime:
    try:
        return moment - age
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _beginning_of_day(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _end_of_day(text: str, zone: tzinfo) -> datetime:
    """Return when the next day begins: not always after 24 hours, since clocks are put forward and back."""
    try:
        return _beginning_of_day(date.fromisoformat(text) + timedelta(days=1), zone)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _read_time(text: str, zone: tzinfo) -> datetime | None:
    """Return a day's beginning or a date-time, in UTC."""
    try:
        if _DAY.fullmatch(text):
            return _beginning_of_day(date.fromisoformat(text), zone)
        found = read_date(text, zone) if text[:4].isdigit() or text.startswith("/") else None
        return datetime.fromisoformat(found.text) if found else None
    except (ValueError, OverflowError):
        return None


def _number_of(text: str) -> float:
    return float(text) if "." in text else int(text)


def _number(value: Json) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
