"""Searching for duplicates: assets that may be one device, and one that may be two (contract 4).

Submissions do so in their transaction, only where an identity is new or its evidence changed.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, or_, select

from shopdb_core.assets.duplicates.evidence import (
    HANDS,
    Candidate,
    Evidence,
    EvidenceKey,
    EvidenceMatch,
    Holder,
    SecondaryIdentity,
    of_kind,
)
from shopdb_core.assets.duplicates.findings import Finding, Kind, record, withdraw, withdraw_listed
from shopdb_core.store import Query, Rows, Statement, read_all
from shopdb_core.store.tables import asset

_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_QUALIFIED = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.[a-z][a-z0-9-]*")
"""A name whose last label begins with a letter, so that it is not an address."""

MOST_FORMS = 10
"""How many other assets are compared whose names may be forms of a new one."""

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
    .limit(MOST_FORMS + 1)  # the asset itself is among them
)


@dataclass(frozen=True, slots=True)
class DuplicateSearch:
    """Searches for duplicates of the asset that a submission or a person writes, and records what it finds.

    Each method yields warnings for the sender: sentences that begin with the field. `forms` are the rows of
    `forms_query` by identity, if they were read before.
    """

    connection: Connection
    assettype: str
    identityfield: str
    secondary: SecondaryIdentity
    at: datetime
    forms: Mapping[bytes, Rows] = field(default_factory=dict)

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
        for other, name in self._other_forms(identitykey):
            finding = Finding("samehost", self.assettype, self.identityfield, other, assetid)
            if record(self.connection, finding, self.at):
                yield (
                    f"{self.identityfield}: {name} (asset {other}) is a form of the same name; "
                    "if both are one host, merge them"
                )

    def _other_forms(self, identitykey: bytes) -> Iterator[Holder]:
        """Yield the assets whose name is a qualified form of this host's name, or a shorter one."""
        if (found := self.forms.get(identitykey)) is None:
            query = forms_query(self.assettype, identitykey)
            (found,) = read_all(self.connection, [query]) if query else [()]
        for assetid, identityvalue, other in found:
            if _is_form(identitykey.decode(), bytes(other).decode()):
                yield int(assetid), identityvalue

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


def forms_query(assettype: str, identitykey: bytes) -> Query | None:
    """Return the query for the assets whose names may be forms of this one; `None` if it is not a host's."""
    name = identitykey.decode()
    if not _HOST.fullmatch(name) or ("." in name and not _QUALIFIED.fullmatch(name)):
        return None
    short = name.partition(".")[0].encode()
    # A slash follows a full stop: between the two are the keys that begin with the name and a full stop.
    return _FORMS, {"assettype": assettype, "short": short, "low": short + b".", "high": short + b"/"}


def _is_form(one: str, other: str) -> bool:
    """Return whether one name is the other and a domain."""
    short, qualified = sorted((one, other), key=len)
    return qualified.startswith(f"{short}.") and bool(_QUALIFIED.fullmatch(qualified))
