"""Figures: one cell in one round, medians of the rounds, and ratios to the no-op of the same round."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from harness.payloads import Group, Kind

YARDSTICK = "no-op"
"""The server that every other one is compared with."""

_ON_SQLITE: Mapping[tuple[int, Kind], float] = {
    (0, "created"): 0.65,
    (0, "updated"): 0.65,
    (0, "noop"): 1.0,
    (50, "created"): 0.55,
    (50, "updated"): 0.65,
    (50, "noop"): 1.0,
    (50, "floor"): 0.8,
    (300, "created"): 0.40,
    (300, "updated"): 0.55,
    (300, "noop"): 1.0,
    (300, "floor"): 0.8,
}
_ON_A_SERVER: Mapping[tuple[int, Kind], float] = {
    (50, "created"): 0.20,
    (50, "updated"): 0.25,
    (50, "noop"): 0.45,
}
_OF_A_BATCH: Mapping[tuple[int, Kind], float] = {
    (50, "created"): 0.6,
    (50, "updated"): 0.75,
    (50, "noop"): 2.2,
}
_GOALS = {"sqlite": _ON_SQLITE, "postgresql": _ON_A_SERVER, "mysql": _ON_A_SERVER}
GOAL_CLIENTS = 8
"""From how many clients on the goals apply."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured of a cell.

    `rate` in submissions a second; `p50`, `p99` and `longest` in milliseconds; `cpu` of the server in
    microseconds a submission; `started` and `ended`, the server's memory before and after, in megabytes;
    `loader` the part of a core that the loader took; `answer` in bytes.
    """

    rate: float
    p50: float
    p99: float
    longest: float
    cpu: float
    started: float
    ended: float
    loader: float
    answer: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """One cell, which is a group on one server, in one round."""

    server: str
    group: Group
    turn: int
    figures: Figures


@dataclass(frozen=True, slots=True)
class Summary:
    """The medians of a cell; `ratio` and `tail` compare rate and p99 with the no-op's of the same round.

    `lowest` and `highest` are the ratios of the rounds that differ most.
    """

    server: str
    group: Group
    figures: Figures
    ratio: float
    lowest: float
    highest: float
    tail: float

    @property
    def goal(self) -> float | None:
        """The smallest `ratio` that is good enough, or `None` without a goal."""
        if self.group.clients < GOAL_CLIENTS:
            return None
        if self.group.lines > 1:
            goals = _OF_A_BATCH if self.server == "sqlite" else {}
        else:
            goals = _GOALS.get(self.server, {})
        return goals.get((self.group.programs, self.group.kind))


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values, in ascending order, do not exceed."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def summaries(measurements: Iterable[Measurement]) -> list[Summary]:
    """Summarise each cell, in the order in which they were first measured.

    A round without a valid run of the no-op is left out.
    """
    units: dict[tuple[Group, int], Figures] = {}
    cells: dict[tuple[str, Group], list[Measurement]] = defaultdict(list)
    for each in measurements:
        cells[each.server, each.group].append(each)
        if each.server == YARDSTICK:
            units[each.group, each.turn] = each.figures
    compared = ([each for each in rounds if (each.group, each.turn) in units] for rounds in cells.values())
    return [_summary(rounds, units) for rounds in compared if rounds]


def _summary(rounds: Sequence[Measurement], units: Mapping[tuple[Group, int], Figures]) -> Summary:
    pairs = [(each.figures, units[each.group, each.turn]) for each in rounds]
    ratios = [own.rate / unit.rate for own, unit in pairs]
    return Summary(
        server=rounds[0].server,
        group=rounds[0].group,
        figures=_medians([each.figures for each in rounds]),
        ratio=_short(median(ratios)),
        lowest=_short(min(ratios)),
        highest=_short(max(ratios)),
        tail=_short(median(own.p99 / unit.p99 for own, unit in pairs)),
    )


def _medians(rounds: Sequence[Figures]) -> Figures:
    def middle(figure: Callable[[Figures], float]) -> float:
        return _short(median(map(figure, rounds)))

    return Figures(
        rate=middle(lambda each: each.rate),
        p50=middle(lambda each: each.p50),
        p99=middle(lambda each: each.p99),
        longest=middle(lambda each: each.longest),
        cpu=middle(lambda each: each.cpu),
        started=middle(lambda each: each.started),
        ended=middle(lambda each: each.ended),
        loader=middle(lambda each: each.loader),
        answer=middle(lambda each: each.answer),
    )


def _short(figure: float) -> float:
    """Return four significant digits: the rest of a figure is noise."""
    return float(f"{figure:.4g}")
