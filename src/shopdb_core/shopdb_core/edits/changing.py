"""A person's change of one asset's identity, attributes and site fields, as a merge patch (RFC 7396)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Self

from shopdb_core.assets import rows
from shopdb_core.assets.duplicates.search import DuplicateSearch
from shopdb_core.assets.merge import diff, merge, patched, same
from shopdb_core.assets.rows import StoredAsset
from shopdb_core.audit.entries import was_submitted
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.edits.creating import described, manual_identity
from shopdb_core.edits.edit import (
    Editor,
    edited,
    lock_to_edit,
    record_edit,
    site_fields_change,
    write_dependents,
)
from shopdb_core.errors import Conflict, Fault, InvalidSubmission, did_you_mean
from shopdb_core.intake.scan import storable_faults
from shopdb_core.json_text import pointer_token, printable
from shopdb_core.plugins.collector import Collector
from shopdb_core.store import Connection
from shopdb_core.store.tables import IDENTITY_LENGTH
from shopdb_core.submissions.pipeline import MOST_FAULTS, Pipeline
from shopdb_core.submissions.steps import secondary_identity
from shopdb_hookspecs import JsonObject

CHANGES: JsonObject = {
    "title": "AssetChange",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "identityvalue": {"type": "string", "minLength": 1, "maxLength": IDENTITY_LENGTH},
        # No attribute has one of the names that the audit has for what is not an attribute.
        "attributes": {"type": "object", "propertyNames": {"pattern": "^([^@]|$)"}},
        "sitefields": {"type": "object"},
    },
}


@dataclass(frozen=True, slots=True)
class Changes:
    """What a person changes; `None` clears a field."""

    identityvalue: str | None = None
    attributes: JsonObject = field(default_factory=dict)
    sitefields: JsonObject = field(default_factory=dict)

    @classmethod
    def read(cls, content: JsonObject) -> Self:
        """Return the changes that a document asks for; raises `InvalidSubmission`."""
        faults = list(islice(storable_faults(content), MOST_FAULTS))
        if faults := faults or SubmissionValidator(CHANGES).faults(content):
            raise refusal(faults)
        return cls(**content)


@dataclass(frozen=True, slots=True)
class Fields:
    """An asset's identity and attributes after a change, and what was corrected."""

    identityvalue: str
    identitykey: bytes
    attributes: JsonObject
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """The transaction that changes one asset; call it on a connection.

    `version` is that of the asset as the person read it; `None` changes any.
    """

    assetid: int
    version: int | None
    changes: Changes
    editor: Editor

    def __call__(self, connection: Connection) -> JsonObject:
        """Change the asset, and return it with what changed; nothing is written if nothing does.

        Raises `InvalidSubmission` with the faults of what is given, `Conflict` for an identity that another
        asset has, `PluginFailure`, and what `lock_to_edit` raises.
        """
        changes = self.changes
        stored = lock_to_edit(connection, self.assetid, self.version)
        attributes = rows.read_attributes(connection, self.assetid)
        sitefields = rows.read_site_fields(connection, self.assetid)
        after, faults = self.editor.sitefields.changed(sitefields, changes.sitefields)
        fields = Fields(stored.identityvalue, stored.identitykey, attributes)
        try:
            if changes.attributes or changes.identityvalue is not None:
                fields = self._fields(stored, attributes)
        except InvalidSubmission as refused:
            faults = [*refused.faults, *faults]
        if faults:
            raise refusal(faults[:MOST_FAULTS])
        _refuse_taken(connection, stored, fields.identitykey)
        of_people = site_fields_change(sitefields, after)
        if of_people:
            rows.write_site_fields(connection, self.assetid, after)
        return write_change(connection, self.editor, stored, attributes, fields, of_people=of_people)

    def _fields(self, stored: StoredAsset, attributes: JsonObject) -> Fields:
        given = {
            name: value
            for name, patch in self.changes.attributes.items()
            if not same(value := patched(attributes.get(name), patch), attributes.get(name))
        }
        collector = self.editor.collector(stored.assettype)
        if collector is not None:
            return self._collected(collector, stored, attributes, given)
        identity = stored.identityvalue, stored.identitykey
        if self.changes.identityvalue is not None:
            identity = manual_identity(self.changes.identityvalue)
        return Fields(*identity, merge(attributes, given))

    def _collected(
        self, collector: Collector, stored: StoredAsset, attributes: JsonObject, given: JsonObject
    ) -> Fields:
        """Return the fields after a change that is valid under the plugin's declaration.

        What is given is brought into the form of a submission and checked as one. Nothing else is required.
        """
        identityfield, identityvalue = collector.identityfield, self.changes.identityvalue
        if faults := list(_undeclared(collector, given, attributes)):
            raise refusal(faults)
        declared = {name: value for name, value in given.items() if name in collector.declaration["fields"]}
        submission = {**declared, identityfield: identityvalue or stored.identityvalue}
        try:
            prepared = Pipeline(_lenient(collector), self.editor.zone).prepare(submission, lenient=False)
        except InvalidSubmission as refused:
            raise refusal([_moved(fault, identityfield) for fault in refused.faults]) from refused
        removed = dict.fromkeys(given.keys() - declared.keys())
        changed = {**prepared.submission, **removed, identityfield: attributes.get(identityfield)}
        if identityvalue is None:
            merged = merge(attributes, changed)
            return Fields(stored.identityvalue, stored.identitykey, merged, prepared.warnings)
        merged = merge(attributes, {**changed, identityfield: prepared.identityvalue})
        return Fields(prepared.identityvalue, prepared.identitykey, merged, prepared.warnings)


