"""Secondary identities: values that suggest that two assets are one device, and never prove it (contract 4).

An asset may have several: a serial number, and the MAC address of each interface. They are kept in
`assetevidence`, except placeholders, and their moves of 30 days in `evidencemove`. The caller's transaction
commits.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any, TypeAlias

from sqlalchemy import Connection, bindparam, delete, insert, select

from shopdb_core.assets.identity import identity_key, is_evidence
from shopdb_core.declarations.named_fields import EvidencePath
from shopdb_core.store import Query, SetQuery, Statement, Write, read_all
from shopdb_core.store.tables import asset, assetevidence, evidencemove
from shopdb_hookspecs import Json, JsonObject

REMEMBERED = timedelta(days=30)
"""How long a move counts."""

HANDS = 2
"""A value that moved so often is that of an adapter or a docking station, and does not identify a device."""

MOST_VALUES = 64
"""The values of an asset that count; a switch in a network of virtual machines may have thousands."""

MOST_CANDIDATES = 3
"""The assets that one submission is compared with."""

_IN_A_QUERY = 512

EvidenceKey: TypeAlias = tuple[str, bytes]
"""The kind of a value and its key; two values are equal if these are."""

Evidence: TypeAlias = Mapping[EvidenceKey, str]
"""The values of an asset as they were spelt, the strongest kind first."""

Holder: TypeAlias = tuple[int, str]
"""The id and the identity of an asset that has a value."""

_OF_VALUE: Mapping[str, Any] = {name: bindparam(name) for name in ("assettype", "field", "value")}

_HOLDERS = Statement(
    select(assetevidence.c.assetid, asset.c.identityvalue)
    .join_from(assetevidence, asset)
    .where(*(assetevidence.c[name] == value for name, value in _OF_VALUE.items()))
    .limit(HANDS + 1)
)
_OF_ASSET = Statement(
    select(assetevidence.c.field, assetevidence.c.value).where(
        assetevidence.c.assetid == bindparam("assetid")
    )
)
_DELETE = Statement(delete(assetevidence).where(assetevidence.c.assetid == bindparam("asset")))
_INSERT = Statement(insert(assetevidence).values(**_OF_VALUE, assetid=bindparam("assetid")))
_MOVES = (
    select(evidencemove.c.assetid)
    .where(*(evidencemove.c[name] == value for name, value in _OF_VALUE.items()))
    .where(evidencemove.c.at >= bindparam("since"))
    .limit(HANDS)
)
_ALL_MOVES = Statement(_MOVES)
_MOVES_FROM_OTHERS = Statement(_MOVES.where(evidencemove.c.assetid != bindparam("assetid")).distinct())
_MOVES_FROM = SetQuery(
    select(evidencemove.c.field, evidencemove.c.value)
    .where(evidencemove.c.assetid == bindparam("assetid"), evidencemove.c.at >= bindparam("since"))
    .distinct(),
    evidencemove.c.value,
)
_FORGET = Statement(
    delete(evidencemove).where(
        evidencemove.c.assetid == bindparam("asset"), evidencemove.c.at < bindparam("since")
    )
)
_RECORD_MOVE = Statement(
    insert(evidencemove).values(**_OF_VALUE, assetid=bindparam("assetid"), at=bindparam("at"))
)


@lru_cache
def _taken(kinds: int) -> SetQuery:
    """Return the query for any asset that has one of some values, for a number of kinds."""
    fields = [bindparam(f"kind{number}", type_=assetevidence.c.field.type) for number in range(kinds)]
    of_kinds = assetevidence.c.field == fields[0] if kinds == 1 else assetevidence.c.field.in_(fields)
    query = select(assetevidence.c.assetid).where(assetevidence.c.assettype == bindparam("assettype"))
    return SetQuery(query.where(of_kinds).limit(1), assetevidence.c.value)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An asset that may be the submitted device, and the values that only it has, the strongest first."""

    assetid: int
    identityvalue: str
    keys: Sequence[EvidenceKey]


