"""In how many ways a backtracking engine can match the beginnings of strings.

Such an engine tries the ways one after the other. While they stay few, its time grows with the
length of the string and no faster; where they grow with the string, some string holds the engine
for seconds or for years. So the ways are counted for all strings at once: what counts is where in
the pattern they stand, and those standings are finite in number when the ways are bounded.
"""

from collections import Counter
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import TypeAlias

from shopdb_core.plugins.automaton import Automaton
from shopdb_core.plugins.charsets import contains

WAYS = 64
"""The most ways to match one beginning of one string."""

STANDINGS = 2_000
"""The most standings to look at; a pattern with more is too complicated to be sure of."""

Standing: TypeAlias = frozenset[tuple[int, int]]
"""Positions that have just taken a character, each with the number of ways that lead there."""


def is_narrow(automaton: Automaton) -> bool:
    """Whether every beginning of every string can be matched in at most `WAYS` ways.

    False also for a pattern that is too complicated to be sure of.
    """
    takers = _takers(automaton)
    seen: set[Standing] = set()
    pending = [(0, 0, automaton.first)]
    while pending:
        _, _, ahead = heappop(pending)
        if max(ahead.values(), default=0) > WAYS:
            return False
        for standing in set(_standings(ahead, takers)) - seen:
            ways = sum(count for _, count in standing)
            if ways > WAYS or len(seen) == STANDINGS:
                return False
            seen.add(standing)
            # The widest come first: where the ways grow without bound, that shows soonest.
            heappush(pending, (-ways, len(seen), _ahead(automaton, standing)))
    return True


def _takers(automaton: Automaton) -> list[frozenset[int]]:
    """The sets of positions that take one and the same character, over all characters."""
    ranges = [limits for charset in automaton.charsets for limits in charset]
    samples = sorted({low for low, _ in ranges} | {high + 1 for _, high in ranges})
    taken = (
        frozenset(index for index, charset in enumerate(automaton.charsets) if contains(charset, sample))
        for sample in samples
    )
    return list(dict.fromkeys(taken))


def _standings(ahead: Counter[int], takers: list[frozenset[int]]) -> Iterator[Standing]:
    for positions in takers:
        yield frozenset((position, ways) for position, ways in ahead.items() if position in positions)


def _ahead(automaton: Automaton, standing: Standing) -> Counter[int]:
    """The ways to try each next position."""
    ahead: Counter[int] = Counter()
    for position, ways in standing:
        for following, count in automaton.follow[position].items():
            ahead[following] += ways * count
    return ahead