def write_change(
    connection: Connection,
    editor: Editor,
    stored: StoredAsset,
    attributes: JsonObject,
    fields: Fields,
    *,
    of_people: JsonObject | None = None,
) -> JsonObject:
    """Write a locked asset whose fields change, with its dependents, and return the answer.

    `of_people` is the diff of the site fields, which are written already.
    """
    at = editor.clock()
    collected = diff(attributes, fields.attributes)
    changes = {**collected, **(of_people or {})}
    renames = fields.identityvalue != stored.identityvalue
    if not changes and not renames:
        return edited(connection, stored.assetid, {}, fields.warnings)
    row = stored.edited(at, identityvalue=fields.identityvalue, identitykey=fields.identitykey)
    record_edit(
        connection,
        editor,
        stored,
        row,
        action="renamed" if renames else "updated",
        diff=changes,
        at=at,
        attributes=fields.attributes if collected else None,
    )
    warnings = [*fields.warnings]
    collector = editor.collector(row.assettype) if collected and row.state == "active" else None
    # An asset that was only entered by hand has no rows before its first submission.
    if collector is not None and was_submitted(connection, stored):
        warnings += _findings(connection, collector, stored, row, before=attributes, after=fields.attributes)
        write_dependents(connection, collector, row.assetid, attributes, fields.attributes)
    return edited(connection, row.assetid, changes, warnings)


def _findings(
    connection: Connection,
    collector: Collector,
    stored: StoredAsset,
    row: StoredAsset,
    *,
    before: JsonObject,
    after: JsonObject,
) -> Iterator[str]:
    """Search for duplicates by what changed, before the secondary identity is written."""
    secondary = secondary_identity(collector)
    search = DuplicateSearch(connection, collector.name, collector.identityfield, secondary, row.updatedat)
    yield from search.of_changed(row.assetid, *secondary.change(before, after))
    if row.identitykey != stored.identitykey:
        yield from search.of_edited(row.assetid, row.identitykey, secondary.of(after))


def _refuse_taken(connection: Connection, stored: StoredAsset, identitykey: bytes) -> None:
    """Raise `Conflict` if another asset has the identity."""
    if identitykey == stored.identitykey:
        return
    if other := rows.lock_assets(connection, stored.assettype, [identitykey]).get(identitykey):
        raise Conflict(
            f"{other.identityvalue} is another asset already: it is {described(other)}. "
            "If both are one device, merge them."
        )


def _lenient(collector: Collector) -> Collector:
    """Return the collector without required fields, beside the identity."""
    schema = {**collector.schema, "required": [collector.identityfield]}
    return replace(collector, schema=schema, validator=SubmissionValidator(schema))


def _undeclared(collector: Collector, given: JsonObject, stored: JsonObject) -> Iterator[Fault]:
    """Yield the faults of fields that cannot be changed; one that is no longer declared can be removed."""
    fields = collector.declaration["fields"]
    for name, value in given.items():
        place = f"/attributes{pointer_token(printable(name))}"
        if name == collector.identityfield:
            yield Fault(place, "identity", "is the identity: change identityvalue, which it follows")
        elif name not in fields and not (value is None and name in stored):
            hint = did_you_mean(name, fields)
            yield Fault(place, "additionalProperties", f"is not a declared field{hint and '.'}{hint}")


def _moved(fault: Fault, identityfield: str) -> Fault:
    """Return a fault of a submission with its place in the document of the change."""
    is_identity = fault.pointer == f"/{identityfield}"
    return replace(fault, pointer="/identityvalue" if is_identity else f"/attributes{fault.pointer}")


def refusal(faults: list[Fault]) -> InvalidSubmission:
    """Return the error for the faults of a change."""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    sentence = f"{faults[0].pointer or '/'} {faults[0].message}{more}"
    return InvalidSubmission(sentence if sentence.endswith("?") else f"{sentence}.", faults)