@dataclass(frozen=True, slots=True)
class EvidenceMatch:
    """Submitted values, the assets that have each of them, three at most, and those that may be the device.

    `notadopted` says why no asset was adopted.
    """

    evidence: Evidence
    holders: Mapping[EvidenceKey, Sequence[Holder]]
    candidates: Sequence[Candidate]
    notadopted: str = ""


NO_EVIDENCE = EvidenceMatch({}, {}, ())


@dataclass(frozen=True)
class SecondaryIdentity:
    """Where the assets of one type have their secondary identities."""

    assettype: str
    paths: tuple[EvidencePath, ...]

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of values, the strongest first."""
        return tuple(dict.fromkeys(path.kind for path in self.paths))

    def of(self, attributes: JsonObject) -> Evidence:
        """Return the values of an asset or a submission that are evidence, `MOST_VALUES` at most."""
        found: dict[EvidenceKey, str] = {}
        for path in self.paths:
            kind = path.kind
            for value in _values(attributes.get(path.field), path.member):
                if is_evidence(value):
                    found.setdefault((kind, identity_key(value)), value)
        return found if len(found) <= MOST_VALUES else dict(islice(found.items(), MOST_VALUES))

    def change(self, before: JsonObject, after: JsonObject) -> tuple[Evidence, Evidence]:
        """Return the values before and after, both empty if none of their fields changes."""
        if all(before.get(path.field) == after.get(path.field) for path in self.paths):
            return {}, {}
        return self.of(before), self.of(after)

    def any_taken(self, connection: Connection, evidence: Iterable[Evidence]) -> bool:
        """Return whether any asset has one of the values; an equal value of another kind counts, too."""
        return any(read_all(connection, self.taken_queries(evidence)))

    def taken_queries(self, evidence: Iterable[Evidence]) -> list[Query]:
        """Return the queries of which one finds a row if `any_taken`."""
        keys = {key for each in evidence for key in each}
        values = sorted({value for _, value in keys})
        kinds = {f"kind{number}": kind for number, kind in enumerate(sorted({kind for kind, _ in keys}))}
        return [
            _taken(len(kinds)).of(values[start : start + _IN_A_QUERY], assettype=self.assettype, **kinds)
            for start in range(0, len(values), _IN_A_QUERY)
        ]

    def find(
        self, connection: Connection, evidence: Evidence, keys: Iterable[EvidenceKey], *, of: int = 0
    ) -> EvidenceMatch:
        """Find the assets, other than `of`, that have one of these values, all or some of the evidence."""
        holders = {key: found for key in keys if (found := self._holders(connection, key, of))}
        candidates = islice(self._candidates(connection, evidence, holders), MOST_CANDIDATES)
        return EvidenceMatch(evidence, holders, [*candidates])

    def _holders(self, connection: Connection, key: EvidenceKey, but: int) -> list[Holder]:
        rows = _HOLDERS.run(connection, self._row(key)).fetchall()
        return [(int(assetid), identityvalue) for assetid, identityvalue in rows if assetid != but]

    def _candidates(
        self,
        connection: Connection,
        evidence: Evidence,
        holders: Mapping[EvidenceKey, Sequence[Holder]],
    ) -> Iterator[Candidate]:
        """Yield the assets that alone have a value, unless a stronger kind shows that they are others.

        A laptop at the docking station of another one has its MAC address, and another serial number.
        """
        found: dict[Holder, list[EvidenceKey]] = {}
        for key, assets in holders.items():
            if len(assets) == 1:
                found.setdefault(assets[0], []).append(key)
        for (assetid, identityvalue), keys in found.items():
            own = self._stored(connection, assetid) if len(self.kinds) > 1 else ()
            if kept := [key for key in keys if not self._contradicts(key[0], evidence, own)]:
                yield Candidate(assetid, identityvalue, kept)

    def _stored(self, connection: Connection, assetid: int) -> list[EvidenceKey]:
        rows = _OF_ASSET.run(connection, {"assetid": assetid}).fetchall()
        return [(field, bytes(value)) for field, value in rows]

    def _contradicts(self, kind: str, one: Iterable[EvidenceKey], other: Iterable[EvidenceKey]) -> bool:
        """Return whether both have values of a stronger kind, and none of them in common."""
        for stronger in self.kinds[: self.kinds.index(kind)]:
            ours, theirs = of_kind(one, stronger), of_kind(other, stronger)
            if ours and theirs and set(ours).isdisjoint(theirs):
                return True
        return False

    def replacing(self, values: Sequence[tuple[int, Evidence | None, Evidence]]) -> list[Write]:
        """Return the writes that replace the values of assets.

        Given as assetid, the values before, `None` if there is no row, and after.
        """
        changed = [each for each in values if each[1] is None or each[1].keys() != each[2].keys()]
        gone = [{"asset": assetid} for assetid, old, _ in changed if old is not None]
        rows = [{**self._row(key), "assetid": assetid} for assetid, _, new in changed for key in new]
        return [(_DELETE, gone), (_INSERT, rows)]

    def record_moves(
        self, connection: Connection, keys: Iterable[EvidenceKey], assetid: int, at: datetime
    ) -> None:
        """Record that an asset lost values, or that another has them, too; forget what is too old."""
        rows = [{**self._row(key), "assetid": assetid, "at": at} for key in keys]
        if rows:
            _FORGET.run(connection, {"asset": assetid, "since": at - REMEMBERED})
            _RECORD_MOVE.run_many(connection, rows)

    def moved_twice(self, connection: Connection, key: EvidenceKey, at: datetime) -> bool:
        """Return whether a value changed hands twice within the last 30 days."""
        row = {**self._row(key), "since": at - REMEMBERED}
        return len(_ALL_MOVES.run(connection, row).fetchall()) >= HANDS

    def had_before(
        self, connection: Connection, keys: Sequence[EvidenceKey], assetid: int, at: datetime
    ) -> set[EvidenceKey]:
        """Return the values that an asset had and lost within the last 30 days."""
        values = [value for _, value in keys]
        rows = _MOVES_FROM.run(connection, values, assetid=assetid, since=at - REMEMBERED)
        return {(field, bytes(value)) for field, value in rows}.intersection(keys)

    def travels(self, connection: Connection, key: EvidenceKey, assetid: int, at: datetime) -> bool:
        """Return whether two other assets had a value within the last 30 days."""
        row = {**self._row(key), "since": at - REMEMBERED, "assetid": assetid}
        return len(_MOVES_FROM_OTHERS.run(connection, row).fetchall()) >= HANDS

    def _row(self, key: EvidenceKey) -> dict[str, str | bytes]:
        """Return the columns of a value, in both tables."""
        return {"assettype": self.assettype, "field": key[0], "value": key[1]}


def forget_evidence(connection: Connection, assetid: int) -> None:
    """Delete the secondary identities of an asset, of any kind, and their moves."""
    for table in (assetevidence, evidencemove):
        connection.execute(delete(table).where(table.c.assetid == assetid))


def of_kind(keys: Iterable[EvidenceKey], kind: str) -> list[EvidenceKey]:
    """Return the values of one kind."""
    return [key for key in keys if key[0] == kind]


def texts_named(kind: str, attributes: JsonObject) -> list[str]:
    """Return the strings from which a value of this kind may be copied, whatever a declaration says."""
    members = (text for value in attributes.values() for text in _values(value, kind))
    return [text for text in (attributes.get(kind), *members) if isinstance(text, str)]


def _values(value: Json, member: str | None) -> Iterable[Json]:
    if member is None:
        return (value,)
    return [item.get(member) for item in value if isinstance(item, dict)] if isinstance(value, list) else ()
