"""The wrappers that `ConvertTo-Json` of PowerShell 5.1 puts around arrays and dates.

Values that pipelines write in another form than the schema asks for, brought into that form.

From a parsed submission to a clean one: known fields only, trimmed, coerced, and storable.
"""

import unicodedata
from dataclasses import dataclass
from datetime import tzinfo
from operator import is_

from shopdb_core.errors import Fault
from shopdb_core.intake.dates import read_date
from shopdb_core.intake.plan import Plan, field_plans, is_of
from shopdb_core.intake.scan import DocumentScan, Notes, scan_document, storable_faults, tidied_object
from shopdb_core.json_text import Path
from shopdb_hookspecs import Json, JsonObject


def wrapped_array(value: dict[str, Json]) -> list[Json] | None:
    """Give the array inside `{"value": […], "Count": n}`, `None` for any other object.

    PowerShell writes an array so where its own wrapper object comes to light. The count is not compared:
    trimming may have dropped an item.
    """
    items = value.get("value")
    if value.keys() == {"value", "Count"} and isinstance(items, list):
        return items
    return None


def wrapped_date(value: dict[str, Json]) -> str | None:
    """Give the text inside `{"value": "/Date(ms)/", "DisplayHint": 2, …}`, as `Get-Date` is written."""
    text = value.get("value")
    return text if isinstance(text, str) and text.startswith("/Date(") else None


class Coercion:
    """The coercions of one submission; what is not recognised stays for validation to explain."""

    def __init__(self, zone: tzinfo, notes: Notes) -> None:
        self._zone = zone
        self._notes = notes

    def members(self, value: dict[str, Json], plans: dict[str, Plan], path: Path = ()) -> dict[str, Json]:
        """Coerce the members that have a plan; gives the same object where nothing changes."""
        changed = {}
        for name, plan in plans.items():
            if name in value:
                coerced = self._value(value[name], plan, (*path, name))
                if coerced is not value[name]:
                    changed[name] = coerced
        return {**value, **changed} if changed else value

    def _value(self, value: Json, plan: Plan, path: Path) -> Json:
        if value is None:
            return value
        if plan.isdate:
            value = self._date(value, plan, path)
        if plan.isarray() and not is_of(value, plan.kinds):
            value = self._array(value, plan, path)
        if plan.items is not None and isinstance(value, list):
            return self._items(value, plan.items, path)
        if plan.properties and isinstance(value, dict):
            return self.members(value, plan.properties, path)
        return value

    def _items(self, value: list[Json], plan: Plan, path: Path) -> list[Json]:
        items = [self._value(item, plan, (*path, position)) for position, item in enumerate(value)]
        return value if all(map(is_, items, value)) else items

    def _date(self, value: Json, plan: Plan, path: Path) -> Json:
        text = wrapped_date(value) if isinstance(value, dict) and not is_of(value, plan.kinds) else value
        reading = read_date(text, self._zone) if isinstance(text, str) else None
        if reading is None:
            return value
        if reading.remark is not None:
            self._notes.add(path, reading.remark)
        return value if reading.text == value else reading.text

    def _array(self, value: Json, plan: Plan, path: Path) -> Json:
        items = wrapped_array(value) if isinstance(value, dict) else None
        if items is not None:
            self._notes.add(path, "an object with value and Count was read as the array in it")
            return items
        single = self._date(value, plan.items, (*path, 0)) if plan.items and plan.items.isdate else value
        if not is_of(single, plan.itemkinds):
            return value
        self._notes.add(path, "a single value was read as an array of one")
        return [single]


_LONGEST_IDENTITY = 1_024


@dataclass(frozen=True, slots=True)
class Shaped:
    """A clean submission, what of it cannot be stored, and what its sender should know.

    The pointers of the faults are places of this submission, not of the one that arrived.
    """

    submission: dict[str, Json]
    faults: list[Fault]
    warnings: list[str]


class Shaper:
    """Shapes the submissions of one collector, from its checked declaration; threads may share it."""

    def __init__(self, declaration: JsonObject, zone: tzinfo) -> None:
        self._fields = frozenset(declaration["fields"])
        self._drops_unknown = declaration.get("additionalfields", "warn") == "warn"
        self._plans = field_plans(declaration)
        self._identities = [
            declaration[key] for key in ("identityfield", "secondaryidentity") if key in declaration
        ]
        self._zone = zone

    def shape(self, submission: dict[str, Json], contents: DocumentScan | None = None) -> Shaped:
        """Shape one submission; it is never altered, and comes back itself where nothing changes.

        Unknown fields are dropped, strings trimmed, empty ones left out, arrays and date-times brought
        into the form that the schema asks for, identities into Unicode's NFC (contract, sections 2 to 4).
        `null` stays: it clears a field. `contents` are those of the submission, where they are known.
        """
        notes = Notes()
        known = self._known(submission, notes)
        if contents is None:
            contents = scan_document(known)
        tidied = known if contents.are_tidy() else tidied_object(known, notes)
        coerced = Coercion(self._zone, notes).members(tidied, self._plans)
        faults = [] if contents.are_storable() else storable_faults(coerced)
        return Shaped(self._normalised(coerced), faults, notes.warnings())

    def _known(self, submission: dict[str, Json], notes: Notes) -> dict[str, Json]:
        if not self._drops_unknown or submission.keys() <= self._fields:
            return submission
        for name in submission:
            if name not in self._fields:
                notes.add((name,), "is no field of this collector and was dropped")
        return {name: value for name, value in submission.items() if name in self._fields}

    def _normalised(self, submission: dict[str, Json]) -> dict[str, Json]:
        changed = {}
        for field in self._identities:
            value = submission.get(field)
            if isinstance(value, str) and (normal := _nfc(value)) != value:
                changed[field] = normal
        return {**submission, **changed} if changed else submission


def _nfc(identity: str) -> str:
    """Normalise an identity, unless it is too long to be one: many combining marks take quadratic time."""
    return unicodedata.normalize("NFC", identity) if len(identity) <= _LONGEST_IDENTITY else identity
