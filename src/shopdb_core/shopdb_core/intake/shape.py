"""From a parsed submission to a clean one: known fields only, trimmed, coerced, and storable."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from itertools import islice
from operator import is_

from shopdb_core.declarations.named_fields import evidence_paths
from shopdb_core.declarations.validation.messages import describe, near_words
from shopdb_core.intake.dates import DateReading, is_min_value, read_date, read_day
from shopdb_core.intake.plan import Plan, field_plans, has_type
from shopdb_core.intake.scan import DocumentScan, is_storable, scan_document, trimmed_text
from shopdb_core.json_text import JsonPath, printable, printable_pointer
from shopdb_hookspecs import Json, JsonObject

MOST_WARNINGS = 20

_MOST_HINTS = 256
"""How many names of unknown fields are remembered with their hints: a pipeline sends the same ones again."""

_LONGEST_IDENTITY = 1_024

_ABSENT: Json = object()
"""Replaces a value that counts as absent, until its object or array is rebuilt without it."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """A clean submission, whether each of its values can be stored, and warnings for the sender.

    `warned` are the fields that the warnings are about.
    """

    submission: dict[str, Json]
    storable: bool
    warnings: list[str]
    warned: frozenset[str]


class Shaper:
    """Shapes the submissions of one collector, from its checked declaration; threads may share it."""

    def __init__(self, declaration: JsonObject, zone: tzinfo) -> None:
        self._fields = frozenset(declaration["fields"])
        self._drops_unknown = declaration.get("additionalfields", "warn") == "warn"
        self._plans = field_plans(declaration)
        secondary = {path.field for path in evidence_paths(declaration) if path.member is None}
        self._identities = [declaration["identityfield"], *sorted(secondary)]
        self._zone = zone
        self._hint = lru_cache(_MOST_HINTS)(self._uncached_hint)

    def shape(self, submission: dict[str, Json], scan: DocumentScan | None = None) -> Shaped:
        """Shape one submission; it is never altered, and is returned itself where nothing changes.

        Unknown fields are dropped, strings trimmed, empty ones left out, arrays and date-times brought
        into the form that the schema asks for, identities into Unicode's NFC (contract, sections 2 to 4).
        `null` stays: it clears a field. `scan` is the scan of the submission, where the caller has it.
        """
        warnings = WarningCollector()
        known = self._known(submission, warnings)
        if scan is None:
            scan = scan_document(known)
        trimmed = known if scan.is_trimmed() else _trimmed_object(known, warnings)
        coerced = _Coercion(self._zone, warnings).members(trimmed, self._plans)
        storable = scan.is_storable() or is_storable(coerced)
        return Shaped(self._normalised(coerced), storable, warnings.sentences(), warnings.fields())

    def _known(self, submission: dict[str, Json], warnings: "WarningCollector") -> dict[str, Json]:
        if not self._drops_unknown or submission.keys() <= self._fields:
            return submission
        for number, name in enumerate(name for name in submission if name not in self._fields):
            hint = self._hint(name) if number < MOST_WARNINGS else ""
            warnings.add((name,), f"is not a declared field; dropped{hint}")
        return {name: value for name, value in submission.items() if name in self._fields}

    def _uncached_hint(self, name: str) -> str:
        near = near_words(name, self._fields)
        return f"; did you mean {describe(min(near))}?" if near else ""

    def _normalised(self, submission: dict[str, Json]) -> dict[str, Json]:
        changed = {}
        for field in self._identities:
            value = submission.get(field)
            if isinstance(value, str) and (normal := _nfc(value)) != value:
                changed[field] = normal
        return {**submission, **changed} if changed else submission


def _nfc(identity: str) -> str:
    """Normalise an identity that is not too long to be one: many combining marks take quadratic time."""
    return unicodedata.normalize("NFC", identity) if len(identity) <= _LONGEST_IDENTITY else identity


class WarningCollector:
    """Counts the warnings about one submission, so that 5,000 equal ones become one sentence."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], JsonPath] = {}

    def add(self, path: JsonPath, predicate: str) -> None:
        """Add a warning about the value at `path`; the name of its top-level field precedes `predicate`."""
        warning = (str(path[0]), predicate)
        self._counts[warning] += 1
        self._first.setdefault(warning, path)

    def fields(self) -> frozenset[str]:
        """Return the top-level fields that the warnings are about."""
        return frozenset(field for field, _ in self._first)

    def sentences(self) -> list[str]:
        """Return the sentences in the order of their first occurrence, shortened as `capped` does."""
        first = islice(self._first.items(), MOST_WARNINGS)
        sentences = [_sentence(*warning, self._counts[warning], path) for warning, path in first]
        return capped(sentences, len(self._first))


def capped(sentences: Sequence[str], total: int) -> list[str]:
    """Return the first 20 of `total` sentences, and `and N more` where there are more."""
    more = total - MOST_WARNINGS
    return [*sentences[:MOST_WARNINGS], f"and {more} more"] if more > 0 else list(sentences)


