"""Composing two diffs into one."""

from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopdb_core.assets.merge import diff
from shopdb_core.audit.diffs import Contradiction, compose, equal, replay

SCALARS = st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a"])
OBJECTS = st.dictionaries(st.sampled_from(["n", "v"]), st.integers(0, 1), max_size=2)
VALUES = SCALARS | st.lists(OBJECTS, max_size=4) | st.lists(SCALARS, max_size=2)
ATTRIBUTES = st.dictionaries(st.sampled_from(["a", "b"]), VALUES, max_size=2)


def same_state(one, other):
    """Return whether two sets of attributes are equal for the audit."""
    return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)


@given(states=st.lists(ATTRIBUTES, min_size=2, max_size=7))
def test_composed_diffs_do_what_they_do_one_by_one(states):
    """From any state through any others to the last, with no `before` that contradicts."""
    composed = reduce(compose, (diff(before, after) for before, after in pairwise(states)))

    rebuilt = dict(states[0])
    assert list(replay(rebuilt, composed)) == []
    assert same_state(rebuilt, states[-1])


@given(states=st.lists(ATTRIBUTES, min_size=3, max_size=7), data=st.data())
def test_it_does_not_matter_which_are_composed_first(states, data):
    """A run may be pruned in any number of pieces, in any order."""
    diffs = [diff(before, after) for before, after in pairwise(states)]
    while len(diffs) > 1:
        index = data.draw(st.integers(0, len(diffs) - 2))
        diffs[index : index + 2] = [compose(diffs[index], diffs[index + 1])]

    rebuilt = dict(states[0])
    assert list(replay(rebuilt, diffs[0])) == []
    assert same_state(rebuilt, states[-1])


@given(before=ATTRIBUTES, after=ATTRIBUTES)
def test_a_change_that_was_taken_back_leaves_nothing(before, after):
    """A change and its inverse compose to an empty diff."""
    composed = compose(diff(before, after), diff(after, before))

    assert all(change == {"added": [], "removed": []} for change in composed.values())


def test_what_was_created_has_no_before():
    """The asset's first entry and a later change are a creation with the later value."""
    created = {"a": {"before": None, "after": 1}}

    assert compose(created, {"a": {"before": 1, "after": 2}}) == {"a": {"before": None, "after": 2}}


def test_of_lists_of_objects_the_difference_alone_is_kept():
    """An object that was added and removed is left out; duplicates are counted."""
    one, two, three = {"n": 1}, {"n": 2}, {"n": 3}
    first = {"l": {"added": [one, two], "removed": [three]}}
    second = {"l": {"added": [one, three], "removed": [two]}}

    assert compose(first, second) == {"l": {"added": [one, one], "removed": []}}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"before": 1, "after": 2}, {"before": 3, "after": 4}),
        ({"before": 0, "after": 1}, {"before": True, "after": 2}),
        ({"before": 1, "after": 2}, {"added": [{"n": 1}], "removed": []}),
        ({"before": None, "after": [{"n": 1}]}, {"added": [], "removed": [{"n": 2}]}),
        ({"added": [{"n": 1}], "removed": []}, {"before": [{"n": 2}], "after": None}),
    ],
)
def test_diffs_that_contradict_are_not_composed(first, second):
    """A fault in a history must not disappear in a composed diff."""
    with pytest.raises(Contradiction):
        compose({"a": first}, {"a": second})
