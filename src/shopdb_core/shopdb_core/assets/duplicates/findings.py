"""The findings about duplicates, in the table `assetduplicate`: recorded, withdrawn, listed and ignored.

`DuplicateSearch` makes them. The caller's transaction commits.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Select, and_, bindparam, delete, insert, or_, select, update

from shopdb_core.assets.duplicates.evidence import EvidenceKey, of_kind
from shopdb_core.assets.identity import identity_key
from shopdb_core.errors import NotFound
from shopdb_core.store import Statement
from shopdb_core.store.paging import is_among, least_keys
from shopdb_core.store.tables import asset, assetduplicate
from shopdb_hookspecs import JsonObject

Kind = Literal["renamed", "swapped", "collision", "samehost"]

_KNOWN = Statement(
    select(assetduplicate.c.duplicateid, assetduplicate.c.ignoredby).where(
        assetduplicate.c.kind == bindparam("kind"),
        assetduplicate.c.assetid == bindparam("assetid"),
        assetduplicate.c.otherassetid == bindparam("otherassetid"),
    )
)
_RECORD = Statement(
    insert(assetduplicate).values(
        {
            column.name: bindparam(column.name)
            for column in assetduplicate.c
            if column.name not in ("duplicateid", "ignoredat", "ignoredby")
        }
    )
)
_OF_ASSET = Statement(
    select(assetduplicate.c.duplicateid, assetduplicate.c.field, assetduplicate.c.value).where(
        assetduplicate.c.kind == bindparam("kind"),
        or_(assetduplicate.c.assetid == bindparam("one"), assetduplicate.c.otherassetid == bindparam("one")),
    )
)
_WITHDRAW = Statement(delete(assetduplicate).where(assetduplicate.c.duplicateid == bindparam("duplicate")))


@dataclass(frozen=True, slots=True)
class Finding:
    """What a submission found, by a value of one field; a `collision` has one asset, as both.

    `othervalue` is the value that a collision alternates with; a `samehost` has no value.
    """

    kind: Kind
    assettype: str
    field: str
    assetid: int
    otherassetid: int
    value: str | None = None
    othervalue: str | None = None


def record(connection: Connection, finding: Finding, at: datetime) -> bool:
    """Record a finding unless it is known; return whether it is news to people: not ignored by one."""
    row = {
        **asdict(finding),
        "assetid": min(finding.assetid, finding.otherassetid),
        "otherassetid": max(finding.assetid, finding.otherassetid),
    }
    known = _KNOWN.run(connection, row).fetchone()
    if known:
        return known[1] is None
    _RECORD.run(connection, {**row, "at": at})
    return True


def withdraw(
    connection: Connection, kind: Kind, assetid: int, keys: Collection[EvidenceKey] | None = None
) -> None:
    """Delete the findings of one kind about an asset, by these values or all: they are no longer so."""
    found = _OF_ASSET.run(connection, {"kind": kind, "one": assetid}).fetchall()
    gone = [{"duplicate": row[0]} for row in found if keys is None or _is_by(row[1], row[2], keys)]
    _WITHDRAW.run_many(connection, gone)


def _is_by(field: str, value: str | None, keys: Collection[EvidenceKey]) -> bool:
    """Return whether a finding was made by one of the values; one without a value, by any of its kind."""
    return bool(of_kind(keys, field)) if value is None else (field, identity_key(value)) in keys


def withdraw_all(connection: Connection, assetids: Collection[int]) -> None:
    """Delete every finding about these assets, which are no longer devices of their own."""
    column = assetduplicate.c
    about = or_(column.assetid.in_(assetids), column.otherassetid.in_(assetids))
    connection.execute(delete(assetduplicate).where(about))


def withdraw_listed(connection: Connection, assetid: int, kinds: Sequence[Kind] = get_args(Kind)) -> None:
    """Delete the findings about an asset that nobody ignored; those that were ignored stay so."""
    column = assetduplicate.c
    statement = delete(assetduplicate).where(
        or_(column.assetid == assetid, column.otherassetid == assetid),
        column.kind.in_(kinds),
        column.ignoredat.is_(None),
    )
    connection.execute(statement)


def _select() -> Select[Any]:
    older, newer = asset.alias(), asset.alias()
    return (
        select(
            assetduplicate.c.duplicateid,
            assetduplicate.c.kind,
            assetduplicate.c.assettype,
            assetduplicate.c.field,
            assetduplicate.c.value,
            assetduplicate.c.othervalue,
            assetduplicate.c.assetid,
            older.c.identityvalue,
            assetduplicate.c.otherassetid,
            newer.c.identityvalue.label("otheridentityvalue"),
            assetduplicate.c.at,
        )
        .join_from(assetduplicate, older, older.c.assetid == assetduplicate.c.assetid)
        .join(newer, newer.c.assetid == assetduplicate.c.otherassetid)
    )


def list_duplicates(
    connection: Connection, *, kind: str | None = None, after: int, limit: int
) -> list[JsonObject]:
    """Return up to `limit` findings with ids above `after` that nobody ignored, in the order of their ids."""
    column = assetduplicate.c
    listed = and_(column.ignoredat.is_(None), column.duplicateid > after)
    kinds = get_args(Kind) if kind is None else [kind]
    keys = least_keys(column.duplicateid, [and_(column.kind == one, listed) for one in kinds], limit)
    query = _select().where(is_among(column.duplicateid, keys))
    rows = connection.execute(query.order_by(column.duplicateid))
    return [dict(row) for row in rows.mappings()]


def get_duplicate(connection: Connection, duplicateid: int) -> JsonObject:
    """Return one finding, also an ignored one: `ignoredat`, `ignoredby` say so; raises `NotFound`."""
    return _one(
        connection, _select().add_columns(assetduplicate.c.ignoredat, assetduplicate.c.ignoredby), duplicateid
    )


def ignore_duplicate(connection: Connection, duplicateid: int, actor: str) -> JsonObject:
    """Mark a finding as one that people have looked at, and return it; raises `NotFound`.

    It is no longer listed, and the same finding makes no more warnings. The first who ignored it is kept.
    """
    statement = (
        update(assetduplicate)
        .where(assetduplicate.c.duplicateid == duplicateid, assetduplicate.c.ignoredat.is_(None))
        .values(ignoredat=datetime.now(UTC), ignoredby=actor)
    )
    connection.execute(statement)
    return _one(connection, _select(), duplicateid)


def _one(connection: Connection, query: Select[Any], duplicateid: int) -> JsonObject:
    row = connection.execute(query.where(assetduplicate.c.duplicateid == duplicateid)).mappings().first()
    if row is None:
        raise NotFound(f"There is no duplicate {duplicateid}: the finding was withdrawn, or never made.")
    return dict(row)
