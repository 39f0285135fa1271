"""How findings show values that differ."""

from typing import Any

import pytest

from shopdb_core.devkit.differences import changes, difference, members, shown

LONG = "x" * 500


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ({"a": 1}, {"a": 1}, ""),
        ({"a": 1}, {"a": 2}, "/a: 1 -> 2"),
        ({"a": 1}, {"a": 1.0}, "/a: 1 -> 1.0"),
        ({"a": 1}, {"a": True}, "/a: 1 -> true"),
        ({"a": None}, {}, "/a: null -> nothing"),
        ({}, {"a": {"b": 1}}, '/a: nothing -> {"b":1}'),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {"b": 3}]}, "/a/1/b: 2 -> 3"),
        ({"a": [1]}, {"a": [1, 2]}, "/a/1: nothing -> 2"),
        ({"a/b~": 1}, {"a/b~": 2}, "/a~1b~0: 1 -> 2"),
        ([], {}, "/: [] -> {}"),
    ],
)
def test_each_difference_has_its_pointer_and_both_values(before: Any, after: Any, text: str) -> None:
    """Objects and arrays are compared member by member."""
    assert difference(before, after) == text


def test_long_values_are_shown_where_they_differ() -> None:
    """The beginning, which is the same, would show nothing."""
    text = difference({"a": f"{LONG}1{LONG}"}, {"a": f"{LONG}2{LONG}"})

    before, after = text.split(" -> ")
    assert "x1x" in before
    assert "x2x" in after
    assert len(text) < 500


def test_a_long_value_that_is_new_has_its_beginning_and_its_end() -> None:
    """And how long it is."""
    assert shown(f"begin {LONG} end").startswith('"begin xx')
    assert shown(f"begin {LONG} end").endswith('xx end" (512 characters)')


def test_many_differences_are_counted() -> None:
    """The first ten are shown."""
    text = difference({}, {f"f{number:02}": number for number in range(25)})

    assert text.startswith("/f00: nothing -> 0, /f01: nothing -> 1, ")
    assert text.endswith("/f09: nothing -> 9, and 15 more")


def test_the_members_of_an_object() -> None:
    """Each has its pointer."""
    assert members({"a": 1, "b": ["c"]}) == '/a 1, /b ["c"]'


@pytest.mark.parametrize(
    ("diff", "text"),
    [
        ({"a": {"before": None, "after": "b"}}, '/a: null -> "b"'),
        ({"a": {"added": [{"n": 2, "m": 0}], "removed": [{"n": 1, "m": 0}]}}, "/a: an item's /n: 1 -> 2"),
        ({"a": {"added": [{"n": 2}, {"n": 3}], "removed": []}}, '/a: nothing -> {"n":2}, {"n":3}'),
    ],
)
def test_the_changes_of_a_submission(diff: dict[str, Any], text: str) -> None:
    """As the audit has them: values, or the objects that came and went."""
    assert changes(diff) == text
