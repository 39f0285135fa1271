"""What changed for those who read a declaration, and for no submission."""

from collections.abc import Iterator

from shopdb_core.plugins.compatibility.changes import Change, Step
from shopdb_core.plugins.keywords import walk
from shopdb_core.plugins.pointers import step
from shopdb_hookspecs import Json, JsonObject

FOR_READERS = ("title", "description", "$comment", "default", "examples", "deprecated")


def annotation_changes(old: JsonObject, new: JsonObject) -> Iterator[Change]:
    """Compare titles, descriptions and their like at the places that both declarations have."""
    before = dict(_subschemas(old))
    for place, rules in _subschemas(new):
        yield from _between(place, before.get(place), rules)


def _subschemas(declaration: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    for key in ("$defs", "fields"):
        for name, top in declaration.get(key, {}).items():
            found = walk(top, f"/{key}" + step(name))
            yield from ((place, rules) for place, rules in found if isinstance(rules, dict))


def _between(place: str, old: JsonObject | None, new: JsonObject) -> Iterator[Change]:
    for keyword in FOR_READERS if old is not None else ():
        was, is_now = (old or {}).get(keyword), new.get(keyword)
        if was != is_now:
            yield _change(f"{place}/{keyword}", keyword, is_now)


def _change(place: str, keyword: str, is_now: Json) -> Change:
    if keyword == "deprecated" and is_now:
        return Change(place, "is deprecated: a later major version may remove it", Step.MINOR)
    return Change(place, f"the {keyword} changed; submissions are taken as before", Step.PATCH)
