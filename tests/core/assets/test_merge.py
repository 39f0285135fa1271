"""Merging and diffing attributes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopdb_core.assets.merge import diff, merge, same
from shopdb_core.audit.diffs import equal, replay

SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", "b"])
OBJECTS = st.dictionaries(st.sampled_from(["n", "v"]), SCALARS, max_size=2)
VALUES = SCALARS | st.lists(OBJECTS, max_size=5) | st.lists(SCALARS, max_size=3)
ATTRIBUTES = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, max_size=3)
SUBMISSIONS = ATTRIBUTES


def test_absent_field_keeps_its_value():
    """RFC 7396: what a submission does not name stays."""
    assert merge({"a": 1, "b": 2}, {"b": 3}) == {"a": 1, "b": 3}


def test_null_clears_a_field():
    """RFC 7396: `null` removes the member."""
    assert merge({"a": 1, "b": 2}, {"a": None}) == {"b": 2}


def test_array_is_replaced_whole():
    """RFC 7396: arrays are values like any other."""
    assert merge({"a": [1, 2]}, {"a": [3]}) == {"a": [3]}


def test_object_is_replaced_whole():
    """The patch applies at the top level only."""
    assert merge({"a": {"x": 1, "y": 2}}, {"a": {"x": 3}}) == {"a": {"x": 3}}


@pytest.mark.parametrize(("one", "other"), [(True, 1), (0, False), (1, 1.0), ([True], [1]), ("1", 1)])
def test_values_that_python_confuses_are_different_json(one, other):
    """A change from `true` to 1 is a change."""
    assert not same(one, other)


def test_lists_of_objects_differ_by_added_and_removed():
    """One program changed among many is one added and one removed."""
    before = {"software": [{"n": "a", "v": 1}, {"n": "b", "v": 1}]}
    after = {"software": [{"n": "a", "v": 1}, {"n": "b", "v": 2}]}
    assert diff(before, after) == {
        "software": {"added": [{"n": "b", "v": 2}], "removed": [{"n": "b", "v": 1}]}
    }


def test_duplicate_objects_are_counted():
    """A list may hold equal objects; losing one of two is a change."""
    one = {"n": "a"}
    assert diff({"l": [one, one]}, {"l": [one]}) == {"l": {"added": [], "removed": [one]}}


def test_an_object_with_keys_in_another_order_is_the_same():
    """The order of members means nothing in JSON."""
    assert diff({"l": [{"a": 1, "b": 2}]}, {"l": [{"b": 2, "a": 1}]}) == {}


@given(stored=ATTRIBUTES, submission=SUBMISSIONS)
def test_a_submission_applied_twice_changes_nothing_more(stored, submission):
    """The upsert is idempotent."""
    once = merge(stored, submission)
    assert diff(once, merge(once, submission)) == {}


@given(stored=ATTRIBUTES, submissions=st.lists(SUBMISSIONS, max_size=6))
def test_the_diffs_rebuild_the_asset(stored, submissions):
    """From the entries alone an asset can be rebuilt, and no `before` contradicts."""
    current = merge({}, stored)
    rebuilt = dict(current)
    for submission in submissions:
        after = merge(current, submission)
        assert list(replay(rebuilt, diff(current, after))) == []
        current = after
    assert rebuilt.keys() == current.keys()
    assert all(equal(rebuilt[name], current[name]) for name in current)
