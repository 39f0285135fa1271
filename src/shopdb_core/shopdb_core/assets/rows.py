"""The rows of assets: found and locked, and written, many at once; the caller's transaction commits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, Self

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from shopdb_core.json_text import canonical_text
from shopdb_core.store import Insertion, Query, Rows, SetQuery, Statement, Write
from shopdb_core.store.statement import driver_time
from shopdb_core.store.tables import asset, assetattributes, assetsitefields
from shopdb_hookspecs import JsonObject

_STORED = (
    asset.c.assetid,
    asset.c.assettype,
    asset.c.identityvalue,
    asset.c.identitykey,
    asset.c.submissionhash,
    asset.c.bodydigest,
    asset.c.chainhash,
    asset.c.createdat,
    asset.c.updatedat,
    asset.c.lastseenat,
    asset.c.version,
    asset.c.state,
    asset.c.reason,
    asset.c.mergedinto,
    asset.c.hassources,
)
_BY_IDENTITY = SetQuery(
    select(*_STORED)
    .where(asset.c.assettype == bindparam("assettype"))
    .order_by(asset.c.identitykey)
    .with_for_update(),
    asset.c.identitykey,
)
_BY_BODY = SetQuery(select(*_STORED).order_by(asset.c.identitykey).with_for_update(), asset.c.bodydigest)
_BY_ID = Statement(select(*_STORED).where(asset.c.assetid == bindparam("assetid")).with_for_update())
_BY_IDS = SetQuery(select(*_STORED).order_by(asset.c.assetid).with_for_update(), asset.c.assetid)
_SEEN_SINCE = Statement(
    select(asset.c.assetid).where(
        asset.c.assetid == bindparam("assetid"), asset.c.lastseenat >= bindparam("since")
    )
)
_ATTRIBUTES = SetQuery(
    select(assetattributes.c.assetid, assetattributes.c.attributes), assetattributes.c.assetid
)
State = Literal["active", "retired", "merged", "erased"]

EDITED = bytes(16)
"""The `submissionhash` of an asset that a person edited after its last submission: no submission has it."""

FREED = b"\xff"
"""How the keys of identities begin that an asset gave up: no text in UTF-8 has this byte."""

_BY_PEOPLE = ("state", "reason", "mergedinto")
_INSERTED = tuple(
    column.name for column in _STORED if column.name not in ("assetid", "chainhash", *_BY_PEOPLE)
)
_CHANGED = tuple(name for name in _INSERTED if name not in ("assettype", "createdat", "hassources"))
_TOUCHED = ("submissionhash", "bodydigest", "lastseenat")

_INSERT = Insertion(asset, _INSERTED)
_INSERT_ATTRIBUTES = Statement(
    insert(assetattributes).values(assetid=bindparam("assetid"), attributes=bindparam("attributes"))
)
_CHANGE_ATTRIBUTES = Statement(
    update(assetattributes)
    .where(assetattributes.c.assetid == bindparam("asset"))
    .values(attributes=bindparam("attributes"))
)


def _update(*names: str) -> Statement:
    """Return the update of some columns of an asset, and of the hash of its newest entry."""
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    return Statement(
        update(asset)
        .where(asset.c.assetid == bindparam("asset"))
        .values(**values, chainhash=bindparam("newhash"))
    )


_CHANGE = _update(*_CHANGED)
_EDIT = _update(*_CHANGED, *_BY_PEOPLE)
_TOUCH = _update("lastseenat")
_TOUCH_HASHES = _update(*_TOUCHED)


class StoredAsset(NamedTuple):
    """The row of a locked asset; times are in UTC.

    A named tuple: each submission makes several, and a frozen dataclass takes ten times as long to make.
    """

    assetid: int
    assettype: str
    identityvalue: str
    identitykey: bytes
    submissionhash: bytes | None
    bodydigest: bytes | None
    chainhash: bytes | None
    createdat: datetime
    updatedat: datetime
    lastseenat: datetime
    version: int
    state: State = "active"
    reason: str | None = None
    mergedinto: int | None = None
    hassources: bool = False

    @classmethod
    def new(
        cls,
        assettype: str,
        identityvalue: str,
        identitykey: bytes,
        at: datetime,
        *,
        submissionhash: bytes | None = None,
        bodydigest: bytes | None = None,
        seenat: datetime | None = None,
        hassources: bool = False,
    ) -> Self:
        """Return the row of an asset to be created; its assetid is 0 until it is inserted."""
        return cls(
            assetid=0,
            assettype=assettype,
            identityvalue=identityvalue,
            identitykey=identitykey,
            submissionhash=submissionhash,
            bodydigest=bodydigest,
            chainhash=None,
            createdat=at,
            updatedat=at,
            lastseenat=seenat or at,
            version=1,
            hassources=hassources,
        )

    def seen(self, at: datetime, submissionhash: bytes | None, bodydigest: bytes | None) -> Self:
        """Return the row after a submission that changed nothing; `lastseenat` never goes back."""
        return self._replace(
            submissionhash=submissionhash,
            bodydigest=bodydigest,
            lastseenat=max(self.lastseenat, at),
        )

    def edited(self, at: datetime, **columns: Any) -> Self:
        """Return the row after a person's edit; the next submission is compared field by field."""
        submissionhash = None if self.submissionhash is None else EDITED
        return self._replace(
            submissionhash=submissionhash,
            bodydigest=None,
            updatedat=at,
            version=self.version + 1,
            **columns,
        )

    @property
    def freed_key(self) -> bytes:
        """The key of an asset that gave up its identity."""
        return FREED + self.assetid.to_bytes(8, "big")

    def changed(
        self,
        at: datetime,
        submissionhash: bytes,
        bodydigest: bytes | None,
        *,
        seenat: datetime,
        identityvalue: str,
        identitykey: bytes,
    ) -> Self:
        """Return the row after a change; the device was as it is now at `seenat`."""
        return self.seen(seenat, submissionhash, bodydigest)._replace(
            identityvalue=identityvalue,
            identitykey=identitykey,
            updatedat=at,
            version=self.version + 1,
        )


