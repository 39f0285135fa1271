"""Identities: which are equal, and secondary identities, which are evidence of a duplicate (contract 4).

A secondary identity, such as a MAC address, suggests that two assets are one device and never proves it.
Its values are kept in the table `assetevidence`, except placeholders.
"""

import re
import unicodedata
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from shopdb_core.errors import Fault
from shopdb_core.store import Statement
from shopdb_core.store.statement import IDENTITY_KEY_BYTES
from shopdb_core.store.tables import IDENTITY_LENGTH, asset, assetevidence
from shopdb_hookspecs import Json, JsonObject

_MAC = re.compile(r"[0-9A-F]{2}([:-]?[0-9A-F]{2}){5}", re.IGNORECASE)
# C0 and C1 controls, DEL, and the controls of the direction of text (Unicode Standard Annex 9).
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_PLACEHOLDERS = frozenset(
    {"to be filled by o.e.m.", "default string", "system serial number", "not specified", "none"}
)

_SELECT = Statement(
    select(assetevidence.c.assetid)
    .where(
        assetevidence.c.assettype == bindparam("assettype"),
        assetevidence.c.field == bindparam("field"),
        assetevidence.c.value == bindparam("value"),
    )
    .limit(2)
)
_DELETE = Statement(
    delete(assetevidence).where(
        assetevidence.c.assetid == bindparam("assetid"), assetevidence.c.field == bindparam("field")
    )
)
_INSERT = Statement(
    insert(assetevidence).values(
        assettype=bindparam("assettype"),
        field=bindparam("field"),
        value=bindparam("value"),
        assetid=bindparam("assetid"),
    )
)


def identity_key(identity: str) -> bytes:
    """Return the key of an identity; two identities are equal if their keys are (contract 4).

    Trimmed, NFC, case-folded and NFC again, because case folding may return a string that is not in NFC.
    """
    folded = unicodedata.normalize("NFC", identity.strip()).casefold()
    return unicodedata.normalize("NFC", folded).encode()


def fits(key: bytes) -> bool:
    """Return whether a key is not empty and fits into its column."""
    return 0 < len(key) <= IDENTITY_KEY_BYTES


def has_control(identity: str) -> bool:
    """Return whether an identity has a character that controls a terminal or reorders the text around it."""
    return bool(_CONTROL.search(identity))


def control_fault(field: str) -> Fault:
    """Return the fault of an identity that has a control character."""
    return Fault(f"/{field}", "controlcharacter", "has a control character, which an identity cannot have")


def is_placeholder(value: str) -> bool:
    """Return whether a value does not identify a device: a default text, or an address that is not unique."""
    if len(value) > IDENTITY_LENGTH:
        return True
    text = value.strip().casefold()
    if len(set(text)) <= 1 or text in _PLACEHOLDERS:
        return True
    return bool(_MAC.fullmatch(text)) and _is_shared_mac(bytes.fromhex(re.sub("[:-]", "", text)))


def _is_shared_mac(address: bytes) -> bool:
    """Return whether it is all-zero, or has the group or the local bit in the first octet (IEEE 802, 8)."""
    return not any(address) or bool(address[0] & 0b11)


@dataclass(frozen=True, slots=True)
class SecondaryIdentity:
    """The field of one asset type that holds its secondary identity."""

    assettype: str
    field: str

    def row(self, value: str) -> dict[str, str | bytes]:
        """Return the columns of `assetevidence` for a value."""
        return {"assettype": self.assettype, "field": self.field, "value": identity_key(value)}


def find_sole_asset(connection: Connection, secondary: SecondaryIdentity, value: str) -> int | None:
    """Return the id of the one asset with this value; `None` if none or several have it, or a placeholder."""
    if is_placeholder(value):
        return None
    found = _SELECT.run(connection, secondary.row(value)).fetchall()
    return int(found[0][0]) if len(found) == 1 else None


def replace_secondary(
    connection: Connection, assetid: int, secondary: SecondaryIdentity, old: Json, new: Json
) -> None:
    """Replace the secondary identity of an asset; a placeholder is not stored."""
    if old == new:
        return
    if isinstance(old, str):
        _DELETE.run(connection, {"assetid": assetid, "field": secondary.field})
    if isinstance(new, str) and not is_placeholder(new):
        _INSERT.run(connection, {**secondary.row(new), "assetid": assetid})


def list_duplicates(connection: Connection, *, after: int, limit: int) -> list[JsonObject]:
    """Return up to `limit` pairs of assets with the same secondary identity, whose newer id is above `after`.

    In the order of the newer id. A value of three or more assets is left out: it is that of an adapter.
    """
    shared = (
        select(
            assetevidence.c.assettype,
            assetevidence.c.field,
            func.min(assetevidence.c.assetid).label("assetid"),
            func.max(assetevidence.c.assetid).label("otherassetid"),
        )
        .group_by(assetevidence.c.assettype, assetevidence.c.field, assetevidence.c.value)
        .having(func.count() == 2)  # noqa: PLR2004  # a pair
        .subquery()
    )
    older, newer = asset.alias(), asset.alias()
    query = (
        select(
            shared.c.assettype,
            shared.c.field,
            shared.c.assetid,
            older.c.identityvalue,
            shared.c.otherassetid,
            newer.c.identityvalue.label("otheridentityvalue"),
        )
        .join_from(shared, older, older.c.assetid == shared.c.assetid)
        .join(newer, newer.c.assetid == shared.c.otherassetid)
        .where(shared.c.otherassetid > after)
        .order_by(shared.c.otherassetid)
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
