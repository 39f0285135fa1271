"""Which identities are equal, and which values are no evidence of anything.

The secondary identity: evidence that two assets may be one device, never proof (contract 4).

Pairs of assets that may be one device: they alone share a secondary identity.
"""

import re
import unicodedata
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from shopdb_core.store import Statement
from shopdb_core.store.statement import IDENTITY_KEY_BYTES
from shopdb_core.store.tables import IDENTITY_LENGTH, asset, assetevidence
from shopdb_hookspecs import Json, JsonObject

_MAC = re.compile(r"[0-9A-F]{2}([:-]?[0-9A-F]{2}){5}", re.IGNORECASE)
_PLACEHOLDERS = frozenset(
    {"to be filled by o.e.m.", "default string", "system serial number", "not specified", "none"}
)


def identity_key(identity: str) -> bytes:
    """Return the bytes that decide whether two identities are one (contract 4).

    Trimmed, NFC, case-folded and NFC again, because folding can take a string out of that form.
    """
    folded = unicodedata.normalize("NFC", identity.strip()).casefold()
    return unicodedata.normalize("NFC", folded).encode()


def fits(key: bytes) -> bool:
    """Whether the database has room for `key`."""
    return 0 < len(key) <= IDENTITY_KEY_BYTES


def is_placeholder(value: str) -> bool:
    """Whether many devices carry `value`, or none could: then it tells nothing of any one of them."""
    if len(value) > IDENTITY_LENGTH:
        return True
    text = value.strip().casefold()
    if len(set(text)) <= 1 or text in _PLACEHOLDERS:
        return True
    return bool(_MAC.fullmatch(text)) and _is_shared_mac(bytes.fromhex(re.sub("[:-]", "", text)))


def _is_shared_mac(address: bytes) -> bool:
    """All-zero, or with the group or the local bit in the first octet (IEEE 802, clause 8)."""
    return not any(address) or bool(address[0] & 0b11)


_BEARERS = Statement(
    select(assetevidence.c.assetid)
    .where(
        assetevidence.c.assettype == bindparam("assettype"),
        assetevidence.c.field == bindparam("field"),
        assetevidence.c.value == bindparam("value"),
    )
    .limit(2)
)
_REMOVE = Statement(
    delete(assetevidence).where(
        assetevidence.c.assetid == bindparam("assetid"), assetevidence.c.field == bindparam("field")
    )
)
_ADD = Statement(
    insert(assetevidence).values(
        assettype=bindparam("assettype"),
        field=bindparam("field"),
        value=bindparam("value"),
        assetid=bindparam("assetid"),
    )
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The secondary identity of one asset type: the field that carries it."""

    assettype: str
    field: str


def sole_bearer(connection: Connection, evidence: Evidence, value: str) -> int | None:
    """Return the one asset that carries `value`; `None` if none does, or several (a shared adapter)."""
    if is_placeholder(value):
        return None
    bearers = _BEARERS.run(connection, _row(evidence, value)).fetchall()
    return int(bearers[0][0]) if len(bearers) == 1 else None


def replace(connection: Connection, assetid: int, evidence: Evidence, old: Json, new: Json) -> None:
    """Let `assetid` carry `new` instead of `old`; a placeholder is never kept."""
    if old == new:
        return
    if isinstance(old, str):
        _REMOVE.run(connection, {"assetid": assetid, "field": evidence.field})
    if isinstance(new, str) and not is_placeholder(new):
        _ADD.run(connection, {**_row(evidence, new), "assetid": assetid})


def _row(evidence: Evidence, value: str) -> dict[str, str | bytes]:
    return {"assettype": evidence.assettype, "field": evidence.field, "value": identity_key(value)}


def list_duplicates(connection: Connection, *, after: int, limit: int) -> list[JsonObject]:
    """Return pairs in the order of their newer asset, the first above `after`.

    A value that three assets share is a docking station or an imaging adapter, and no evidence.
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
