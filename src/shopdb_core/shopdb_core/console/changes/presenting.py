"""The changes of entries as pages show them: with the titles, units and forms that are declared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shopdb_core.audit.as_of import IDENTITY
from shopdb_core.audit.browsing.readable import NAME, VERSION, Change, Kind, item_names, readable
from shopdb_core.audit.entries import RELATIONSHIPS, SITE_FIELD
from shopdb_core.console.asset.values import NOTHING, Shown, is_objects, resolved, shown, title_of
from shopdb_core.console.framework.pages import N_
from shopdb_core.edits.site_fields import SiteFields
from shopdb_core.json_text import canonical_text
from shopdb_hookspecs import Json, JsonObject

TITLES: Mapping[str, str] = {
    RELATIONSHIPS: N_("Relationships"),
    "@state": N_("State"),
    "@reason": N_("Reason"),
    "@mergedinto": N_("Merged into"),
    IDENTITY: N_("Identity"),
}
"""What is in diffs beside fields."""

KINDS: Mapping[str, str] = {
    "set": N_("set"),
    "cleared": N_("cleared"),
    "changed": N_("changed"),
    "added": N_("added"),
    "removed": N_("removed"),
    "upgraded": N_("upgraded"),
    "downgraded": N_("downgraded"),
    "reordered": N_("reordered"),
}

MOST_OF_A_LIST = 4
"""Of more changes in one list a row has their numbers alone."""

LONGEST_ITEM = 120
"""Characters of an item without a name."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value: how many items a list has, or the asset that it names, or as `shown` says."""

    shown: Shown = NOTHING
    items: int | None = None
    asset: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is no value."""
        return self.items is None and self.asset is None and self.shown.kind == "empty"


@dataclass(frozen=True, slots=True)
class Line:
    """One change: the field, and the item or the member of it that changed.

    `title` is a text of the catalogue if `istext`. `members` are the changes inside an item.
    """

    field: str
    title: str
    istext: bool
    name: str
    kind: Kind
    before: Cell
    after: Cell
    members: Sequence["Line"] = ()


@dataclass(frozen=True, slots=True)
class Numbers:
    """Many changes of one list: how many of each kind."""

    field: str
    title: str
    istext: bool
    numbers: Mapping[Kind, int]


@dataclass(frozen=True)
class Presenter:
    """Presents the changes of assets of one type; `declaration` is `None` where no plugin declares it."""

    declaration: JsonObject | None
    sitefields: SiteFields
    names: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Find out which members name the items of lists."""
        document = self.declaration or {}
        fields = {name: resolved(rules, document) for name, rules in document.get("fields", {}).items()}
        names = item_names(
            {
                name: {**rules, "items": resolved(rules.get("items"), document)}
                for name, rules in fields.items()
            }
        )
        object.__setattr__(self, "names", {**names, RELATIONSHIPS: "relationshiptype"})

    def lines(self, diff: JsonObject) -> list[Line]:
        """Return every change of a diff."""
        return [self._line(change) for change in readable(diff, self.names)]

    def title(self, name: str) -> tuple[str, bool]:
        """Return the title of a name in diffs, and whether it is a text of the catalogue."""
        if name in TITLES:
            return TITLES[name], True
        rules, _ = self._rules(name)
        return title_of(name.removeprefix(SITE_FIELD), rules), False

    @property
    def field_titles(self) -> dict[str, str]:
        """The titles of the declared fields, by their names."""
        return {name: self.title(name)[0] for name in (self.declaration or {}).get("fields", ())}

    @property
    def sitefield_titles(self) -> dict[str, str]:
        """The titles of the fields of people, by their names."""
        return {name: self.title(f"{SITE_FIELD}{name}")[0] for name in self.sitefields.properties}

    def _rules(self, name: str) -> tuple[JsonObject, JsonObject]:
        """Return the schema of a field, and the document that it refers to."""
        if name.startswith(SITE_FIELD):
            document: JsonObject = {"$defs": self.sitefields.definitions}
            return resolved(self.sitefields.properties.get(name.removeprefix(SITE_FIELD)), document), document
        document = self.declaration or {}
        return resolved(document.get("fields", {}).get(name), document), document

    def _line(self, change: Change) -> Line:
        name, *path = change.path
        rules, document = self._rules(name)
        title, istext = self.title(name)
        line = Line(name, title, istext, "", change.kind, NO_CELL, NO_CELL)
        if change.isitem:
            items = resolved(rules.get("items"), document)
            return _item_line(line, change, self.names.get(name, NAME), items)
        for member in path:
            rules = resolved(rules.get("properties", {}).get(member), document)
        before, after = (_cell(name, value, rules, document) for value in (change.before, change.after))
        return replace(line, name=" / ".join(path), before=before, after=after)


NO_CELL = Cell()


def summarized(lines: Sequence[Line]) -> list[Line | Numbers]:
    """Return the lines, but numbers in place of those of a list of which many items changed."""
    numbers = Counter(line.field for line in lines)
    found: dict[object, Line | Numbers] = {}
    for number, line in enumerate(lines):
        if numbers[line.field] <= MOST_OF_A_LIST:
            found[number] = line
        elif line.field not in found:
            kinds = Counter(other.kind for other in lines if other.field == line.field)
            found[line.field] = Numbers(line.field, line.title, line.istext, kinds)
    return [*found.values()]


def _item_line(line: Line, change: Change, naming: str, rules: JsonObject) -> Line:
    """Return the change of an item of a list: its versions, or what there is to say of it."""
    name = " / ".join(change.path[1:])
    if change.before is None or change.after is None:
        before, after = (_item_cell(line.field, value, naming) for value in (change.before, change.after))
        return replace(line, name=name, before=before, after=after)
    members = tuple(_member_line(member, rules) for member in change.members)
    first = next((each for each in members if each.field == VERSION), None)
    if first is None and len(members) == 1:
        (first,) = members
        name = f"{name} / {first.title}"
    if first is None:
        return replace(line, name=name, members=members)
    return replace(line, name=name, before=first.before, after=first.after, members=members)


def _member_line(change: Change, rules: JsonObject) -> Line:
    name = change.path[0]
    own = resolved(rules.get("properties", {}).get(name), {})
    before, after = (_cell(name, value, own, {}) for value in (change.before, change.after))
    title, inner = title_of(name, own), " / ".join(change.path[1:])
    return Line(name, title, istext=False, name=inner, kind=change.kind, before=before, after=after)


def _item_cell(field_name: str, item: Json, naming: str) -> Cell:
    """Return what there is to say of an item beside its name."""
    if item is None:
        return NO_CELL
    if field_name == RELATIONSHIPS and isinstance(item, Mapping):
        return Cell(asset=item.get("targetassetid"))
    if not isinstance(item, Mapping):
        return Cell(shown(item, {}, {}))
    if naming in item:
        return Cell(shown(item.get(VERSION), {}, {}))
    text = canonical_text(item)
    return Cell(Shown("text", text[:LONGEST_ITEM], more=max(0, len(text) - LONGEST_ITEM)))


def _cell(name: str, value: Json, rules: JsonObject, document: JsonObject) -> Cell:
    if name == "@mergedinto" and isinstance(value, int):
        return Cell(asset=value)
    if is_objects(value):
        return Cell(items=len(value))
    return Cell(shown(value, rules, document))
