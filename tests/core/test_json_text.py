"""The canonical form of JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopdb_core.json_text import canonical, canonical_objects

TEXTS = st.text(max_size=3) | st.sampled_from(["},\n  {", "\n  {", "\n]", "[\n  {", '"},{"'])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, -0.0]) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=3)


@given(objects=st.lists(OBJECTS, max_size=4))
def test_objects_of_a_list_are_as_equal_as_their_canonical_forms(objects):
    """`canonical_objects` returns equal bytes exactly where `canonical` does."""
    one_by_one = list(map(canonical, objects))
    at_once = canonical_objects(objects)
    assert len(at_once) == len(objects)
    assert len(set(zip(one_by_one, at_once, strict=True))) == len(set(one_by_one)) == len(set(at_once))


@pytest.mark.parametrize(("one", "other"), [(True, 1), (1, 1.0), ("1", 1), ({}, []), (None, {})])
def test_values_that_python_compares_as_equal_differ(one, other):
    """`true` and `1`, or `1` and `1.0`, have different bytes."""
    first, second = canonical_objects([{"value": one}, {"value": other}])
    assert first != second


def test_the_order_of_members_makes_no_difference():
    """Objects with the same members in another order have the same bytes."""
    one, other = canonical_objects([{"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}])
    assert one == other
