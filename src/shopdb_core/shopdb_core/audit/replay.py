"""Rebuilding an asset from its audit entries, one diff at a time."""

from collections import Counter
from collections.abc import Iterator

from shopdb_core.assets.merge import missing_from
from shopdb_core.canonical import canonical
from shopdb_hookspecs import Json, JsonObject


def replay(attributes: dict[str, Json], diff: JsonObject) -> Iterator[str]:
    """Apply one entry's diff to `attributes`, in place; yield what does not follow from them."""
    for name, change in diff.items():
        if "added" in change:
            yield from _replay_list(attributes, name, change)
            continue
        if not equal(attributes.get(name), change["before"]):
            yield f"{name}: `before` is not the previous `after`"
        attributes[name] = change["after"]
        if change["after"] is None:
            del attributes[name]


def patched(items: list[Json], change: JsonObject) -> list[Json]:
    """Return `items` without what the change removed, and with what it added."""
    return [*missing_from(change["removed"], items), *change["added"]]


def equal(one: Json, other: Json) -> bool:
    """Whether two values are the same JSON; of lists, the history keeps the items and not their order."""
    if isinstance(one, list) and isinstance(other, list):
        return _counted(one) == _counted(other)
    return canonical(one) == canonical(other)


def _replay_list(attributes: dict[str, Json], name: str, change: JsonObject) -> Iterator[str]:
    items = attributes.get(name)
    if not isinstance(items, list):
        yield f"{name}: items were added and removed, and there was no list"
        items = []
    if missing_from(items, change["removed"]):
        yield f"{name}: an item was removed that was not there"
    attributes[name] = patched(items, change)


def _counted(items: list[Json]) -> Counter[bytes]:
    return Counter(map(canonical, items))
