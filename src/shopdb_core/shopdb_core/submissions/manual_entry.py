"""Assets that people enter by hand: a machine, a cell, a line; so that relationships have ends."""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

from shopdb_core.assets import rows
from shopdb_core.assets.identity import fits, identity_key
from shopdb_core.assets.merge import merge
from shopdb_core.assets.rows import get_asset, lock_asset
from shopdb_core.audit.entries import AuditChain, AuditEntry, record
from shopdb_core.errors import Conflict, Fault, InvalidSubmission
from shopdb_core.json_text import canonical_text
from shopdb_core.store import Connection
from shopdb_core.submissions.result import Origin
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class ManualAsset:
    """An asset as a person enters it."""

    assettype: str
    identityvalue: str
    attributes: JsonObject


@dataclass(frozen=True, slots=True)
class ManualEntry:
    """The work of entering one asset; its transaction commits."""

    entered: ManualAsset
    origin: Origin
    chain: AuditChain

    def __call__(self, connection: Connection) -> JsonObject:
        """Create the asset with its audit entry and return it; raises `Conflict` if it exists."""
        at = datetime.now(UTC)
        identityvalue = unicodedata.normalize("NFC", self.entered.identityvalue.strip())
        key = _key(identityvalue)
        if existing := lock_asset(connection, self.entered.assettype, key):
            raise Conflict(f"{existing.identityvalue} exists already: it is asset {existing.assetid}.")
        attributes = merge({}, self.entered.attributes)
        assetid = rows.create_asset(
            connection,
            assettype=self.entered.assettype,
            identityvalue=identityvalue,
            identitykey=key,
            submissionhash=None,
            attributes=attributes,
            at=at,
        )
        record(connection, self.chain.seal(self._entry(assetid, identityvalue, attributes, at), None))
        return get_asset(connection, assetid)

    def _entry(self, assetid: int, identityvalue: str, attributes: JsonObject, at: datetime) -> AuditEntry:
        changes = {name: {"before": None, "after": value} for name, value in attributes.items()}
        return AuditEntry(
            at=at,
            plugin=None,
            action="created",
            assetid=assetid,
            identityvalue=identityvalue,
            diff=canonical_text(changes),
            volatileonly=False,
            actor=self.origin.actor,
            requestid=self.origin.requestid,
        )


def _key(identityvalue: str) -> bytes:
    key = identity_key(identityvalue)
    if not fits(key):
        fault = Fault("/identityvalue", "minLength", "is empty after trimming")
        raise InvalidSubmission(f"{fault.pointer} {fault.message}", [fault])
    return key
