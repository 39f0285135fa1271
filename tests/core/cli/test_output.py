"""What tables look like."""

from decimal import Decimal
from typing import Any

import pytest

from shopdb_core.cli.output import echo_table


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ([7, 1234], ["name  count", "a         7", "b      1234"]),
        ([0.5, None], ["name  count", "a       0.5", "b         -"]),
        ([Decimal("1.50"), 12], ["name  count", "a      1.50", "b        12"]),
        ([123456, 1], ["name   count", "a     123456", "b          1"]),
        (["7", "1234"], ["name  count", "a     7", "b     1234"]),
        ([True, 1], ["name  count", "a     True", "b     1"]),
        ([None, None], ["name  count", "a     -", "b     -"]),
    ],
)
def test_numbers_are_aligned_to_the_right(
    capsys: pytest.CaptureFixture[str], values: list[Any], lines: list[str]
) -> None:
    """Their heading, too; a column with any other value is aligned to the left."""
    rows = [{"name": name, "count": value} for name, value in zip("ab", values, strict=True)]

    echo_table(rows, ("name", "count"))

    assert capsys.readouterr().out.splitlines() == lines
