"""`Pipeline`: reads, shapes, normalises and validates a submission; uses no database."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from shopdb_core.assets.identity import fits, identity_key, is_placeholder
from shopdb_core.declarations.messages import describe
from shopdb_core.errors import Fault, InvalidSubmission, PluginFailure
from shopdb_core.intake.decoding import read_document
from shopdb_core.intake.http_body import Body
from shopdb_core.intake.lenient import drop_faulty
from shopdb_core.intake.scan import DocumentScan
from shopdb_core.intake.shape import Shaper
from shopdb_core.json_text import canonical
from shopdb_core.plugins.collector import Collector
from shopdb_hookspecs import Json, JsonObject

MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class PreparedSubmission:
    """A valid, normalised submission with its identity.

    `hash` (16 bytes) is equal for submissions that have the same effect, however they were spelt.
    """

    submission: JsonObject
    identityvalue: str
    identitykey: bytes
    hash: bytes
    warnings: tuple[str, ...]


class Pipeline:
    """Prepares the submissions of one collector."""

    def __init__(self, collector: Collector, zone: tzinfo) -> None:
        self._collector = collector
        self._shaper = Shaper(collector.declaration, zone)

    def prepare_body(self, body: Body, *, lenient: bool) -> PreparedSubmission:
        """Read a body and prepare its submission; raises `MalformedBody`, and all that `prepare` raises."""
        document = read_document(body)
        prepared = self.prepare(document.content, document.scan, lenient=lenient)
        return replace(prepared, warnings=document.warnings + prepared.warnings)

    def prepare(
        self, submission: dict[str, Json], scan: DocumentScan | None = None, *, lenient: bool
    ) -> PreparedSubmission:
        """Shape, normalise and validate; raises `InvalidSubmission` with up to 20 faults.

        Raises `PluginFailure` if `normalize_submission` failed. `lenient` drops invalid optional values
        instead (RFC 7240, `handling=lenient`). `scan` is that of the submission, if it was scanned before.
        """
        shaped = self._shaper.shape(submission, scan)
        normalized = self._collector.normalize(shaped.submission)
        if not shaped.faults and self._collector.validator.accepts(normalized):
            return self._prepared(shaped.submission, normalized, shaped.warnings)
        if not lenient:
            reported = {fault.pointer for fault in shaped.faults}
            invalid = self.faults(shaped.submission, MOST_FAULTS)
            more = [fault for fault in invalid if fault.pointer not in reported]
            raise self._refusal([*shaped.faults, *more])
        kept = drop_faulty(shaped.submission, self, self._collector.required, shaped.faults)
        if kept.faults:
            raise self._refusal(kept.faults)
        normalized = self._collector.normalize(kept.submission)
        return self._prepared(kept.submission, normalized, [*shaped.warnings, *kept.warnings])

    def faults(self, submission: dict[str, Json], limit: int | None) -> list[Fault]:
        """Return the faults of a shaped submission after it is normalised, at most `limit`.

        Normalising may move the items of a list. A field that is also invalid as it was sent is reported with
        its pointers there; a field that is invalid only after normalising, as a whole.
        """
        validator = self._collector.validator
        normalized = self._collector.normalize(submission)
        try:
            found = validator.faults(normalized, limit)
        except TypeError as error:
            raise self._not_json() from error
        found = [*found, *self._placeholder_faults(normalized)][:limit]
        fields = set(map(_field, found))
        as_sent = [fault for fault in validator.faults(submission, limit) if _field(fault) in fields]
        reported = set(map(_field, as_sent))
        normalized_only = [fault for fault in found if _field(fault) not in reported]
        return as_sent + [replace(fault, pointer=_field(fault)) for fault in normalized_only]

    def _not_json(self) -> PluginFailure:
        return self._collector.hooks.failure(
            "normalize_submission", "returned something that JSON cannot hold"
        )

    def _refusal(self, faults: Sequence[Fault]) -> InvalidSubmission:
        first = f"{faults[0].pointer or '/'} {faults[0].message}"
        return InvalidSubmission(
            f"The submission does not fit the collector {self._collector.name}: {first}", faults[:MOST_FAULTS]
        )

    def _prepared(
        self, sent: JsonObject, normalized: JsonObject, warnings: Sequence[str]
    ) -> PreparedSubmission:
        field = self._collector.identityfield
        key = identity_key(normalized[field])
        if not fits(key):
            raise self._refusal([Fault(f"/{field}", "maxLength", "is empty or too long for an identity")])
        if faults := self._placeholder_faults(normalized):
            raise self._refusal(faults)
        return PreparedSubmission(
            submission=normalized,
            identityvalue=sent[field] if isinstance(sent.get(field), str) else normalized[field],
            identitykey=key,
            hash=self._hash({**normalized, field: key.decode()}),
            warnings=tuple(warnings),
        )

    def _placeholder_faults(self, normalized: JsonObject) -> list[Fault]:
        """Return the fault of an identity that is a placeholder, which no schema describes (contract 4)."""
        field = self._collector.identityfield
        value = normalized.get(field)
        if not (isinstance(value, str) and value and is_placeholder(value)):
            return []
        return [Fault(f"/{field}", "placeholder", f"is a placeholder, not an identity: {describe(value)}")]

    def _hash(self, submission: JsonObject) -> bytes:
        try:
            return hashlib.blake2b(canonical(submission), digest_size=16).digest()
        except TypeError as error:
            raise self._not_json() from error


def _field(fault: Fault) -> str:
    """Return the pointer of the top-level field that holds the fault."""
    return "/".join(fault.pointer.split("/")[:2])
