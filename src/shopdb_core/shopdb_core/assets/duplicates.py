"""Findings about duplicates: assets that may be one device, and one that may be two (contract 4, 11).

Submissions record them in their transaction, only where an identity is new or its evidence changed. People
read them, and ignore those that they have looked at.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Select, and_, bindparam, delete, insert, or_, select, update

from shopdb_core.assets.identity import (
    HANDS,
    EvidenceMatch,
    Holder,
    SecondaryIdentity,
    is_evidence,
    same_evidence,
)
from shopdb_core.errors import NotFound
from shopdb_core.store import Statement
from shopdb_core.store.paging import is_among, least_keys
from shopdb_core.store.tables import asset, assetduplicate
from shopdb_hookspecs import Json, JsonObject

Kind = Literal["renamed", "swapped", "collision", "samehost"]

_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_QUALIFIED = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.[a-z][a-z0-9-]*")
"""A name whose last label begins with a letter, so that it is not an address."""

MOST_FORMS = 10

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
_WITHDRAW = Statement(
    delete(assetduplicate).where(
        assetduplicate.c.kind == bindparam("kind"),
        or_(assetduplicate.c.assetid == bindparam("one"), assetduplicate.c.otherassetid == bindparam("one")),
    )
)
_FORMS = Statement(
    select(asset.c.assetid, asset.c.identityvalue, asset.c.identitykey)
    .where(
        asset.c.assettype == bindparam("assettype"),
        asset.c.state == "active",
        or_(
            asset.c.identitykey == bindparam("short"),
            and_(asset.c.identitykey >= bindparam("low"), asset.c.identitykey < bindparam("high")),
        ),
    )
    .limit(MOST_FORMS + 1)
)


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


def withdraw(connection: Connection, kind: Kind, assetid: int) -> None:
    """Delete the findings of one kind about an asset: what they were found by is no longer so."""
    _WITHDRAW.run(connection, {"kind": kind, "one": assetid})


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


@dataclass(frozen=True, slots=True)
class DuplicateSearch:
    """Searches for duplicates of the asset that a submission or a person writes, and records what it finds.

    Each method yields warnings for the sender: sentences that begin with the field.
    """

    connection: Connection
    assettype: str
    identityfield: str
    secondary: SecondaryIdentity | None
    at: datetime

    def of_new(self, assetid: int, identitykey: bytes, match: EvidenceMatch) -> Iterator[str]:
        """Search for duplicates of an asset that was created."""
        yield from self._same_host(assetid, identitykey)
        if self.secondary and match.holders:
            self._note_holders(self.secondary, match)
            if len(match.holders) == 1:
                yield from self._renamed(self.secondary, assetid, match)

    def of_adopted(self, assetid: int, identitykey: bytes, value: Json) -> Iterator[str]:
        """Search for duplicates of an asset that takes a new identity, and withdraw what the old one was."""
        if self.secondary:
            self.secondary.record_move(self.connection, value, assetid, self.at)
        withdraw(self.connection, "samehost", assetid)
        yield from self._same_host(assetid, identitykey)

    def of_edited(self, assetid: int, identitykey: bytes, value: Json) -> Iterator[str]:
        """Search anew for duplicates of an asset that a person renamed or restored.

        What its old identity was found by is withdrawn. `value` is its secondary identity.
        """
        withdraw_listed(self.connection, assetid, ("renamed", "samehost"))
        yield from self._same_host(assetid, identitykey)
        if self.secondary:
            found = self.secondary.holders(self.connection, value)
            others = [holder for holder in found if holder[0] != assetid]
            if len(others) == 1:
                yield from self._renamed(self.secondary, assetid, EvidenceMatch(value, others))

    def of_changed(self, assetid: int, old: Json, new: Json) -> Iterator[str]:
        """Search for the reason why a known asset has another secondary identity; call it before the change.

        `swapped`: one other asset has it. `collision`: the asset had it before the one that it had last. A
        value that two other assets had lately is that of an adapter, and is not reported.
        """
        connection, secondary, at = self.connection, self.secondary, self.at
        if secondary is None or same_evidence(old, new):
            return
        match = EvidenceMatch(new, secondary.holders(connection, new))
        returned = secondary.had_before(connection, new, assetid, at)
        self._note_holders(secondary, match)
        secondary.record_move(connection, old, assetid, at)
        withdraw(connection, "renamed", assetid)
        if not (match.holders or returned) or secondary.travels(connection, new, assetid, at):
            return
        if len(match.holders) == 1:
            yield from self._swapped(secondary, assetid, match)
        if returned and is_evidence(old) and not secondary.travels(connection, old, assetid, at):
            yield from self._collision(secondary, assetid, old, new)

    def _note_holders(self, secondary: SecondaryIdentity, match: EvidenceMatch) -> None:
        """Record that a value came to another asset; with the third, it is that of an adapter."""
        for assetid, _ in match.holders[:1]:
            secondary.record_move(self.connection, match.value, assetid, self.at)
        if len(match.holders) == HANDS:
            for assetid, _ in match.holders:
                withdraw(self.connection, "renamed", assetid)

    def _same_host(self, assetid: int, identitykey: bytes) -> Iterator[str]:
        """Find the short or qualified forms of a new identity that is the name of a host."""
        for other, name in _other_forms(self.connection, self.assettype, identitykey):
            finding = Finding("samehost", self.assettype, self.identityfield, other, assetid)
            if record(self.connection, finding, self.at):
                yield (
                    f"{self.identityfield}: {name} (asset {other}) is a form of the same name; "
                    "if both are one host, merge them"
                )

    def _renamed(self, secondary: SecondaryIdentity, assetid: int, match: EvidenceMatch) -> Iterator[str]:
        ((other, name),) = match.holders
        finding = Finding("renamed", self.assettype, secondary.field, other, assetid, match.value)
        if record(self.connection, finding, self.at):
            yield (
                f"{secondary.field}: also on {name} (asset {other}){match.notadopted}; "
                "if this is that device renamed, merge them"
            )

    def _swapped(self, secondary: SecondaryIdentity, assetid: int, match: EvidenceMatch) -> Iterator[str]:
        ((other, name),) = match.holders
        finding = Finding("swapped", self.assettype, secondary.field, other, assetid, match.value)
        if record(self.connection, finding, self.at):
            yield (
                f"{secondary.field}: also on {name} (asset {other}), and new for asset {assetid}; "
                "check whether the two devices swapped names"
            )

    def _collision(self, secondary: SecondaryIdentity, assetid: int, old: str, new: str) -> Iterator[str]:
        finding = Finding("collision", self.assettype, secondary.field, assetid, assetid, new, old)
        if record(self.connection, finding, self.at):
            yield (
                f"{secondary.field}: alternates between {old} and {new}; "
                f"check whether two devices share the {self.identityfield} of asset {assetid}"
            )


def _other_forms(connection: Connection, assettype: str, identitykey: bytes) -> Iterator[Holder]:
    """Yield the assets whose name is a qualified form of this host's name, or a shorter one."""
    name = identitykey.decode()
    if not _HOST.fullmatch(name) or ("." in name and not _QUALIFIED.fullmatch(name)):
        return
    short = name.partition(".")[0].encode()
    # A slash follows a full stop: between the two are the keys that begin with the name and a full stop.
    row = {"assettype": assettype, "short": short, "low": short + b".", "high": short + b"/"}
    found = _FORMS.run(connection, row).fetchall()
    for assetid, identityvalue, other in found[:MOST_FORMS]:
        if _is_form(name, bytes(other).decode()):
            yield int(assetid), identityvalue


def _is_form(one: str, other: str) -> bool:
    """Return whether one name is the other and a domain."""
    short, qualified = sorted((one, other), key=len)
    return qualified.startswith(f"{short}.") and bool(_QUALIFIED.fullmatch(qualified))


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
    row = connection.execute(_select().where(assetduplicate.c.duplicateid == duplicateid)).mappings().first()
    if row is None:
        raise NotFound(f"There is no duplicate {duplicateid}.")
    return dict(row)
