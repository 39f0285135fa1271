"""Assets that people create by hand: a machine, a cell, a line, as ends of relationships."""

import unicodedata
from dataclasses import dataclass

from shopdb_core.assets.identity import control_fault, fits, has_control, identity_key, is_placeholder
from shopdb_core.assets.listing import get_asset
from shopdb_core.assets.merge import diff, merge
from shopdb_core.assets.rows import StoredAsset, create_assets, lock_assets, new_attributes
from shopdb_core.audit.entries import AuditEntry, record, row_hash
from shopdb_core.declarations.validation.messages import describe
from shopdb_core.edits.edit import Editor
from shopdb_core.errors import Conflict, Fault, InvalidSubmission
from shopdb_core.json_text import canonical_text
from shopdb_core.search.marking import marks
from shopdb_core.store import Connection
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class ManualEntry:
    """The transaction that creates one asset; call it on a connection."""

    assettype: str
    identityvalue: str
    attributes: JsonObject
    editor: Editor

    def __call__(self, connection: Connection) -> JsonObject:
        """Create the asset with its audit entry, and return it as the API shows it.

        Raises `Conflict` if it exists, and `InvalidSubmission` if its identity is empty, a placeholder, or
        has a control character.
        """
        at = self.editor.clock()
        identityvalue, key = manual_identity(self.identityvalue)
        if existing := lock_assets(connection, self.assettype, [key]).get(key):
            raise Conflict(f"{existing.identityvalue} exists already: it is {described(existing)}.")
        attributes = merge({}, self.attributes)
        row = StoredAsset.new(self.assettype, identityvalue, key, at)
        (assetid,), _ = create_assets(connection, [row])
        row = row._replace(assetid=assetid)
        entry = AuditEntry(
            at=at,
            plugin=None,
            action="created",
            assetid=row.assetid,
            identityvalue=identityvalue,
            diff=canonical_text(diff({}, attributes)),
            volatileonly=False,
            actor=self.editor.origin.actor,
            clientaddress=self.editor.origin.clientaddress,
            requestid=self.editor.origin.requestid,
            rowhash=row_hash(row),
        )
        sealed = self.editor.chain.seal(entry, None)
        record(connection, [sealed], after=new_attributes([(assetid, attributes)]), then=marks([assetid]))
        return get_asset(connection, row.assetid)


def manual_identity(text: str) -> tuple[str, bytes]:
    """Return the identity of an asset that people create, as it is stored, and its key.

    Raises `InvalidSubmission` if it is empty, a placeholder, or has a control character.
    """
    identityvalue = unicodedata.normalize("NFC", text.strip())
    key = identity_key(identityvalue)
    if has_control(identityvalue):
        raise _refusal(control_fault("identityvalue"))
    if not fits(key):
        raise _refusal(Fault("/identityvalue", "minLength", "is empty after trimming"))
    if is_placeholder(identityvalue):
        message = f"is a placeholder, not an identity: {describe(identityvalue)}"
        raise _refusal(Fault("/identityvalue", "placeholder", message))
    return identityvalue, key


def described(existing: StoredAsset) -> str:
    """Return an asset in words, for the message that its identity is taken."""
    states = {
        "retired": f", which is retired ({existing.reason}): restore it",
        "merged": f", which was merged into asset {existing.mergedinto}: release its identity, or undo that",
    }
    return f"asset {existing.assetid}{states.get(existing.state, '')}"


def _refusal(fault: Fault) -> InvalidSubmission:
    return InvalidSubmission(f"{fault.pointer} {fault.message}", [fault])
