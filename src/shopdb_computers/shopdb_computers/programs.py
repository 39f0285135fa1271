"""A list of installed programs in canonical form."""

from typing import Final, TypeAlias

from shopdb_hookspecs import Json

Program: TypeAlias = tuple[str, str]
"""A program's name and version; the version is empty where it is unknown."""

_MEMBERS: Final = frozenset({"name", "version"})


def canonical_programs(programs: list[Json]) -> list[Json]:
    """Sort and deduplicate a list of programs whose strings are trimmed.

    A list with an item that is not a program is returned unchanged, so that validation reports the item's
    place in the submitted list.
    """
    try:
        # Unlike a set, a dict keeps the order, and a sorted list sorts four times as fast.
        distinct = dict.fromkeys(map(_as_program, programs))
    except ValueError:
        return programs
    return [
        {"name": name, "version": version} if version else {"name": name}
        for name, version in sorted(distinct)
    ]


def _as_program(item: Json) -> Program:
    """Read one item of the list; raises `ValueError` if it is not a program."""
    if isinstance(item, dict) and isinstance(name := item.get("name"), str):
        version = item.get("version")
        if isinstance(version, str) and len(item) == len(_MEMBERS):
            return name, version
        if version is None and item.keys() <= _MEMBERS:
            return name, ""
    raise ValueError("not a program")
