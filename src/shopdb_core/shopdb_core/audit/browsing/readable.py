"""The diff of an audit entry as changes that a person can read: pure functions.

Objects are compared member by member, and lists by their items: an item that was removed and one that was
added are one change if both have the same name, such as a program of which another version is installed.
Nothing is lost: `before` and `after` of the changes of a field have everything that its diff has.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from shopdb_core.assets.merge import missing_from, same
from shopdb_hookspecs import Json, JsonObject

Kind = Literal["set", "cleared", "changed", "added", "removed", "upgraded", "downgraded", "reordered"]

NAME = "name"
"""The member that names an item of a list whose declaration has no other."""

VERSION = "version"
"""A change of this member is an upgrade, or the opposite."""

LARGEST_GROUP = 8
"""Of more items with one name, those that are most alike are not searched for."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an asset.

    path: the field, then names of members of objects, then the name of an item if it has one.
    kind: `set` without a value before, `cleared` without one after; `added`, `removed`, `upgraded`,
        `downgraded` of an item of a list, `changed` of an item or of any other value, and `reordered` of a
        list whose items are the same.
    before, after: the whole values, items included; `None` where there is none.
    members: what changed within an item that was there before and after.
    isitem: whether it is the change of an item of a list; then the last name of the path may be its own.
    """

    path: tuple[str, ...]
    kind: Kind
    before: Json = None
    after: Json = None
    members: tuple["Change", ...] = ()
    isitem: bool = False


def readable(diff: JsonObject, names: Mapping[str, str] | None = None) -> list[Change]:
    """Return the changes of a diff, in the order of its fields.

    `names` are the members that name the items of lists, by field (`item_names`).
    """
    found: list[Change] = []
    for field, change in diff.items():
        naming = (names or {}).get(field, NAME)
        if "added" in change:
            found += _items((field,), change["removed"], change["added"], naming)
        else:
            found += _values((field,), change["before"], change["after"], naming)
    return found


def item_names(fields: JsonObject) -> dict[str, str]:
    """Return for each declared field that is a list of objects which member names an item.

    That is the first text among the required members, or else among all.
    """
    found = {}
    for field, schema in fields.items():
        items = schema.get("items") if isinstance(schema, dict) else None
        if isinstance(items, dict) and isinstance(members := items.get("properties"), dict):
            texts = [name for name, member in members.items() if _is_text(member)]
            required = [name for name in items.get("required", ()) if name in texts]
            if chosen := [*required, *texts]:
                found[field] = chosen[0]
    return found


def _is_text(schema: Json) -> bool:
    kind = schema.get("type") if isinstance(schema, dict) else None
    return kind == "string" or (isinstance(kind, list) and "string" in kind)


def _values(path: tuple[str, ...], before: Json, after: Json, naming: str) -> Iterator[Change]:
    """Yield the changes from one value to another one."""
    if before is None or after is None:
        yield Change(path, "set" if before is None else "cleared", before, after)
    elif isinstance(before, list) and isinstance(after, list):
        removed, added = missing_from(after, before), missing_from(before, after)
        if removed or added:
            yield from _items(path, removed, added, naming)
        else:
            yield Change(path, "reordered", before, after)
    elif _are_comparable(before, after):
        for name in _changed_members(before, after):
            yield from _values((*path, name), before.get(name), after.get(name), NAME)
    else:
        yield Change(path, "changed", before, after)


def _are_comparable(before: Json, after: Json) -> bool:
    """Return whether two values are objects whose members say all: a null is not a missing member."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return False
    return None not in before.values() and None not in after.values()


def _changed_members(before: JsonObject, after: JsonObject) -> list[str]:
    names = dict.fromkeys((*before, *after))
    return [name for name in names if not same(before.get(name), after.get(name))]


def _items(path: tuple[str, ...], removed: list[Json], added: list[Json], naming: str) -> Iterator[Change]:
    """Yield the changes of a list: of items with a name, the pairs of those with one name."""
    old, new = _by_name(removed, naming), _by_name(added, naming)
    for name in dict.fromkeys((*old, *new)):
        item_path = path if name is None else (*path, name)
        pairs, left, come = ([], old[name], new[name]) if name is None else _pairs(old[name], new[name])
        for before, after in pairs:
            yield _item_change(item_path, before, after)
        yield from (Change(item_path, "removed", before=item, isitem=True) for item in left)
        yield from (Change(item_path, "added", after=item, isitem=True) for item in come)


def _by_name(items: Iterable[Json], naming: str) -> defaultdict[str | None, list[Json]]:
    """Return the items by their names; those without a name by `None`."""
    found: defaultdict[str | None, list[Json]] = defaultdict(list)
    for item in items:
        name = item.get(naming) if isinstance(item, dict) else None
        found[name if isinstance(name, str) else None].append(item)
    return found


def _pairs(
    removed: list[JsonObject], added: list[JsonObject]
) -> tuple[list[tuple[JsonObject, JsonObject]], list[JsonObject], list[JsonObject]]:
    """Return items of one name in pairs, the most alike first, and those that are left over of both."""
    left, come = [*removed], [*added]
    if max(len(left), len(come)) > LARGEST_GROUP:
        number = min(len(left), len(come))
        return [*zip(left, come, strict=False)], left[number:], come[number:]
    pairs = []
    while left and come:
        places = [(row, column) for row in range(len(left)) for column in range(len(come))]
        row, column = max(places, key=lambda place: _likeness(left[place[0]], come[place[1]]))
        pairs.append((left.pop(row), come.pop(column)))
    return pairs, left, come


def _likeness(one: JsonObject, other: JsonObject) -> int:
    return sum(same(one[name], other[name]) for name in one.keys() & other.keys())


def _item_change(path: tuple[str, ...], before: JsonObject, after: JsonObject) -> Change:
    """Return the change of an item that was there before and after."""
    names = _changed_members(before, after)
    members = tuple(
        change for name in names for change in _values((name,), before.get(name), after.get(name), NAME)
    )
    kind = _version_change(before.get(VERSION), after.get(VERSION)) if VERSION in names else "changed"
    return Change(path, kind, before, after, members, isitem=True)


def _version_change(before: Json, after: Json) -> Kind:
    """Return whether a version is higher or lower than the one before, by the numbers in it."""
    old, new = _numbers(before), _numbers(after)
    if not old or not new or old == new:
        return "changed"
    return "upgraded" if new > old else "downgraded"


def _numbers(version: Json) -> list[int]:
    """Return the numbers of a version, such as 10, 0 and 19045 of `10.0.19045`."""
    digits = re.findall("[0-9]+", version) if isinstance(version, str) else []
    return [int(each[:18]) for each in digits]
