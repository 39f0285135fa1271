"""An asset as the API shows it as of a time, and what changed between two times (contract 6).

What the entries do not have is read from the row of the asset where nothing has changed since, and is `None`
elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, func, select

from shopdb_core.audit.diffs import beginning, between
from shopdb_core.audit.entries import RELATIONSHIPS, ROW_CHANGES, SAME_VERSION
from shopdb_core.audit.past import Cut, Past, as_of_cut, cut_at, in_order
from shopdb_core.errors import Gone, InvalidParameter
from shopdb_core.plugins.collector import Collector
from shopdb_core.store.tables import asset, auditentry
from shopdb_hookspecs import Json, JsonObject

IDENTITY = "@identityvalue"
"""The name in differences of the identity of an asset that people created, which no diff has."""


def show_as_of(
    connection: Connection, assetid: int, at: datetime, collectors: Mapping[str, Collector]
) -> JsonObject:
    """Return one asset as it was at a time, in the form of the API, with its relationships of then.

    `unknown` names the fields whose values of then were pruned. Raises `NotFound` if it did not exist, `Gone`
    if it was erased or what is needed was pruned, and `Conflict` if its entries contradict each other.
    """
    moment = _Moment.read(connection, assetid, at, collectors)
    row, past = moment.row, moment.past
    return {
        "assetid": assetid,
        "assettype": row.assettype,
        "identityvalue": moment.identityvalue,
        "attributes": in_order(collectors.get(row.assettype), past.attributes),
        "createdat": row.createdat,
        **_row_as_of(connection, row, moment.cut),
        **{column: past.values.get(name) for name, column in ROW_CHANGES.items()},
        "sitefields": past.sitefields,
        "relationships": [{**each, "sourceassetid": assetid} for each in past.values[RELATIONSHIPS]],
        "at": at,
        "unknown": sorted(past.unknown),
    }


def changes_between(
    connection: Connection, assetid: int, first: datetime, last: datetime, collectors: Mapping[str, Collector]
) -> JsonObject:
    """Return what changed of one asset from a time until another, as the diff of an audit entry shows it.

    Before its creation, an asset has nothing. Raises `InvalidParameter` if `last` is before `first`, and for
    `last` what `show_as_of` raises.
    """
    if last < first:
        raise InvalidParameter("to must not be before from.")
    after = _Moment.read(connection, assetid, last, collectors)
    before = _Moment.before(connection, after, first, collectors)
    unknown = before.past.unknown | after.past.unknown
    found = between(before.named_values(), after.named_values())
    return {
        "assetid": assetid,
        "assettype": after.row.assettype,
        "identityvalue": after.identityvalue,
        "from": first,
        "to": last,
        "diff": {name: change for name, change in found.items() if name not in unknown},
        "unknown": sorted(unknown),
    }


@dataclass(frozen=True, slots=True)
class _Moment:
    """One asset as of a time: its present row, where the time cuts its chain, and what it was.

    `identityvalue` is `None` before its creation.
    """

    row: Row[Any]
    cut: Cut
    past: Past
    identityvalue: str | None
    is_collected: bool

    @classmethod
    def read(
        cls, connection: Connection, assetid: int, at: datetime, collectors: Mapping[str, Collector]
    ) -> "_Moment":
        cut = cut_at(connection, assetid, at)
        row = connection.execute(select(asset).where(asset.c.assetid == assetid)).one()
        collector = collectors.get(row.assettype)
        past = as_of_cut(connection, assetid, cut, collector.volatile if collector else ())
        identityvalue = identity_as_of(connection, assetid, cut, past.values, collector)
        return cls(row, cut, past, identityvalue, collector is not None)

    @classmethod
    def before(
        cls, connection: Connection, after: "_Moment", at: datetime, collectors: Mapping[str, Collector]
    ) -> "_Moment":
        """Return the same asset at an earlier time, with nothing if that is before its creation."""
        if at < after.row.createdat:
            return cls(after.row, after.cut, Past(beginning()), None, after.is_collected)
        return cls.read(connection, after.row.assetid, at, collectors)

    def named_values(self) -> dict[str, Json]:
        """Return what a difference compares, with the identity unless it is among the attributes."""
        values = self.past.values
        return dict(values) if self.is_collected else {**values, IDENTITY: self.identityvalue}


def identity_as_of(
    connection: Connection, assetid: int, cut: Cut, values: JsonObject, collector: Collector | None
) -> str:
    """Return the identity as of a cut; raises `Gone` if it was pruned.

    A collected asset has it among its attributes, and each entry has it; checkpoints do not.
    """
    if collector and isinstance(found := values.get(collector.identityfield), str):
        return found
    entries = select(auditentry.c.auditid, auditentry.c.identityvalue, auditentry.c.action)
    of_asset = entries.where(auditentry.c.assetid == assetid)
    until = of_asset.where(auditentry.c.auditid <= cut.last).order_by(auditentry.c.auditid.desc()).limit(1)
    newest = connection.execute(until).first()
    changed = [run.lastauditid for run in cut.runs if not cut.has_only_noops(run)]
    if newest and newest.auditid > max(changed, default=0):
        return str(newest.identityvalue)
    later = of_asset.where(auditentry.c.auditid > cut.last).order_by(auditentry.c.auditid).limit(1)
    following = connection.execute(later).first()
    if following is None or following.action == "renamed":
        raise Gone(f"The audit entries that say what asset {assetid} was called then were pruned.")
    return str(following.identityvalue)


def _row_as_of(connection: Connection, row: Row[Any], cut: Cut) -> JsonObject:
    """Return the columns of the row that no diff has, `None` where pruning has made them unknown."""
    auditid, action = auditentry.c.auditid, auditentry.c.action
    changes = action.not_in(SAME_VERSION)
    later = select(func.count(), func.count(case((changes, auditid))))
    entries, changed = connection.execute(
        later.where(auditentry.c.assetid == row.assetid, auditid > cut.last)
    ).one()
    if not entries and not cut.later:
        return {"updatedat": row.updatedat, "lastseenat": row.lastseenat, "version": row.version}
    until = select(auditid, auditentry.c.at).where(auditentry.c.assetid == row.assetid, auditid <= cut.last)
    newest = until.order_by(auditid.desc()).limit(1)
    change = connection.execute(newest.where(changes)).first()
    seen = connection.execute(newest.where(auditentry.c.plugin.is_not(None))).first()
    return {
        "updatedat": updated_at(cut, *change) if change else None,
        "lastseenat": last_seen(cut, row.createdat, seen.at if seen else None),
        "version": None if cut.later else row.version - changed,
    }


def updated_at(cut: Cut, auditid: int, at: datetime) -> datetime | None:
    """Return when the asset was changed last, given the last entry of then that did so."""
    pruned = max((run.lastauditid for run in cut.runs), default=0)
    return None if cut.spanning or auditid < pruned else at


def last_seen(cut: Cut, createdat: datetime, submittedat: datetime | None) -> datetime:
    """Return when the asset was submitted last, as far as the entries have it.

    `submittedat` is the time of the last entry of a submission.
    """
    found = [createdat, *(run.lastat for run in cut.runs if cut.has_only_noops(run))]
    found += [submittedat] if submittedat else []
    return max([*found, cut.spanning.firstat] if cut.spanning else found)
