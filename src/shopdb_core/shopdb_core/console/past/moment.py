"""An asset as of a moment beside what it is now: its fields in their groups, and its lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shopdb_core.audit.diffs import between, equal
from shopdb_core.audit.entries import SITE_FIELD
from shopdb_core.console.asset.fields import Field, Fields, Listed, fields_of, site_fields_of
from shopdb_core.console.asset.lists import Table, table_of
from shopdb_core.console.asset.values import NOTHING, Shown
from shopdb_core.console.changes.presenting import Line, Numbers, Presenter, summarized
from shopdb_core.console.framework.pages import N_
from shopdb_core.edits.site_fields import SiteFields
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class Pair:
    """A field then and now; `isunknown` if its value of then was pruned."""

    title: str
    hint: str
    then: Shown
    now: Shown
    differs: bool
    isunknown: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together; the title is a text of the catalogue."""

    title: str
    pairs: Sequence[Pair]


@dataclass(frozen=True, slots=True)
class PastList:
    """A list of objects: its first items of then, and what has changed in it until now."""

    title: str
    number: int
    table: Table
    lines: Sequence[Line | Numbers]
    isunknown: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """An asset then and now; `unknown` are titles of fields whose values of then were pruned."""

    groups: Sequence[Group]
    lists: Sequence[PastList]
    unknown: Sequence[str]
    differing: int


def compare(
    then: JsonObject, now: JsonObject, declaration: JsonObject | None, sitefields: SiteFields
) -> Compared:
    """Return an asset as of a time, given as the API shows it (`show_as_of`), beside that of now."""
    unknown = frozenset(then["unknown"])
    # Of a field that has a value at one of both times.
    union = _fields({**now["attributes"], **then["attributes"]}, declaration)
    presenter = Presenter(declaration, sitefields)
    comparison = _Comparison(then, now, declaration, unknown)
    groups = [
        Group(title, [*comparison.pairs(fields)])
        for title, fields in (
            (N_("At a glance"), union.first),
            (N_("Details"), [*union.others, *union.objects]),
            (N_("Fields without a declaration"), union.undeclared),
        )
    ]
    groups.append(Group(N_("Kept by people"), [*_people(then, now, sitefields)]))
    lists = [comparison.past_list(listed, presenter) for listed in union.lists]
    shown = [group for group in groups if group.pairs]
    differing = sum(pair.differs for group in shown for pair in group.pairs)
    return Compared(
        shown,
        lists,
        [presenter.title(name)[0] for name in sorted(unknown)],
        differing + sum(bool(each.lines) for each in lists),
    )


@dataclass(frozen=True, slots=True)
class _Comparison:
    then: JsonObject
    now: JsonObject
    declaration: JsonObject | None
    unknown: frozenset[str]

    def pairs(self, fields: Sequence[Field]) -> Iterator[Pair]:
        """Yield the fields that have a value then or now, or an unknown one."""
        shown_then, shown_now = (
            _by_name(_fields(each["attributes"], self.declaration)) for each in (self.then, self.now)
        )
        for field in fields:
            isunknown = field.name in self.unknown
            before, after = (each["attributes"].get(field.name) for each in (self.then, self.now))
            if before is None and after is None and not isunknown:
                continue
            differs = not isunknown and not equal(before, after)
            then, now = (found.get(field.name, NOTHING) for found in (shown_then, shown_now))
            yield Pair(field.title, field.hint, then, now, differs, isunknown)

    def past_list(self, listed: Listed, presenter: Presenter) -> PastList:
        """Return a list then, and what changed in it since."""
        name = listed.name
        before, after = ({name: _items(each["attributes"].get(name))} for each in (self.then, self.now))
        isunknown = name in self.unknown
        changes = {} if isunknown else between(before, after)
        past = Listed(listed.name, listed.title, listed.hint, before[name], listed.rules)
        return PastList(
            listed.title,
            len(before[name]),
            table_of(past, self.declaration or {}),
            summarized(presenter.lines(changes)),
            isunknown,
        )


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _fields(attributes: JsonObject, declaration: JsonObject | None) -> Fields:
    return fields_of({"attributes": attributes, "sources": []}, declaration)


def _by_name(fields: Fields) -> dict[str, Shown]:
    groups = (fields.first, fields.others, fields.objects, fields.undeclared)
    return {field.name: field.value for group in groups for field in group}


def _people(then: JsonObject, now: JsonObject, sitefields: SiteFields) -> Iterator[Pair]:
    """Yield the fields of people that have a value then or now."""
    shown_then, shown_now = (
        {
            field.name: field
            for field in site_fields_of(each["sitefields"], sitefields.properties, sitefields.definitions)
        }
        for each in (then, now)
    )
    for name, field in {**shown_now, **shown_then}.items():
        before, after = (each["sitefields"].get(name) for each in (then, now))
        isunknown = f"{SITE_FIELD}{name}" in then["unknown"]
        if before is None and after is None and not isunknown:
            continue
        one, other = (found[name].value if name in found else NOTHING for found in (shown_then, shown_now))
        differs = not isunknown and not equal(before, after)
        yield Pair(field.title, field.hint, one, other, differs, isunknown)
