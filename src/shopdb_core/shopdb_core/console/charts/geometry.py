"""Charts as geometry: where each bar is. The macros of `charts/charts.html` draw them as SVG.

Lengths are in the units of the drawing's `viewBox`, from its upper left corner. A series is told apart by its
place in the stack, by a pattern and by its label, never by colour alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, log10

WIDTH, HEIGHT = 480, 230
LEFT, TOP, BOTTOM = 46, 8, 20
"""The room for the numbers of the axis, above the highest column, and for the labels below."""

GAP = 0.22
"""The share of a column's width that is left free between two columns."""

LEAST_HEIGHT = 2.0
"""Of a part that is not zero, so that one refusal beside ten thousand noops is seen."""

MOST_BARS = 20


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of numbers: the name of its style, its label and its sum over all columns."""

    name: str
    label: str
    total: int


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a column that one series has."""

    series: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its short label below (may be empty), its title, and the number of each series."""

    label: str
    title: str
    numbers: tuple[int, ...]
    x: float
    width: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across, with its number."""

    y: float
    number: int


@dataclass(frozen=True, slots=True)
class ColumnChart:
    """Stacked columns side by side, the first series at the bottom."""

    series: tuple[Series, ...]
    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - BOTTOM


@dataclass(frozen=True, slots=True)
class Bar:
    """One horizontal bar: its length is in percent of the longest one."""

    label: str
    number: float
    length: float


@dataclass(frozen=True, slots=True)
class BarChart:
    """Horizontal bars, the longest first; `others` categories with the sum `othersum` have none."""

    bars: tuple[Bar, ...]
    others: int = 0
    othersum: float = 0


def stacked_columns(
    series: Sequence[tuple[str, str]], columns: Sequence[tuple[str, str, Sequence[int]]]
) -> ColumnChart:
    """Return a chart of columns with a label, a title and a number for each series, from left to right.

    `series` are names of styles and labels. Numbers are not negative.
    """
    highest = nice_ceiling(max((sum(numbers) for *_, numbers in columns), default=0))
    step = (WIDTH - LEFT) / max(len(columns), 1)
    width = step * (1 - GAP)
    names = [name for name, _ in series]
    drawn = [
        Column(
            label,
            title,
            tuple(numbers),
            round(LEFT + step * (place + GAP / 2), 2),
            round(width, 2),
            _stacked(names, numbers, highest),
        )
        for place, (label, title, numbers) in enumerate(columns)
    ]
    totals = [sum(column.numbers[place] for column in drawn) for place in range(len(series))]
    return ColumnChart(
        tuple(Series(name, label, total) for (name, label), total in zip(series, totals, strict=True)),
        tuple(drawn),
        _ticks(highest),
    )


def bars(numbers: Iterable[tuple[str, float | None]], most: int = MOST_BARS) -> BarChart:
    """Return a bar for each category, with the sum of its numbers; the `most` longest, in their order.

    A negative sum has a bar without length, `None` counts as 0.
    """
    sums: dict[str, float] = {}
    for label, number in numbers:
        sums[label] = sums.get(label, 0) + (number or 0)
    ordered = sorted(sums.items(), key=lambda each: (-each[1], each[0]))
    shown, left_out = ordered[:most], ordered[most:]
    longest = max((number for _, number in shown), default=0)
    return BarChart(
        tuple(Bar(label, number, _percent(number, longest)) for label, number in shown),
        len(left_out),
        sum(number for _, number in left_out),
    )


def nice_ceiling(number: int) -> int:
    """Return 4, or the smallest of 1, 2, 4 or 5 times a power of ten that is not below `number`."""
    if number <= 4:  # noqa: PLR2004  # whole numbers at the ticks
        return 4
    power = int(10 ** int(log10(number)))
    return next(factor * power for factor in (1, 2, 4, 5, 10) if factor * power >= number)


def _stacked(names: Sequence[str], numbers: Sequence[int], highest: int) -> tuple[Part, ...]:
    room = HEIGHT - TOP - BOTTOM
    parts: list[Part] = []
    y = float(HEIGHT - BOTTOM)
    for name, number in zip(names, numbers, strict=True):
        if number:
            height = max(LEAST_HEIGHT, room * number / highest)
            y -= height
            parts.append(Part(name, round(y, 2), round(height, 2)))
    return tuple(parts)


def _ticks(highest: int) -> tuple[Tick, ...]:
    """Return a line at the bottom, in the middle and at the top."""
    room = HEIGHT - TOP - BOTTOM
    numbers = (0, ceil(highest / 2), highest)
    return tuple(Tick(round(HEIGHT - BOTTOM - room * each / highest, 2), each) for each in numbers)


def _percent(number: float, longest: float) -> float:
    return round(max(0.0, 100 * number / longest), 2) if longest > 0 else 0.0
