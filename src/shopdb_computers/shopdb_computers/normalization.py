"""Bring a submission into canonical form, so that another spelling does not count as a change."""

from collections.abc import Callable, Mapping
from typing import Final

from shopdb_computers.macaddress import canonical_macaddress
from shopdb_computers.programs import canonical_programs
from shopdb_hookspecs import Json, JsonObject


def canonical_hostname(text: str) -> str:
    """Return a host name without the dot at the end of an absolute name (RFC 1034, section 3.1).

    The domain is kept, since two domains may each have a `pc-1`. The core ignores case.
    """
    return text.rstrip(".") or text


def normalized(submission: JsonObject) -> JsonObject:
    """Return the submission with each known field canonical; a value of another type stays as it is."""
    canonical = dict(submission)
    for field, (expected, canonicalize) in _CANONICAL_FORMS.items():
        if isinstance(value := submission.get(field), expected):
            canonical[field] = canonicalize(value)
    return canonical


_CANONICAL_FORMS: Final[Mapping[str, tuple[type, Callable[[Json], Json]]]] = {
    "hostname": (str, canonical_hostname),
    "macaddress": (str, canonical_macaddress),
    "installedsoftware": (list, canonical_programs),
}