def lock_assets(
    connection: Connection, assettype: str, identitykeys: Sequence[bytes]
) -> dict[bytes, StoredAsset]:
    """Find the assets with these identities, and lock them in the order of their keys; return them by key."""
    found = map(_stored, _BY_IDENTITY.run(connection, identitykeys, assettype=assettype))
    return {stored.identitykey: stored for stored in found}


def lock_by_ids(connection: Connection, assetids: Iterable[int]) -> dict[int, StoredAsset]:
    """Find the assets with these ids, and lock them in the order of their ids; return them by id."""
    found = map(_stored, _BY_IDS.run(connection, sorted({*assetids})))
    return {stored.assetid: stored for stored in found}


@dataclass(frozen=True, slots=True)
class KnownAssets:
    """The locked assets of some identities, by the key of the identity.

    An identity whose asset was merged leads to the asset that was kept; `merged` has its own row.
    """

    assets: Mapping[bytes, StoredAsset]
    merged: Mapping[bytes, StoredAsset]


def lock_known(connection: Connection, assettype: str, identitykeys: Iterable[bytes]) -> KnownAssets:
    """Find and lock the assets to which these identities lead, also through several merges."""
    found = lock_assets(connection, assettype, [*dict.fromkeys(identitykeys)])
    merged = {key: stored for key, stored in found.items() if stored.mergedinto is not None}
    leading = merged
    while leading:
        kept = lock_by_ids(connection, [stored.mergedinto or 0 for stored in leading.values()])
        found |= {key: kept[stored.mergedinto or 0] for key, stored in leading.items()}
        leading = {key: found[key] for key in leading if found[key].mergedinto is not None}
    return KnownAssets(found, merged)


def lock_by_body(connection: Connection, bodydigests: Sequence[bytes]) -> dict[bytes, StoredAsset]:
    """Find the assets whose last body had one of these digests, and lock them; return them by digest."""
    return {stored.bodydigest: stored for stored in map(_stored, _BY_BODY.run(connection, bodydigests))}  # type: ignore[misc]  # the query finds no null


def lock_by_id(connection: Connection, assetid: int) -> StoredAsset | None:
    """Find the asset with this id, and lock it until the transaction ends."""
    row = _BY_ID.run(connection, {"assetid": assetid}).fetchone()
    return None if row is None else _stored(row)


def seen_since(connection: Connection, assetid: int, since: datetime) -> bool:
    """Return whether an asset was submitted at that time or later."""
    return _SEEN_SINCE.run(connection, {"assetid": assetid, "since": since}).fetchone() is not None


def _stored(row: Any) -> StoredAsset:
    columns, times, (version, state, reason, mergedinto, hassources) = row[:7], row[7:10], row[10:]
    last = (version, state, reason, mergedinto, bool(hassources))
    return StoredAsset(*columns, *map(driver_time, times), *last)  # type: ignore[call-arg]  # mypy counts each star as many


