"""How many computers have a program: the counts of each block, and the changes that are not counted yet.

A change of a computer's programs only marks it as uncounted. Once some hundreds are marked, or the day is
over, the submission that finds them counts them together.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias

from shopdb_computers.programs.writer import Marks, Writer
from shopdb_computers.tables import BLOCK, TOTAL, block_of, unpacked

MANY: Final = 512
"""How many uncounted computers are counted together: the more, the more of them share a count.

If each of them has 300 programs of 38,000, counting takes 0.2 s, a third of what it takes for 64 at a time;
reading what is uncounted takes a report 16 ms then.
"""

Changes: TypeAlias = Mapping[int, Counter[int]]
"""How the numbers of computers change, by block and softwareid."""


def today() -> str:
    """Return the day in UTC (RFC 3339)."""
    return datetime.now(UTC).date().isoformat()


def count_earlier(writer: Writer, marks: Marks, day: str) -> int:
    """Count the computers that were marked before `day`, which is today; the caller commits.

    Call it before a computer changes: a program that it had at the end of a day is then known to have been
    there, and that it vanishes is noted. Returns how many computers are uncounted then.
    """
    if "" < marks.oldest < day:
        count_uncounted(writer)
        return 0
    return marks.number


def count_uncounted(writer: Writer) -> None:
    """Count the uncounted computers, and note the programs that no computer has any more; the caller commits.

    The marks are locked before the inventories are read. A transaction that changes an inventory meanwhile
    waits for the lock, and then marks the computer again, with what was counted here.
    """
    counted, newest = writer.lock_uncounted()
    writer.remove_uncounted(sorted(counted))
    current, _ = writer.inventories(sorted(counted))
    changes = changes_of((key, before, current.get(key, b"")) for key, before in counted.items())
    changes = _with_total(changes)
    writer.change_counts(_rows(changes))
    lost = sorted(key for key, change in changes[TOTAL].items() if change < 0)
    writer.note_vanished([(newest or today(), key) for key in lost])


def changes_of(inventories: Iterable[tuple[int, bytes, bytes]]) -> Changes:
    """Return what changes from one inventory of some computers to another; each with the computer's id."""
    changes: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for computerid, before, after in inventories:
        numbers = changes[block_of(computerid)]
        old, new = unpacked(before), unpacked(after)
        same = {*old}.intersection(new)  # most programs, if both have some
        numbers.update(new if not same else {*new} - same)
        numbers.subtract(old if not same else {*old} - same)
    return changes


def correct_counts(writer: Writer, computerids: Iterable[int]) -> None:
    """Correct the counts of the blocks that a rebuild has come to the end of, with its last computers.

    What was counted is read with the counts at one moment, and only the difference is added, so that
    concurrent transactions lose nothing.
    """
    last: defaultdict[int, int] = defaultdict(int)
    for computerid in computerids:
        last[block_of(computerid)] = max(last[block_of(computerid)], computerid)
    for block, computerid in sorted(last.items()):
        following = range(computerid + 1, (block + 1) * BLOCK)
        if not (following and writer.has_inventories(following)):
            writer.change_counts(_rows({block: _missing(writer, block)}))
            writer.change_counts([(TOTAL, key, int(change)) for key, change in writer.missing_totals()])


def _missing(writer: Writer, block: int) -> Counter[int]:
    """Return what the counts of a block lack."""
    missing: Counter[int] = Counter()
    for softwareids, key, computers in writer.block(block, range(block * BLOCK, (block + 1) * BLOCK)):
        if softwareids is None:
            missing[key] -= computers
        else:
            missing.update(unpacked(bytes(softwareids)))
    return missing


def _with_total(changes: Changes) -> Changes:
    """Return the changes with their sum as those of the block `TOTAL`."""
    total: Counter[int] = Counter()
    for numbers in changes.values():
        total.update(numbers)  # adds, also negative numbers
    return {**changes, TOTAL: total}


def _rows(changes: Changes) -> list[tuple[int, int, int]]:
    return sorted(
        (block, key, change)
        for block, numbers in changes.items()
        for key, change in numbers.items()
        if change
    )
