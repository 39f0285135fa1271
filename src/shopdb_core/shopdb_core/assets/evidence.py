"""The secondary identity: evidence that two assets may be one device, never proof (contract 4)."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select

from shopdb_core.assets.identity import identity_key, is_placeholder
from shopdb_core.store import Statement
from shopdb_core.store.tables import assetevidence
from shopdb_hookspecs import Json

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
