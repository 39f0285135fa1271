"""From a parsed submission to a clean one: known fields only, trimmed, coerced, and storable."""

import unicodedata
from dataclasses import dataclass
from datetime import tzinfo

from shopdb_core.faults import Fault
from shopdb_core.intake.coercion import Coercion
from shopdb_core.intake.contents import Contents, contents_of
from shopdb_core.intake.notes import Notes
from shopdb_core.intake.plan import field_plans
from shopdb_core.intake.storable import storable_faults
from shopdb_core.intake.tidy import tidied_object
from shopdb_hookspecs import Json, JsonObject

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

    def shape(self, submission: dict[str, Json], contents: Contents | None = None) -> Shaped:
        """Shape one submission; it is never altered, and comes back itself where nothing changes.

        Unknown fields are dropped, strings trimmed, empty ones left out, arrays and date-times brought
        into the form that the schema asks for, identities into Unicode's NFC (contract, sections 2 to 4).
        `null` stays: it clears a field. `contents` are those of the submission, where they are known.
        """
        notes = Notes()
        known = self._known(submission, notes)
        if contents is None:
            contents = contents_of(known)
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