def read_attributes(connection: Connection, assetid: int) -> JsonObject:
    """Return the attributes of an asset that exists."""
    return attributes_of(connection, [assetid])[assetid]


def attributes_of(connection: Connection, assetids: Sequence[int]) -> dict[int, JsonObject]:
    """Return the attributes of assets that exist, by assetid."""
    return {assetid: orjson.loads(text) for assetid, text in _ATTRIBUTES.run(connection, assetids)}


def create_assets(
    connection: Connection, new: Sequence[StoredAsset], then: Sequence[Query] = ()
) -> tuple[list[int], list[Rows]]:
    """Insert the rows of assets; `new_attributes` are written later.

    Returns the ids that they get, and the rows of each query in `then`, which is sent with the insertion.
    Raises the driver's integrity error if an identity is taken.
    """
    values = [{name: getattr(row, name) for name in _INSERTED} for row in new]
    return _INSERT.insert_and_read(connection, values, then)


def new_attributes(created: Sequence[tuple[int, JsonObject]]) -> list[Write]:
    """Return the writes of the attributes of assets that were created, given by their ids."""
    rows = [{"assetid": assetid, "attributes": canonical_text(each)} for assetid, each in created]
    return [(_INSERT_ATTRIBUTES, rows)]


def changed_assets(changed: Sequence[tuple[StoredAsset, bytes, JsonObject]]) -> list[Write]:
    """Return the writes of changed rows, each with the hash of its audit entry, and of the attributes."""
    values = [
        {"asset": row.assetid, "newhash": chainhash, **{name: getattr(row, name) for name in _CHANGED}}
        for row, chainhash, _ in changed
    ]
    attributes = [{"asset": row.assetid, "attributes": canonical_text(each)} for row, _, each in changed]
    return [(_CHANGE, values), (_CHANGE_ATTRIBUTES, attributes)]


def edit_asset(
    connection: Connection, row: StoredAsset, chainhash: bytes, attributes: JsonObject | None = None
) -> None:
    """Write the row that a person changed, with the hash of its audit entry, and new attributes if given."""
    values = {"asset": row.assetid, "newhash": chainhash}
    _EDIT.run(connection, {**values, **{name: getattr(row, name) for name in (*_CHANGED, *_BY_PEOPLE)}})
    if attributes is not None:
        _CHANGE_ATTRIBUTES.run(connection, {"asset": row.assetid, "attributes": canonical_text(attributes)})


def read_site_fields(connection: Connection, assetid: int) -> JsonObject:
    """Return the fields of people of an asset."""
    query = select(assetsitefields.c.sitefields).where(assetsitefields.c.assetid == assetid)
    found: JsonObject = orjson.loads(connection.scalar(query) or "{}")
    return found


def write_site_fields(connection: Connection, assetid: int, sitefields: JsonObject) -> None:
    """Replace the fields of people of a locked asset; without any it has no row."""
    connection.execute(delete(assetsitefields).where(assetsitefields.c.assetid == assetid))
    if sitefields:
        values = {"assetid": assetid, "sitefields": canonical_text(sitefields)}
        connection.execute(insert(assetsitefields).values(values))


def seen_assets(seen: Sequence[tuple[StoredAsset, bytes]], *, same_hashes: bool) -> list[Write]:
    """Return the writes of `lastseenat` of assets that are otherwise unchanged, with the hash of the entry.

    `same_hashes`: those of the submission and of the body stay as well, so that no index is written.
    """
    values = [
        {"asset": row.assetid, "newhash": chainhash, **{name: getattr(row, name) for name in _TOUCHED}}
        for row, chainhash in seen
    ]
    return [(_TOUCH if same_hashes else _TOUCH_HASHES, values)]


def set_chainhash(connection: Connection, assetid: int, chainhash: bytes) -> None:
    """Write the hash of the asset's newest entry; the rest of the row stays as it is."""
    connection.execute(update(asset).where(asset.c.assetid == assetid).values(chainhash=chainhash))


def stored_of_type(
    connection: Connection, assettype: str, after: int, limit: int
) -> list[tuple[StoredAsset, str | None]]:
    """Return up to `limit` assets with an id above `after`, by id, with their attributes as JSON text.

    They are not locked; the text is `None` if its row is missing.
    """
    query = (
        select(*_STORED, assetattributes.c.attributes)
        .join_from(asset, assetattributes, isouter=True)
        .where(asset.c.assettype == assettype, asset.c.assetid > after)
        .order_by(asset.c.assetid)
        .limit(limit)
    )
    return [(StoredAsset(*row[:-1]), row.attributes) for row in connection.execute(query)]
