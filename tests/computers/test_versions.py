"""The order of versions."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopdb_computers.programs.versions import version_key

ASCENDING = [
    "1.0.rc1",
    "1.0.1",
    "1.9",
    "1.32-2.fc31",
    "1.32-10.fc31",
    "1.32-10.fc32",
    "2.3.8",
    "2.3.8-I001",
    "2.3.8-I002",
    "10.0.50903",
    "10.0.50904",
]


@pytest.mark.parametrize(("lower", "higher"), list(itertools.combinations(ASCENDING, 2)))
def test_versions_ascend(lower: str, higher: str) -> None:
    """Numbers count as numbers, and what is added to a version makes it a later one."""
    assert version_key(lower) < version_key(higher)


@pytest.mark.parametrize(("one", "other"), [("10", "10.0.0"), ("V1.2", "v1-2"), ("1.02", "1.2"), ("", "-")])
def test_versions_are_equal(one: str, other: str) -> None:
    """Zeros at the end and the start of a number, case and punctuation make no difference."""
    assert version_key(one) == version_key(other)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_two_texts_compare(one: str, other: str) -> None:
    """Whatever an installer calls a version, there is an order."""
    first, second = version_key(one), version_key(other)

    assert (first < second) + (first == second) + (first > second) == 1


def test_a_number_of_any_length_compares() -> None:
    """More digits than Python converts to an integer do not cause an error."""
    assert version_key("9" * 5_000) < version_key("1" + "0" * 5_000)
