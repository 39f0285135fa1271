"""Secondary identities: evidence of a duplicate, and how their values move between assets (contract 4).

A secondary identity, such as a MAC address, suggests that two assets are one device and never proves it. Its
values are kept in `assetevidence`, except placeholders, and the moves of the last 30 days in `evidencemove`.
The caller's transaction commits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, bindparam, delete, insert, select

from shopdb_core.assets.identity import identity_key, is_evidence
from shopdb_core.store import Statement
from shopdb_core.store.tables import asset, assetevidence, evidencemove
from shopdb_hookspecs import Json

REMEMBERED = timedelta(days=30)
"""How long a move counts."""

HANDS = 2
"""A value that moved so often is that of an adapter or a docking station, and does not identify a device."""

_OF_VALUE: Mapping[str, Any] = {name: bindparam(name) for name in ("assettype", "field", "value")}

_HOLDERS = Statement(
    select(assetevidence.c.assetid, asset.c.identityvalue)
    .join_from(assetevidence, asset)
    .where(*(assetevidence.c[name] == value for name, value in _OF_VALUE.items()))
    .limit(HANDS + 1)
)
_DELETE = Statement(
    delete(assetevidence).where(
        assetevidence.c.assetid == bindparam("assetid"), assetevidence.c.field == bindparam("field")
    )
)
_INSERT = Statement(insert(assetevidence).values(**_OF_VALUE, assetid=bindparam("assetid")))
_MOVES = (
    select(evidencemove.c.assetid)
    .where(*(evidencemove.c[name] == value for name, value in _OF_VALUE.items()))
    .where(evidencemove.c.at >= bindparam("since"))
    .limit(HANDS)
)
_ALL_MOVES = Statement(_MOVES)
_MOVES_FROM = Statement(_MOVES.where(evidencemove.c.assetid == bindparam("assetid")))
_MOVES_FROM_OTHERS = Statement(_MOVES.where(evidencemove.c.assetid != bindparam("assetid")).distinct())
_FORGET = Statement(
    delete(evidencemove).where(
        evidencemove.c.assetid == bindparam("asset"), evidencemove.c.at < bindparam("since")
    )
)
_RECORD_MOVE = Statement(
    insert(evidencemove).values(**_OF_VALUE, assetid=bindparam("assetid"), at=bindparam("at"))
)

Holder: TypeAlias = tuple[int, str]
"""The id and the identity of an asset that has a value."""


@dataclass(frozen=True, slots=True)
class EvidenceMatch:
    """A submitted secondary identity, and the assets that have it; `notadopted` says why none was adopted."""

    value: Json
    holders: Sequence[Holder]
    notadopted: str = ""


NO_EVIDENCE = EvidenceMatch(None, ())


@dataclass(frozen=True, slots=True)
class SecondaryIdentity:
    """The field of one asset type that holds its secondary identity."""

    assettype: str
    field: str

    def row(self, value: str) -> dict[str, str | bytes]:
        """Return the columns of a value, in both tables."""
        return {"assettype": self.assettype, "field": self.field, "value": identity_key(value)}

    def holders(self, connection: Connection, value: Json) -> list[Holder]:
        """Return the assets with this value, three at most; none for a placeholder."""
        if not is_evidence(value):
            return []
        return [(int(row[0]), row[1]) for row in _HOLDERS.run(connection, self.row(value)).fetchall()]

    def replace(self, connection: Connection, assetid: int, old: Json, new: Json) -> None:
        """Replace the value of an asset; a placeholder is not stored."""
        if old == new:
            return
        if isinstance(old, str):
            _DELETE.run(connection, {"assetid": assetid, "field": self.field})
        if is_evidence(new):
            _INSERT.run(connection, {**self.row(new), "assetid": assetid})

    def record_move(self, connection: Connection, value: Json, assetid: int, at: datetime) -> None:
        """Record that an asset lost its value, or that another has it, too; forget what is too old."""
        if is_evidence(value):
            _FORGET.run(connection, {"asset": assetid, "since": at - REMEMBERED})
            _RECORD_MOVE.run(connection, {**self.row(value), "assetid": assetid, "at": at})

    def moved_twice(self, connection: Connection, value: Json, at: datetime) -> bool:
        """Return whether a value changed hands twice within the last 30 days."""
        return self._moves(_ALL_MOVES, connection, value, at=at) >= HANDS

    def had_before(self, connection: Connection, value: Json, assetid: int, at: datetime) -> bool:
        """Return whether an asset had a value and lost it within the last 30 days."""
        return self._moves(_MOVES_FROM, connection, value, assetid=assetid, at=at) > 0

    def travels(self, connection: Connection, value: Json, assetid: int, at: datetime) -> bool:
        """Return whether two other assets had a value within the last 30 days."""
        return self._moves(_MOVES_FROM_OTHERS, connection, value, assetid=assetid, at=at) >= HANDS

    def _moves(
        self, statement: Statement, connection: Connection, value: Json, *, at: datetime, **more: int
    ) -> int:
        """Return how many moves of a value a statement finds, two at most."""
        if not is_evidence(value):
            return 0
        row = {**self.row(value), "since": at - REMEMBERED, **more}
        return len(statement.run(connection, row).fetchall())


def same_evidence(one: Json, other: Json) -> bool:
    """Return whether two values of a field are one, in any spelling."""
    if isinstance(one, str) and isinstance(other, str):
        return identity_key(one) == identity_key(other)
    return one is other is None
