"""Figures: one cell in one round, medians of the rounds, and ratios to the no-op of the same round."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

GOALS: Mapping[tuple[int, str], float] = {
    (0, "created"): 0.45,
    (0, "updated"): 0.45,
    (0, "noop"): 0.55,
    (50, "created"): 0.40,
    (50, "updated"): 0.40,
    (50, "noop"): 0.50,
    (300, "created"): 0.25,
    (300, "updated"): 0.25,
    (300, "noop"): 0.45,
}
"""The smallest ratio to the no-op that is good enough, by programs and action, for eight clients or more."""

GOAL_CLIENTS = 8

BATCH = "batch "
"""The prefix of `kind` for a cell that sends batches; it is compared with single posts."""

BATCH_GOAL, BATCH_GOAL_CLIENTS = 4.0, 32
"""The smallest ratio of batches to single posts that is good enough, and from how many clients on."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One cell in one round.

    `rate` in submissions a second, `p50` and `p99` in milliseconds, `cpu` of the server in microseconds
    a submission, `rss` of the server in megabytes, `idle` the share of the busiest loader's time.
    """

    programs: int
    clients: int
    kind: str
    turn: int
    rate: float
    p50: float
    p99: float
    cpu: float
    rss: float
    idle: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The medians of a cell; `ratio` and `tail` compare rate and p99 with its unit's of the same round.

    The unit is the no-op; that of a batch is the same submissions posted singly.
    """

    programs: int
    clients: int
    kind: str
    rate: float
    ratio: float
    p50: float
    p99: float
    tail: float
    cpu: float
    rss: float
    idle: float

    @property
    def goal(self) -> float | None:
        """The smallest `ratio` that is good enough, or `None` without a goal."""
        if self.kind.startswith(BATCH):
            return BATCH_GOAL if self.clients >= BATCH_GOAL_CLIENTS else None
        return GOALS.get((self.programs, self.kind)) if self.clients >= GOAL_CLIENTS else None


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values, in ascending order, do not exceed."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def summaries(measurements: Iterable[Measurement]) -> list[Summary]:
    """Summarise each cell, in the order in which they were first measured."""
    units, cells = {}, defaultdict(list)
    for each in measurements:
        cells[each.programs, each.clients, each.kind].append(each)
        units[each.programs, each.clients, each.turn, each.kind] = each
    return [_summary(rounds, units) for rounds in cells.values()]


def _summary(
    rounds: Sequence[Measurement], units: Mapping[tuple[int, int, int, str], Measurement]
) -> Summary:
    first = rounds[0]
    unit = first.kind.removeprefix(BATCH) if first.kind.startswith(BATCH) else "yardstick"
    pairs = [(each, units[each.programs, each.clients, each.turn, unit]) for each in rounds]
    return Summary(
        programs=first.programs,
        clients=first.clients,
        kind=first.kind,
        rate=median(each.rate for each in rounds),
        ratio=median(each.rate / unit.rate for each, unit in pairs),
        p50=median(each.p50 for each in rounds),
        p99=median(each.p99 for each in rounds),
        tail=median(each.p99 / unit.p99 for each, unit in pairs),
        cpu=median(each.cpu for each in rounds),
        rss=median(each.rss for each in rounds),
        idle=median(each.idle for each in rounds),
    )