def _sentence(field: str, predicate: str, count: int, first: JsonPath) -> str:
    if count > 1:
        where = f" ({count} times, first at {printable_pointer(first)})"
    else:
        where = f" (at {printable_pointer(first)})" if len(first) > 1 else ""
    return f"{printable(field)}: {predicate}{where}"


def _trimmed_object(
    members: dict[str, Json], warnings: WarningCollector, path: JsonPath = ()
) -> dict[str, Json]:
    """Trim the strings of an object at every depth, and leave out the empty ones (contract, section 3)."""
    kept = {}
    for name, value in members.items():
        trimmed = _trimmed(value, warnings, (*path, name))
        if trimmed != "":
            kept[name] = trimmed
    return kept


def _trimmed(value: Json, warnings: WarningCollector, path: JsonPath) -> Json:
    if isinstance(value, str):
        trimmed = trimmed_text(value)
        if len(trimmed) < len(value.strip()):
            warnings.add(path, "NUL characters at the end were removed")
        if not trimmed:
            warnings.add(path, "an empty string counts as absent")
        return trimmed
    if isinstance(value, dict):
        return _trimmed_object(value, warnings, path)
    if isinstance(value, list):
        items = [_trimmed(item, warnings, (*path, index)) for index, item in enumerate(value)]
        return [item for item in items if item != ""]
    return value


class _Coercion:
    """The coercions of one submission; an unrecognised value stays, and validation reports it."""

    def __init__(self, zone: tzinfo, warnings: WarningCollector) -> None:
        self._zone = zone
        self._warnings = warnings

    def members(self, value: dict[str, Json], plans: dict[str, Plan], path: JsonPath = ()) -> dict[str, Json]:
        """Coerce the members that have a plan; returns the same object where nothing changes."""
        changed = {}
        for name, plan in plans.items():
            if name in value:
                coerced = self._value(value[name], plan, (*path, name))
                if coerced is not value[name]:
                    changed[name] = coerced
        return _without_absent({**value, **changed}) if changed else value

    def _value(self, value: Json, plan: Plan, path: JsonPath) -> Json:
        if value is None:
            return value
        if plan.has_date():
            value = self._date(value, plan, path)
        if value is not _ABSENT and plan.is_array() and not has_type(value, plan.types):
            value = self._array(value, plan, path)
        if plan.items is not None and isinstance(value, list):
            return self._items(value, plan.items, path)
        if plan.properties and isinstance(value, dict):
            return self.members(value, plan.properties, path)
        return value

    def _items(self, value: list[Json], plan: Plan, path: JsonPath) -> list[Json]:
        if plan.concerns_none(value):
            return value
        items = [self._value(item, plan, (*path, index)) for index, item in enumerate(value)]
        if all(map(is_, items, value)):
            return value
        return [item for item in items if item is not _ABSENT]

    def _date(self, value: Json, plan: Plan, path: JsonPath) -> Json:
        """Return the date-time in UTC or the day, `_ABSENT` for `DateTime.MinValue`, else the value."""
        text = _wrapped_date(value) if isinstance(value, dict) and not has_type(value, plan.types) else value
        if isinstance(text, str) and is_min_value(text):
            self._warnings.add(path, "the date 0001-01-01 (DateTime.MinValue) counts as absent")
            return _ABSENT
        reading = self._reading(text, plan) if isinstance(text, str) else None
        if reading is None:
            return value
        if reading.warning is not None:
            self._warnings.add(path, reading.warning)
        return value if reading.text == value else reading.text

    def _reading(self, text: str, plan: Plan) -> DateReading | None:
        reading = read_date(text, self._zone) if plan.is_date else None
        return reading or (read_day(text, self._zone) if plan.is_day else None)

    def _array(self, value: Json, plan: Plan, path: JsonPath) -> Json:
        items = _wrapped_array(value) if isinstance(value, dict) else None
        if items is not None:
            self._warnings.add(path, "an object with value and Count was read as the array in it")
            return items
        items_plan = plan.items if plan.items and plan.items.has_date() else None
        single = self._date(value, items_plan, (*path, 0)) if items_plan else value
        if single is _ABSENT:
            return single
        if not has_type(single, plan.item_types):
            return value
        self._warnings.add(path, "a single value was read as an array of one")
        return [single]


def _without_absent(members: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value is not _ABSENT}


def _wrapped_array(value: dict[str, Json]) -> list[Json] | None:
    """Return the array inside `{"value": […], "Count": n}`, as PowerShell 5.1 may write it; else `None`.

    The count is not compared: trimming may have dropped an item.
    """
    items = value.get("value")
    return items if value.keys() == {"value", "Count"} and isinstance(items, list) else None


def _wrapped_date(value: dict[str, Json]) -> str | None:
    """Return the text inside `{"value": "/Date(ms)/", "DisplayHint": 2, …}`, as `Get-Date` is written."""
    text = value.get("value")
    return text if isinstance(text, str) and text.startswith("/Date(") else None
