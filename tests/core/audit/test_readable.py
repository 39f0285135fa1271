"""The diff of an entry as changes that a person can read."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopdb_core.assets.merge import diff, missing_from
from shopdb_core.audit.browsing.readable import Change, item_names, readable
from shopdb_core.json_text import canonical

NAMES = st.sampled_from(["a", "b", "name", "version"])
SCALARS = st.none() | st.booleans() | st.integers(-1, 1) | st.sampled_from(["", "x", "1.2", "1.10"])
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
STATES = st.dictionaries(
    st.sampled_from(["f", "g"]), JSON.filter(lambda value: value is not None), max_size=2
)


WHOLE = ("set", "cleared", "changed", "reordered")


def applied(value: object, path: tuple[str, ...], changes: list[Change]) -> object:
    """Return a value after the changes whose paths lead into it."""
    if whole := [change for change in changes if change.path == path and change.kind in WHOLE]:
        assert canonical(whole[0].before) == canonical(value)
        return whole[0].after
    if isinstance(value, list):
        removed = [change.before for change in changes if change.kind != "added"]
        added = [change.after for change in changes if change.kind != "removed"]
        assert missing_from(value, removed) == [], "what is removed was there"
        return [*missing_from(removed, value), *added]
    if not isinstance(value, dict):
        return value
    members = {}
    for name in {*value, *(change.path[len(path)] for change in changes)}:
        inside = [change for change in changes if change.path[len(path)] == name]
        members[name] = applied(value.get(name), (*path, name), inside)
        if inside and members[name] is None:
            del members[name]
    return members


@given(before=STATES, after=STATES)
def test_the_changes_have_all_that_the_diff_has(before, after):
    """Applied to the value before, they give the one after, but for the order of lists of objects."""
    changes = readable(diff(before, after))

    for name in {*before, *after}:
        of_field = [change for change in changes if change.path[0] == name]
        found = applied(before.get(name), (name,), of_field)
        assert forms(found) == forms(after.get(name))
        assert bool(of_field) == (name in diff(before, after))


def forms(value: object) -> object:
    """Return a value whose lists are compared without their order, at every depth."""
    if isinstance(value, list):
        return Counter(canonical(item) for item in value)
    if isinstance(value, dict):
        return {name: forms(member) for name, member in value.items()}
    return canonical(value)


@given(before=STATES, after=STATES)
def test_the_members_of_an_item_say_how_it_changed(before, after):
    """Each member of a changed item is one that differs, with its values of before and after."""
    for change in readable(diff(before, after)):
        for member in change.members:
            outer = member.path[0]
            assert canonical(change.before.get(outer)) != canonical(change.after.get(outer))
        if change.kind in ("upgraded", "downgraded"):
            assert change.before["version"] != change.after["version"]
            assert change.before["name"] == change.after["name"]


FIREFOX, NEWER, VIM = (
    {"name": "Firefox", "version": "9.0"},
    {"name": "Firefox", "version": "10.0"},
    {"name": "Vim"},
)


def test_software_is_added_removed_and_upgraded():
    """Two items with one name are one program; versions are compared by their numbers."""
    found = readable(diff({"software": [FIREFOX, VIM]}, {"software": [NEWER, {"name": "7-Zip"}]}))

    assert [(change.path, change.kind) for change in found] == [
        (("software", "Firefox"), "upgraded"),
        (("software", "Vim"), "removed"),
        (("software", "7-Zip"), "added"),
    ]
    assert found[0].members == (Change(("version",), "changed", "9.0", "10.0"),)
    (back,) = readable(diff({"software": [NEWER]}, {"software": [FIREFOX]}))
    assert back.kind == "downgraded"


def test_of_several_items_with_one_name_the_most_alike_are_pairs():
    """The same program for two architectures, of which each has its own version."""
    x86, x64 = {"name": "C++", "arch": "x86"}, {"name": "C++", "arch": "x64"}
    before = [{**x86, "version": "1"}, {**x64, "version": "1"}]
    after = [{**x64, "version": "2"}, {**x86, "version": "2"}]

    found = readable(diff({"s": before}, {"s": after}))

    assert [(change.before["arch"], change.after["arch"], change.kind) for change in found] == [
        ("x86", "x86", "upgraded"),
        ("x64", "x64", "upgraded"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("Windows 10", "Windows 11", [(("f",), "changed", "Windows 10", "Windows 11")]),
        (None, 1, [(("f",), "set", None, 1)]),
        ([{"a": 1}], None, [(("f",), "cleared", [{"a": 1}], None)]),
        ({"a": {"b": 1}, "c": 2}, {"a": {"b": 2}, "c": 2}, [(("f", "a", "b"), "changed", 1, 2)]),
        (["x", "y"], ["y", "z"], [(("f",), "removed", "x", None), (("f",), "added", None, "z")]),
        (["x", "y"], ["y", "x"], [(("f",), "reordered", ["x", "y"], ["y", "x"])]),
        ([1], [True], [(("f",), "removed", 1, None), (("f",), "added", None, True)]),
        ({"a": None}, {}, [(("f",), "changed", {"a": None}, {})]),
    ],
)
def test_values(before, after, expected):
    """Scalars, objects by their members, and lists by their items."""
    found = readable(
        diff({"f": before} if before is not None else {}, {"f": after} if after is not None else {})
    )

    assert [(change.path, change.kind, change.before, change.after) for change in found] == expected


def test_many_items_of_one_name_take_no_quadratic_time():
    """Five thousand programs of one name are compared in their order."""
    before, after = (
        [{"name": "x", "version": f"{number}.{each}"} for number in range(5_000 + each)] for each in (1, 2)
    )

    found = Counter(change.kind for change in readable(diff({"s": before}, {"s": after})))

    assert found == {"upgraded": 5_001, "added": 1}


def test_a_declaration_says_what_names_an_item():
    """The first required text, else the first text; a list of other things has none."""
    text, number = {"type": ["string", "null"]}, {"type": "integer"}
    fields = {
        "counters": {
            "items": {
                "properties": {"unit": text, "kind": text, "count": number},
                "required": ["count", "kind"],
            }
        },
        "disks": {"items": {"properties": {"size": number, "serial": text}}},
        "numbers": {"items": {"type": "integer"}},
        "room": text,
    }

    names = item_names(fields)

    assert names == {"counters": "kind", "disks": "serial"}
    (change,) = readable(
        {"disks": {"removed": [{"serial": "1", "size": 1}], "added": [{"serial": "1", "size": 2}]}}, names
    )
    assert (change.path, change.kind) == (("disks", "1"), "changed")
