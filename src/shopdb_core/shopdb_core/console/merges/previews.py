"""What a merge and its end would do, as their pages show it: dry runs, in words and with names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shopdb_core.assets.listing import names_of
from shopdb_core.assets.merges import find_merge
from shopdb_core.audit.entries import SITE_FIELD
from shopdb_core.console.asset.frame import Frame, read_frame
from shopdb_core.console.asset.values import resolved, title_of
from shopdb_core.console.duplicates.comparing import Cell, Row, cell_of, rows_of
from shopdb_core.edits.merges.merging import Merging
from shopdb_core.edits.merges.unmerging import Unmerging
from shopdb_core.site import Site
from shopdb_core.store import Connection
from shopdb_hookspecs import Json, JsonObject

MOST_NAMED = 50
"""How many relationships are named; of more, their number is shown."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that an edit changes: its title, and its value before and after."""

    title: str
    before: Cell
    after: Cell


@dataclass(frozen=True, slots=True)
class Related:
    """One relationship as a sentence names it: the ids of both ends, with `names`, and its type."""

    source: JsonObject
    target: JsonObject
    relationshiptype: str


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What merging `gone` into `kept` would do.

    taken: fields that the kept asset takes. lost: fields of which its own value stays, and that of the other
    gives way. moved, dropped: relationships of the other, of which there are `movedcount`, `droppedcount`.
    """

    kept: Frame
    gone: Frame
    taken: Sequence[Change]
    lost: Sequence[Row]
    moved: Sequence[Related]
    movedcount: int
    dropped: Sequence[Related]
    droppedcount: int


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What undoing a merge would do.

    changes: fields that the kept asset gives back. stays: titles of fields that the merge filled and that
    changed since. backcount, lostcount: relationships that go back, and that cannot. warnings: sentences.
    """

    kept: Frame
    gone: Frame
    changes: Sequence[Change]
    stays: Sequence[str]
    backcount: int
    lostcount: int
    warnings: Sequence[str]


def preview_merge(connection: Connection, site: Site, merging: Merging) -> MergePreview:
    """Merge, and return what that did; the caller rolls back. Raises as `Merging` does."""
    kept, gone = (read_frame(connection, site.plugins, each) for each in (merging.kept, merging.gone))
    mergeid = merging(connection)["mergeid"]
    undo = find_merge(connection, mergeid).undo
    assert undo is not None
    fields = _schemas(kept)
    document = kept.declaration or {}
    rows = rows_of(kept.asset["attributes"], gone.asset["attributes"], fields, document, ())
    of_people = rows_of(
        kept.asset["sitefields"], gone.asset["sitefields"], site.sitefields.properties, _definitions(site), ()
    )
    return MergePreview(
        kept,
        gone,
        [
            *_filled(undo.fields, fields, document),
            *_filled(undo.sitefields, site.sitefields.properties, _definitions(site)),
        ],
        [
            row
            for row in (*rows, *of_people)
            if not row.issame and Cell() not in row.cells and row.name != document.get("identityfield")
        ],
        _related(connection, undo.moved),
        len(undo.moved),
        _related(connection, undo.dropped),
        len(undo.dropped),
    )


def preview_undo(connection: Connection, site: Site, unmerging: Unmerging) -> UndoPreview:
    """Undo a merge, and return what that did; the caller rolls back. Raises as `Unmerging` does."""
    merge = find_merge(connection, unmerging.mergeid)
    kept, gone = (read_frame(connection, site.plugins, each) for each in (merge.assetid, merge.goneassetid))
    count = len([*merge.undo.moved, *merge.undo.dropped]) if merge.undo else 0
    answer = unmerging(connection)
    fields, properties = _schemas(kept), site.sitefields.properties
    stays = [
        title_of(name, resolved(fields.get(name, properties.get(name)), kept.declaration or {}))
        for name in answer["kept"]
    ]
    return UndoPreview(
        kept,
        gone,
        [*_changes(answer["diff"], site, kept)],
        stays,
        count - len(answer["lost"]),
        len(answer["lost"]),
        answer["warnings"],
    )


def _schemas(frame: Frame) -> JsonObject:
    found: JsonObject = (frame.declaration or {}).get("fields", {})
    return found


def _definitions(site: Site) -> JsonObject:
    return {"$defs": site.sitefields.definitions}


def _filled(values: JsonObject, schemas: JsonObject, document: JsonObject) -> Iterator[Change]:
    for name, value in values.items():
        yield _change(name, None, value, schemas, document)


def _changes(diff: JsonObject, site: Site, kept: Frame) -> Iterator[Change]:
    """Yield the changes of fields; those of relationships are shown apart."""
    for name, change in diff.items():
        if name.startswith(SITE_FIELD):
            schemas, document = site.sitefields.properties, _definitions(site)
        else:
            schemas, document = _schemas(kept), kept.declaration or {}
        if not name.startswith("@") or name.startswith(SITE_FIELD):
            before, after = (
                change.get("before", change.get("removed")),
                change.get("after", change.get("added")),
            )
            yield _change(name.removeprefix(SITE_FIELD), before, after, schemas, document)


def _change(name: str, before: Json, after: Json, schemas: JsonObject, document: JsonObject) -> Change:
    rules = resolved(schemas.get(name), document)
    return Change(title_of(name, rules), cell_of(before, rules, document), cell_of(after, rules, document))


def _related(connection: Connection, records: Sequence[JsonObject]) -> list[Related]:
    shown = records[:MOST_NAMED]
    ends = {record[end] for record in shown for end in ("sourceassetid", "targetassetid")}
    names: Mapping[int, JsonObject] = names_of(connection, ends)
    return [
        Related(names[each["sourceassetid"]], names[each["targetassetid"]], each["relationshiptype"])
        for each in shown
        if each["sourceassetid"] in names and each["targetassetid"] in names
    ]
