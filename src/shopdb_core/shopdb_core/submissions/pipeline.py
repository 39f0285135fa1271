"""`Pipeline`: reads, shapes, normalises and validates a submission; uses no database.

`OfflineValidator` runs it for `shopdb validate`.
"""

import hashlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import islice

from shopdb_core.assets.identity import (
    control_fault,
    fits,
    has_control,
    identity_key,
    is_placeholder,
    readable_identity,
)
from shopdb_core.declarations.validation.messages import describe
from shopdb_core.errors import Fault, InvalidSubmission, PluginFailure
from shopdb_core.intake.decoding import read_document
from shopdb_core.intake.http_body import Body, json_body
from shopdb_core.intake.lenient import Leniency, LenientResult, drop_faulty, no_help
from shopdb_core.intake.lists import NO_LISTS, ListMemory, Lists
from shopdb_core.intake.scan import DocumentScan, storable_faults
from shopdb_core.intake.shape import Shaper
from shopdb_core.json_text import canonical, pointer_keys, pointer_token, printable_pointer
from shopdb_core.plugins.collector import Collector
from shopdb_core.settings import IntakeSettings
from shopdb_hookspecs import Json, JsonObject

MOST_FAULTS = 20
MOST_COUNTED = 100
"""How many faults a refusal lists, and how many it finds, in order to count them."""


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
        self._memory = ListMemory(collector.independent)

    def prepare_body(self, body: Body, *, lenient: bool) -> PreparedSubmission:
        """Read a body and prepare its submission; raises `MalformedBody`, and all that `prepare` raises.

        Long lists that were accepted before are only recognised.
        """
        document = read_document(body, self._memory)
        try:
            prepared = self._prepare(document.content, document.scan, document.lists, lenient=lenient)
        except InvalidSubmission as refusal:
            refusal.warnings = document.warnings + refusal.warnings
            raise
        return replace(prepared, warnings=document.warnings + prepared.warnings)

    def prepare(self, submission: dict[str, Json], *, lenient: bool) -> PreparedSubmission:
        """Shape, normalise and validate; raises `InvalidSubmission` with up to 20 faults.

        Raises `PluginFailure` if `normalize_submission` failed. `lenient` drops invalid optional values
        instead (RFC 7240, `handling=lenient`).
        """
        return self._prepare(submission, None, NO_LISTS, lenient=lenient)

    def _prepare(
        self, submission: dict[str, Json], scan: DocumentScan | None, lists: Lists, *, lenient: bool
    ) -> PreparedSubmission:
        """Prepare a submission; `scan` is that of what is not in its known `lists`, if it was scanned.

        If the rest is not accepted, the whole is looked at, to explain why.
        """
        shaped = self._shaper.shape(lists.without_known(submission), scan)
        normalized = self._collector.normalize(shaped.submission)
        if shaped.storable and self._accepts(normalized, lists.known.keys()):
            self._memory.remember(lists, normalized, shaped.warned)
            complete = lists.with_known(normalized, submission)
            return self._prepared(shaped.submission, complete, shaped.warnings, lenient=lenient)
        if lists.known:
            return self.prepare(submission, lenient=lenient)
        if not lenient:
            raise self._refusal(shaped.submission, shaped.warnings, storable=shaped.storable)
        kept = self._dropped(shaped.submission, storable=shaped.storable)
        warnings = [*shaped.warnings, *kept.warnings]
        if not kept.accepted:
            raise self._refusal(kept.submission, warnings, storable=shaped.storable, lenient=True)
        return self._prepared(kept.submission, kept.normalized, warnings, lenient=True)

    def _accepts(self, normalized: JsonObject, known: AbstractSet[str]) -> bool:
        """Return whether a submission is valid; it also has the `known` fields, which are."""
        if not known:
            return self._collector.validator.accepts(normalized)
        has_required = self._collector.required <= normalized.keys() | known
        return has_required and self._collector.validator.accepts_members(normalized)

    def _dropped(self, submission: JsonObject, *, storable: bool) -> LenientResult:
        collector = self._collector
        try:
            return drop_faulty(
                submission, collector.validator, collector.required, collector.normalize, storable=storable
            )
        except TypeError as error:
            raise self._not_json() from error

    def _refusal(
        self, submission: JsonObject, warnings: Sequence[str], *, storable: bool, lenient: bool = False
    ) -> InvalidSubmission:
        """Return the error for a shaped submission, with its first faults and the number of all.

        Unless it was handled leniently, the error also says what that would change.
        """
        faults = [] if storable else list(islice(storable_faults(submission), MOST_COUNTED))
        reported = {fault.pointer for fault in faults}
        normalized = self._collector.normalize(submission)
        found = self._schema_faults(submission, normalized)
        faults += [fault for fault in found if fault.pointer not in reported]
        more = self._more(faults, submission)
        if not lenient:
            validator, required = self._collector.validator, self._collector.required
            leniency = Leniency(submission, normalized, validator, required, storable)
            more += _after_stop(leniency.sentence(faults))
        return self._refused(faults, warnings, normalized, more)

    def _more(self, faults: Sequence[Fault], submission: JsonObject) -> str:
        """Return how many faults there are beside the first one."""
        if len(faults) < MOST_COUNTED:
            return f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        parts = self._collector.validator.parts.count(submission)
        return f" (and at least {max(len(faults), parts) - 1} more)"

    def _schema_faults(self, submission: JsonObject, normalized: JsonObject) -> list[Fault]:
        """Return the first faults of a shaped submission after it is normalised.

        Normalising may move the items of a list. A field that is also invalid as it was sent is reported with
        its pointers there; a field that is invalid only after normalising, as a whole.
        """
        validator = self._collector.validator
        try:
            found = validator.faults(normalized, MOST_COUNTED)
        except TypeError as error:
            raise self._not_json() from error
        found = [*found, *self._placeholder_faults(normalized)][:MOST_COUNTED]
        changed = {
            pointer_token(name): name
            for name, value in normalized.items()
            if value is not submission.get(name)
        }
        fields = {_field(fault) for fault in found} & changed.keys()
        if not fields:
            return found
        names = [changed[field] for field in fields]
        sent = {name: submission[name] for name in names if name in submission}
        as_sent = [fault for fault in validator.faults(sent, MOST_COUNTED) if _field(fault) in fields]
        whole = fields - {_field(fault) for fault in as_sent}
        others = [fault for fault in found if _field(fault) not in fields]
        as_whole = [replace(fault, pointer=_field(fault)) for fault in found if _field(fault) in whole]
        return others + as_sent + as_whole

    def _not_json(self) -> PluginFailure:
        return self._collector.hooks.failure(
            "normalize_submission", "returned something that JSON cannot hold"
        )

    def _refused(
        self, faults: Sequence[Fault], warnings: Sequence[str], normalized: JsonObject, more: str = ""
    ) -> InvalidSubmission:
        listed = [_printable(fault) for fault in faults[:MOST_FAULTS]]
        first = f"{listed[0].pointer or '/'} {listed[0].message}{more}"
        message = f"The submission does not fit the collector {self._collector.name}: {first}"
        identity = normalized.get(self._collector.identityfield)
        return InvalidSubmission(message, listed, warnings, readable_identity(identity))

    def _prepared(
        self, sent: JsonObject, normalized: JsonObject, warnings: Sequence[str], *, lenient: bool
    ) -> PreparedSubmission:
        field = self._collector.identityfield
        key = identity_key(normalized[field])
        unchanged = "" if lenient else _after_stop(no_help(field))
        if not fits(key):
            fault = Fault(f"/{field}", "maxLength", "is empty or too long for an identity")
            raise self._refused([fault], warnings, normalized, unchanged)
        if faults := self._placeholder_faults(normalized):
            raise self._refused(faults, warnings, normalized, unchanged)
        if has_control(normalized[field]):
            raise self._refused([control_fault(field)], warnings, normalized, unchanged)
        # A plugin may remove control characters, such as the NUL at the end of a printer's serial number.
        as_sent = sent.get(field)
        identityvalue = (
            as_sent if isinstance(as_sent, str) and not has_control(as_sent) else normalized[field]
        )
        return PreparedSubmission(
            submission=normalized,
            identityvalue=identityvalue,
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


def _after_stop(sentence: str) -> str:
    return sentence and f". {sentence}"


def _printable(fault: Fault) -> Fault:
    """Shorten and escape the names in the pointer, which the sender chose."""
    return replace(fault, pointer=printable_pointer(pointer_keys(fault.pointer)))


def _field(fault: Fault) -> str:
    """Return the pointer of the top-level field that holds the fault."""
    return "/".join(fault.pointer.split("/")[:2])


class OfflineValidator:
    """Validates bodies as the endpoint of one collector does; safe to share between threads."""

    def __init__(self, collector: Collector, intake: IntakeSettings) -> None:
        self._pipeline = Pipeline(collector, intake.timezone)
        self._limit = intake.max_body_bytes

    def warnings(self, content: bytes, *, lenient: bool = False) -> tuple[str, ...]:
        """Return the warnings for a valid body, as if `content` were posted as `application/json`.

        Raises the endpoint's error for any other: `MalformedBody`, `PayloadTooLarge`, `InvalidSubmission`
        with the faults, `PluginFailure`.
        """
        body = json_body(content, self._limit)
        return self._pipeline.prepare_body(body, lenient=lenient).warnings
