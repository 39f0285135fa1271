"""Write which programs submissions add to computers and remove from them, and remove those of a computer."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from shopdb_computers.programs import counting
from shopdb_computers.programs.writer import Writer
from shopdb_computers.tables import packed, softwareid, unpacked
from shopdb_hookspecs import AssetWrite, Json, JsonObject


def store_programs(connection: Connection, writes: Sequence[AssetWrite]) -> None:
    """Write the programs of some computers, in the caller's transaction; the caller commits.

    Programs that no computer has any more stay in `computers_software`, because another transaction may add
    an installation of one.
    """
    # Most updates do not change the programs, and comparing equal lists takes a tenth of the time.
    changed = {write.assetid: write for write in writes if _changes_programs(write)}
    if not changed:
        return
    writer = Writer(connection)
    if _replace_inventories(writer, changed) >= counting.MANY:
        counting.count_uncounted(writer)
    if rebuilt := [write.assetid for write in writes if write.rebuilt]:
        counting.correct_counts(writer, rebuilt)


def remove_programs(connection: Connection, computerid: int) -> None:
    """Delete the inventory of a computer, which then counts for no program; the caller commits."""
    writer = Writer(connection)
    stored, marks = writer.inventories([computerid])
    if computerid not in stored:
        return
    today = counting.today()
    uncounted = counting.count_earlier(writer, marks, today)
    writer.remove_inventory(computerid, stored[computerid], today)
    if uncounted + 1 >= counting.MANY:
        counting.count_uncounted(writer)


def _changes_programs(write: AssetWrite) -> bool:
    return write.before is None or _listed(write.before) != _listed(write.after)


def _listed(attributes: JsonObject) -> Sequence[Json]:
    return attributes.get("installedsoftware") or ()


def _replace_inventories(writer: Writer, changed: Mapping[int, AssetWrite]) -> int:
    """Write the inventories that change, and the programs that no inventory had.

    Returns how many computers are uncounted then, at most.
    """
    today = counting.today()
    computerids = sorted(changed)
    # Computers that were set up one after the other have most programs in common. Those of a stored inventory
    # are stored, too, which saves looking them up.
    neighbour = computerids[0] - 1
    stored, marks = writer.inventories([neighbour, *computerids])
    uncounted = counting.count_earlier(writer, marks, today)
    unknown: dict[int, JsonObject] = {}
    inventories: list[tuple[int, bytes]] = []
    for computerid in computerids:
        before = stored.get(computerid)
        softwareids, added = _inventory(changed[computerid], before or b"")
        if softwareids != before:
            inventories.append((computerid, softwareids))
            unknown.update(added)
    for key in unpacked(stored.get(neighbour, b"")):
        unknown.pop(key, None)
    counted = [(key, stored.get(key, b"")) for key, _ in inventories]
    writer.put_inventories(inventories, unknown, counted, today)
    return uncounted + len(inventories)


def _inventory(write: AssetWrite, stored: bytes) -> tuple[bytes, Mapping[int, JsonObject]]:
    """Return the new inventory of a computer, and the programs that it did not have, by their keys.

    What is stored need not be that of `before`: then the whole list counts.
    """
    old, new = _listed(write.before or {}), _listed(write.after)
    keys = unpacked(stored)
    if keys and len(keys) == len(old):
        removed, added = _without_common_ends(old, new)
        programs = dict(zip(_keys(added), added, strict=True))
        replaced = programs.keys() | _keys(removed)
        return packed([*(key for key in keys if key not in replaced), *programs]), programs
    programs = dict(zip(_keys(new), new, strict=True))
    return packed(programs), programs


def _without_common_ends(old: Sequence[Json], new: Sequence[Json]) -> tuple[Sequence[Json], Sequence[Json]]:
    """Return two sorted lists without what both begin and end with: few items if few programs changed."""
    start = _common(old, new)
    old, new = old[start:], new[start:]
    end = _common(old[::-1], new[::-1])
    return old[: len(old) - end], new[: len(new) - end]


def _common(left: Sequence[Json], right: Sequence[Json]) -> int:
    """Return how many items at the beginning of two lists are equal."""
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))


def _keys(programs: Iterable[JsonObject]) -> list[int]:
    return [softwareid(program["name"], program.get("version") or "") for program in programs]
