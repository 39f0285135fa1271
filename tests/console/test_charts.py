"""The geometry of charts: parts fill their column, small numbers are seen, sums are right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopdb_core.console.charts.geometry import (
    BOTTOM,
    HEIGHT,
    LEAST_HEIGHT,
    LEFT,
    TOP,
    WIDTH,
    bars,
    nice_ceiling,
    stacked_columns,
)

SERIES = (("refused", "Refused"), ("created", "Created"), ("noop", "Unchanged"))
NUMBERS = st.tuples(*[st.integers(0, 10**9)] * 3)


@given(st.lists(NUMBERS, min_size=1, max_size=60))
def test_columns_stand_side_by_side_and_parts_on_each_other(numbers: list[tuple[int, ...]]) -> None:
    """Each part touches the one below; a number that is not zero is seen, and a zero is not drawn."""
    chart = stacked_columns(SERIES, [(str(place), str(place), each) for place, each in enumerate(numbers)])

    right = float(LEFT)
    for column, given_numbers in zip(chart.columns, numbers, strict=True):
        assert right <= column.x
        right = column.x + column.width
        assert column.numbers == given_numbers
        assert [part.series for part in column.parts] == [
            name for (name, _), number in zip(SERIES, given_numbers, strict=True) if number
        ]
        y = float(HEIGHT - BOTTOM)
        for part in column.parts:
            assert part.height >= LEAST_HEIGHT
            assert part.y + part.height == pytest.approx(y, abs=0.02)
            y = part.y
        assert y >= TOP - LEAST_HEIGHT * len(SERIES)
    assert right <= WIDTH
    assert [series.total for series in chart.series] == [sum(each) for each in zip(*numbers, strict=True)]


def test_the_axis_has_whole_numbers() -> None:
    """Also for a site without any submission."""
    assert [tick.number for tick in stacked_columns(SERIES, []).ticks] == [0, 2, 4]
    assert [tick.number for tick in stacked_columns(SERIES, [("", "", (0, 0, 7))]).ticks] == [0, 5, 10]


@pytest.mark.parametrize(
    ("number", "nice"),
    [(0, 4), (4, 4), (5, 5), (11, 20), (21, 40), (41, 50), (51, 100), (100, 100), (101, 200)],
)
def test_the_top_of_the_axis(number: int, nice: int) -> None:
    """It is a round number that is not below the highest column."""
    assert nice_ceiling(number) == nice


@given(st.integers(0, 10**15))
def test_the_top_is_never_far_above(number: int) -> None:
    """At most twice the number, and a bit where the number is small."""
    assert number <= nice_ceiling(number) <= max(4, 2 * number)


def test_bars_are_sums_of_categories() -> None:
    """The longest first; equal ones by their labels."""
    chart = bars([("b", 2), ("a", 4), ("b", 6), ("c", None), ("d", -3), ("e", 4.0)])

    assert [(bar.label, bar.number, bar.length) for bar in chart.bars] == [
        ("b", 8, 100),
        ("a", 4, 50),
        ("e", 4, 50),
        ("c", 0, 0),
        ("d", -3, 0),
    ]


def test_many_categories_are_summed_up() -> None:
    """What has no bar is counted."""
    chart = bars(((str(number), number) for number in range(100)), most=3)

    assert [bar.label for bar in chart.bars] == ["99", "98", "97"]
    assert (chart.others, chart.othersum) == (97, sum(range(97)))


def test_no_category_makes_an_empty_chart() -> None:
    """As a report without rows."""
    assert bars([]).bars == ()
