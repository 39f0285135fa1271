"""Two assets side by side: pure functions that compare their fields and their secondary identities."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from shopdb_core.assets.duplicates.evidence import Evidence, of_kind
from shopdb_core.assets.merge import missing_from, same
from shopdb_core.console.asset.values import NOTHING, Shown, is_objects, resolved, shown, title_of
from shopdb_core.plugins.collector import Collector
from shopdb_core.submissions.steps import secondary_identity
from shopdb_hookspecs import Json, JsonObject

MOST_VALUES = 8
"""How many values of one kind of evidence are shown."""

Verdict = Literal["shared", "different", "single"]


@dataclass(frozen=True, slots=True)
class Cell:
    """The value of one asset; of a list of objects only how many `items` it has, and how many `alone`."""

    value: Shown = NOTHING
    items: int | None = None
    alone: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One field of both assets."""

    name: str
    title: str
    hint: str
    cells: tuple[Cell, Cell]
    issame: bool
    isevidence: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """One `kind` of secondary identity: the values that both assets have, and those that one of them has.

    `verdict` is `shared`, `different` if both have values and none in common, or `single` if one has none.
    `more` is how many values are left out.
    """

    kind: str
    title: str
    shared: Sequence[str]
    alone: tuple[Sequence[str], Sequence[str]]
    verdict: Verdict
    more: int


@dataclass(frozen=True, slots=True)
class Takeover:
    """What merging one asset into another does to fields, by their titles.

    `taken` are those that the kept asset lacks, `lost` those of which its own value stays.
    """

    taken: Sequence[str]
    lost: Sequence[str]


def rows_of(
    one: JsonObject, other: JsonObject, schemas: JsonObject, document: JsonObject, evidence: Iterable[str]
) -> list[Row]:
    """Return a row for each field that one of two objects of fields has, in the order of `schemas`.

    `document` is the declaration in which the references of the schemas are.
    """
    marked = set(evidence)
    names = dict.fromkeys((*schemas, *one, *other))
    return [
        _row(name, one.get(name), other.get(name), schemas.get(name), document, isevidence=name in marked)
        for name in names
        if name in one or name in other
    ]


def _row(name: str, one: Json, other: Json, schema: Json, document: JsonObject, *, isevidence: bool) -> Row:
    rules = resolved(schema, document)
    cells = cell_of(one, rules, document, beside=other), cell_of(other, rules, document, beside=one)
    return Row(name, title_of(name, rules), rules.get("description", ""), cells, same(one, other), isevidence)


def cell_of(value: Json, rules: JsonObject, document: JsonObject, *, beside: Json = None) -> Cell:
    """Return how to show a value in a table; what it has `alone` is what `beside` has not."""
    if not is_objects(value):
        return Cell(shown(value, rules, document))
    alone = missing_from(beside, value) if is_objects(beside) else []
    return Cell(items=len(value), alone=len(alone))


def proofs_of(collector: Collector, one: JsonObject, other: JsonObject) -> list[Proof]:
    """Return the kinds of secondary identities that one of two assets has, the strongest first.

    The assets are given by their attributes.
    """
    secondary = secondary_identity(collector)
    found = secondary.of(one), secondary.of(other)
    declared: JsonObject = collector.declaration["fields"]
    kinds = [kind for kind in secondary.kinds if any(of_kind(each, kind) for each in found)]
    return [_proof(kind, title_of(kind, declared.get(kind, {})), *found) for kind in kinds]


def _proof(kind: str, title: str, one: Evidence, other: Evidence) -> Proof:
    ours, theirs = of_kind(one, kind), of_kind(other, kind)
    shared = [one[key] for key in ours if key in other]
    alone = [one[key] for key in ours if key not in other], [other[key] for key in theirs if key not in one]
    verdict: Verdict = "shared" if shared else "different" if ours and theirs else "single"
    more = sum(max(0, len(each) - MOST_VALUES) for each in (shared, *alone))
    return Proof(
        kind, title, shared[:MOST_VALUES], (alone[0][:MOST_VALUES], alone[1][:MOST_VALUES]), verdict, more
    )


def evidence_fields(collector: Collector | None, kind: str) -> Iterator[str]:
    """Yield the fields in which values of a kind are; of an unknown plugin the field of that name."""
    paths = collector.evidence if collector else ()
    yield from (path.field for path in paths if path.kind == kind)
    yield kind


def takeover(rows: Sequence[Row], kept: Literal[0, 1], takes: Iterable[str]) -> Takeover:
    """Return what merging does to the fields of the asset `kept`; `takes` names those that it takes."""
    names = set(takes)
    taken = [row.title for row in rows if row.name in names]
    other = 1 - kept
    lost = [
        row.title
        for row in rows
        if not row.issame and row.cells[kept] != Cell() and row.cells[other] != Cell()
    ]
    return Takeover(taken, lost)
