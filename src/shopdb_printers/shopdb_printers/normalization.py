"""Bring a submission into canonical form: SNMP numbers become the names of the declaration."""

from collections.abc import Callable, Mapping
from typing import Final

from shopdb_hookspecs import Json, JsonObject
from shopdb_printers.declaration import STATUSES
from shopdb_printers.macaddress import canonical_macaddress
from shopdb_printers.supplies import canonical_supplies

_STATUS_OF_NUMBER: Final = dict(enumerate(STATUSES, start=1))


def canonical_status(number: int) -> Json:
    """Return the name of an hrPrinterStatus (RFC 2790), and any other number unchanged."""
    return _STATUS_OF_NUMBER.get(number, number)


def normalized(submission: JsonObject) -> JsonObject:
    """Return the submission with each known field canonical; a value of another type stays as it is."""
    canonical = dict(submission)
    for field, (expected, canonicalize) in _CANONICAL_FORMS.items():
        if type(value := submission.get(field)) is expected:
            canonical[field] = canonicalize(value)
    return canonical


_CANONICAL_FORMS: Final[Mapping[str, tuple[type, Callable[[Json], Json]]]] = {
    "macaddress": (str, canonical_macaddress),
    "status": (int, canonical_status),
    "supplies": (list, canonical_supplies),
}
