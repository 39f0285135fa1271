"""Times as ids of audit entries: no index has the times, and the ids grow with them.

They do so only nearly: an id is given before the commit, and each process has a clock of its own. Here an
entry may be dated up to `SKEW` earlier or later than its place among the ids says, as much as a submission's
time may be ahead (contract 2). An entry that a wrong clock dated further off is not found by its time.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select

from shopdb_core.store import Statement
from shopdb_core.store.statement import driver_time
from shopdb_core.store.tables import LARGEST_ID, auditentry

SKEW = timedelta(minutes=5)

_ENDS = Statement(select(func.min(auditentry.c.auditid), func.max(auditentry.c.auditid)))
_NEXT = Statement(
    select(auditentry.c.auditid, auditentry.c.at)
    .where(auditentry.c.auditid >= bindparam("auditid"))
    .order_by(auditentry.c.auditid)
    .limit(1)
)


def ids_between(connection: Connection, first: datetime | None, last: datetime | None) -> tuple[int, int]:
    """Return the lowest id, and the id after the highest, of entries of a time from `first` to before `last`.

    Entries of other times are among them, since both ends have a margin for the clocks: compare the time of
    each. `None` is no bound.
    """
    # An entry at the place where the bisection ends may itself be dated wrongly, hence twice the skew.
    margin = 2 * SKEW
    low = 0 if first is None else boundary(connection, first, -margin)
    high = LARGEST_ID if last is None else boundary(connection, last, margin)
    return low, high


def boundary(connection: Connection, at: datetime, margin: timedelta = timedelta(0)) -> int:
    """Return the least id of the entries from a time on, found by bisection of the ids.

    A few dozen look-ups by the primary key. Where clocks differ it is one of several ids that may be meant.
    """
    try:
        wanted = at + margin
    except OverflowError:  # in the year 1 or 9999
        wanted = at
    ((low, newest),) = _ENDS.run(connection, {}).fetchall()
    if newest is None:
        return 0
    high = newest + 1
    while low < high:
        middle = (low + high) // 2
        ((auditid, dated),) = _NEXT.run(connection, {"auditid": middle}).fetchall()
        if driver_time(dated) >= wanted:
            high = middle
        else:
            low = auditid + 1
    return int(low)
