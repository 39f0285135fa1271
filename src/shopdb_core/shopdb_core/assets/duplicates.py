"""Findings about duplicates: assets that may be one device, and one that may be two (contract 4, 11).

Submissions record them in their transaction, only where an identity is new or its evidence changed. People
read them, and ignore those that they have looked at.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Select, and_, bindparam, delete, insert, or_, select, update

from shopdb_core.assets.evidence import (
    HANDS,
    Candidate,
    Evidence,
    EvidenceKey,
    EvidenceMatch,
    Holder,
    SecondaryIdentity,
    of_kind,
)
from shopdb_core.assets.identity import identity_key
from shopdb_core.errors import NotFound
from shopdb_core.store import Statement
from shopdb_core.store.paging import is_among, least_keys
from shopdb_core.store.tables import asset, assetduplicate
from shopdb_hookspecs import JsonObject

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
_OF_ASSET = Statement(
    select(assetduplicate.c.duplicateid, assetduplicate.c.field, assetduplicate.c.value).where(
        assetduplicate.c.kind == bindparam("kind"),
        or_(assetduplicate.c.assetid == bindparam("one"), assetduplicate.c.otherassetid == bindparam("one")),
    )
)
_WITHDRAW = Statement(delete(assetduplicate).where(assetduplicate.c.duplicateid == bindparam("duplicate")))
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


@dataclass(frozen=True, slots=True)
class DuplicateSearch:
    """Searches for duplicates of the asset that a submission or a person writes, and records what it finds.

    Each method yields warnings for the sender: sentences that begin with the field.
    """

    connection: Connection
    assettype: str
    identityfield: str
    secondary: SecondaryIdentity
    at: datetime

    def of_new(self, assetid: int, identitykey: bytes, match: EvidenceMatch) -> Iterator[str]:
        """Search for duplicates of an asset that was created."""
        yield from self._same_host(assetid, identitykey)
        self._note_holders(match)
        for candidate in match.candidates:
            yield from self._renamed(assetid, match, candidate)

    def of_adopted(
        self, assetid: int, identitykey: bytes, match: EvidenceMatch, lost: Collection[EvidenceKey]
    ) -> Iterator[str]:
        """Search for duplicates of an asset that takes a new identity, and withdraw what the old one was."""
        taken = [key for candidate in match.candidates for key in candidate.keys]
        self.secondary.record_moves(self.connection, [*taken, *lost], assetid, self.at)
        withdraw(self.connection, "renamed", assetid, lost)
        withdraw(self.connection, "samehost", assetid)
        yield from self._same_host(assetid, identitykey)

    def of_edited(self, assetid: int, identitykey: bytes, evidence: Evidence) -> Iterator[str]:
        """Search anew for duplicates of an asset that a person renamed or restored.

        What its old identity was found by is withdrawn.
        """
        withdraw_listed(self.connection, assetid, ("renamed", "samehost"))
        yield from self._same_host(assetid, identitykey)
        match = self.secondary.find(self.connection, evidence, evidence, of=assetid)
        for candidate in match.candidates:
            yield from self._renamed(assetid, match, candidate)

    def of_changed(self, assetid: int, old: Evidence, new: Evidence) -> Iterator[str]:
        """Search for the reason why a known asset has other values; call it before they are written.

        `swapped`: one other asset has a value that is new. `collision`: the asset had its values before those
        that it had last. A value that two other assets had lately is that of an adapter, and is not reported.
        """
        connection, secondary, at = self.connection, self.secondary, self.at
        gained = [key for key in new if key not in old]
        lost = [key for key in old if key not in new]
        if not (gained or lost):
            return
        taken = gained if secondary.any_taken(connection, [dict.fromkeys(gained, "")]) else []
        match = secondary.find(connection, new, taken, of=assetid)
        returned = secondary.had_before(connection, gained, assetid, at)
        self._note_holders(match)
        secondary.record_moves(connection, lost, assetid, at)
        withdraw(connection, "renamed", assetid, lost)
        for candidate in match.candidates:
            yield from self._swapped(assetid, match, candidate)
        if returned:
            yield from self._collision(assetid, old, new, returned)

    def _note_holders(self, match: EvidenceMatch) -> None:
        """Record that values came to another asset; with the third, a value is that of an adapter."""
        for key, holders in match.holders.items():
            self.secondary.record_moves(self.connection, [key], holders[0][0], self.at)
            if len(holders) == HANDS:
                for assetid, _ in holders:
                    withdraw(self.connection, "renamed", assetid, [key])

    def _same_host(self, assetid: int, identitykey: bytes) -> Iterator[str]:
        """Find the short or qualified forms of a new identity that is the name of a host."""
        for other, name in _other_forms(self.connection, self.assettype, identitykey):
            finding = Finding("samehost", self.assettype, self.identityfield, other, assetid)
            if record(self.connection, finding, self.at):
                yield (
                    f"{self.identityfield}: {name} (asset {other}) is a form of the same name; "
                    "if both are one host, merge them"
                )

    def _renamed(self, assetid: int, match: EvidenceMatch, candidate: Candidate) -> Iterator[str]:
        key = candidate.keys[0]
        finding = self._finding("renamed", assetid, candidate.assetid, key, match)
        if record(self.connection, finding, self.at):
            yield (
                f"{_also_on(key, match, candidate)}{match.notadopted}; "
                "if this is that device renamed, merge them"
            )

    def _swapped(self, assetid: int, match: EvidenceMatch, candidate: Candidate) -> Iterator[str]:
        if (key := next(self._settled(assetid, candidate.keys), None)) is None:
            return
        finding = self._finding("swapped", assetid, candidate.assetid, key, match)
        if record(self.connection, finding, self.at):
            yield (
                f"{_also_on(key, match, candidate)}, and new for asset {assetid}; "
                "check whether the two devices swapped names"
            )

    def _finding(
        self, kind: Kind, assetid: int, other: int, key: EvidenceKey, match: EvidenceMatch
    ) -> Finding:
        return Finding(kind, self.assettype, key[0], other, assetid, match.evidence[key])

    def _collision(
        self, assetid: int, old: Evidence, new: Evidence, returned: Collection[EvidenceKey]
    ) -> Iterator[str]:
        """Report the strongest kind of which all values changed, and one came back.

        A kind of which a value stayed shows that it is the same device: a docking station is new beside it.
        """
        for kind in self.secondary.kinds:
            before, after = of_kind(old, kind), of_kind(new, kind)
            if set(before) & set(after):
                return
            back = next(self._settled(assetid, (key for key in after if key in returned)), None)
            left = next(self._settled(assetid, before), None) if back else None
            if back and left:
                yield from self._alternates(assetid, kind, old[left], new[back])
                return

    def _settled(self, assetid: int, keys: Iterable[EvidenceKey]) -> Iterator[EvidenceKey]:
        """Yield the values that are not those of an adapter."""
        return (key for key in keys if not self.secondary.travels(self.connection, key, assetid, self.at))

    def _alternates(self, assetid: int, field: str, old: str, new: str) -> Iterator[str]:
        finding = Finding("collision", self.assettype, field, assetid, assetid, new, old)
        if record(self.connection, finding, self.at):
            yield (
                f"{field}: alternates between {old} and {new}; "
                f"check whether two devices share the {self.identityfield} of asset {assetid}"
            )


def _also_on(key: EvidenceKey, match: EvidenceMatch, candidate: Candidate) -> str:
    """Return the beginning of a warning; it has the value where the submission has several of the kind."""
    several = len(of_kind(match.evidence, key[0])) > 1
    which = f"{match.evidence[key]} is also on" if several else "also on"
    return f"{key[0]}: {which} {candidate.identityvalue} (asset {candidate.assetid})"


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


def get_duplicate(connection: Connection, duplicateid: int) -> JsonObject:
    """Return one finding, also an ignored one: `ignoredat`, `ignoredby` say so; raises `NotFound`."""
    ignored = (assetduplicate.c.ignoredat, assetduplicate.c.ignoredby)
    query = _select().add_columns(*ignored).where(assetduplicate.c.duplicateid == duplicateid)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(f"There is no duplicate {duplicateid}: the finding was withdrawn, or never made.")
    return dict(row)


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
