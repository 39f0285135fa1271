"""How many assets there are, by type and state, and how many of them nobody has seen for a while."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, select

from shopdb_core.store.tables import asset


@dataclass(frozen=True, slots=True)
class AssetCount:
    """The assets of a type in one state; `unseen` of them were last submitted before a given time."""

    assettype: str
    state: str
    number: int
    unseen: int


def count_assets(connection: Connection, unseen_since: datetime) -> list[AssetCount]:
    """Count the assets by type and state, in that order; reads the whole table of assets once."""
    column = asset.c
    unseen = func.sum(case((column.lastseenat < unseen_since, 1), else_=0))
    query = (
        select(column.assettype, column.state, func.count(), unseen)
        .group_by(column.assettype, column.state)
        .order_by(column.assettype, column.state)
    )
    return [
        AssetCount(assettype, state, number, int(unseen))
        for assettype, state, number, unseen in connection.execute(query)
    ]
