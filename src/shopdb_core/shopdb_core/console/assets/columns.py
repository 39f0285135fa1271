"""The columns of the list: what they are called, and which there are to choose from.

Titles and units come from the declarations of the plugins and of the site. Nothing is done for a plugin by
hand, and a field that is no longer declared keeps its name as its title.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from shopdb_core.console.asset.values import resolved, title_of
from shopdb_core.console.framework.pages import N_, type_label
from shopdb_core.errors import InvalidParameter
from shopdb_core.search.columns import Columns
from shopdb_core.search.fields import SHORT_NAMES, WHOLE
from shopdb_core.site import Site
from shopdb_hookspecs import Json, JsonObject

IDENTITY = "identityvalue"
"""Always the first column: it leads to the asset."""

COMMON_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "assettype": N_("Type"),
        "state": N_("State"),
        "createdat": N_("Created"),
        "updatedat": N_("Changed"),
        "lastseenat": N_("Last seen"),
        "reason": N_("Reason"),
        "version": N_("Version"),
        "assetid": N_("Number"),
        "mergedinto": N_("Merged into"),
    }
)
"""What every asset has, in the order of the choice."""

NUMBERS = ("assetid", "version", "mergedinto")
BY_DEFAULT = ("assettype", "createdat", "updatedat", "lastseenat")
"""The columns of a list of several types."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `title` is what people call it, a text of the catalogue if `istext`.

    `rules` is the schema of its values, whose references are in `document`.
    """

    name: str
    title: str
    istext: bool = False
    unit: str = ""
    isnumber: bool = False
    rules: JsonObject = field(default_factory=dict)
    document: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """Columns to choose from: what every asset has, what people keep, or what assets of some types have."""

    kind: str
    labels: tuple[str, ...]
    columns: Sequence[Column]


class Declared:
    """The columns that the plugins and the site declare at one moment."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._collectors = site.plugins.collectors()
        site_document = {"$defs": site.sitefields.definitions}
        self._documents: list[tuple[JsonObject, JsonObject]] = [
            *((each.declaration["fields"], each.declaration) for each in self._collectors.values()),
            (site.sitefields.properties, site_document),
        ]

    def shown(self, fields: str | None, assettype: str | None, state: str) -> tuple[Columns, list[Column]]:
        """Return the columns of the table, of which the first is the identity.

        `fields` are the names that were chosen; `None`: those that the plugin of the type declares. Raises
        `InvalidParameter` for a name that is not known.
        """
        names = self._default(assettype, state) if fields is None else fields.split(",")
        chosen = ",".join((IDENTITY, *(name for name in names if name != IDENTITY)))
        columns = Columns.read(chosen, self._site.search.fields)
        return columns, [self.column(name, assettype) for name in columns.names]

    def column(self, name: str, assettype: str | None) -> Column:
        """Return a column by its name in `fields`; the plugin of a type goes before the others."""
        common = SHORT_NAMES.get(name, name)
        if common == IDENTITY:
            return self._identity(name, assettype)
        if common in COMMON_TITLES:
            return Column(name, COMMON_TITLES[common], istext=True, isnumber=common in NUMBERS)
        source, _, rest = name.partition(".")
        path = (rest if source in WHOLE and rest else name).split(".")
        own = self._collectors.get(assettype or "")
        first = [(own.declaration["fields"], own.declaration)] if own and source != WHOLE[1] else []
        for fields, document in (*first, *self._documents):
            if path[0] in fields:
                return _column(name, path, fields, document)
        return Column(name, name)

    def groups(self, assettype: str | None) -> list[Group]:
        """Return the columns to choose from; of one type, or of all with the types that have them."""
        common = [Column(name, title, istext=True) for name, title in COMMON_TITLES.items()]
        people = [
            column
            for name in self._site.sitefields.properties
            for column in _columns(name, *self._documents[-1])
        ]
        groups = [Group("common", (), common), Group("people", (), people), *self._of_types(assettype)]
        return [group for group in groups if group.columns]

    def _default(self, assettype: str | None, state: str) -> list[str]:
        collector = self._collectors.get(assettype or "")
        more = [] if state == "active" else ["state", "reason"]
        if collector is None:
            return [*BY_DEFAULT, *more]
        own = [name for name in collector.declaration.get("x-columns", ()) if name != collector.identityfield]
        return [*own, "lastseenat", *more]

    def _identity(self, name: str, assettype: str | None) -> Column:
        collector = self._collectors.get(assettype or "")
        if collector is None:
            return Column(name, N_("Identity"), istext=True)
        title = title_of(collector.identityfield, collector.declaration["fields"][collector.identityfield])
        return Column(name, title)

    def _of_types(self, assettype: str | None) -> Iterator[Group]:
        """Yield the columns that the same types have, each once; a name that the site has is the site's."""
        taken = {IDENTITY, *COMMON_TITLES, *SHORT_NAMES, *self._site.sitefields.properties}
        found: dict[str, Column] = {}
        labels: dict[str, list[str]] = {}
        for plugin, collector in self._collectors.items():
            if assettype not in (None, plugin):
                continue
            document = collector.declaration
            for name in document["fields"]:
                if name in taken or name == collector.identityfield:
                    continue
                for column in _columns(name, document["fields"], document):
                    found.setdefault(column.name, column)
                    labels.setdefault(column.name, []).append(type_label(self._site.plugins, plugin))
        alike: dict[tuple[str, ...], list[Column]] = {}
        for name, column in found.items():
            alike.setdefault(tuple(labels[name]), []).append(column)
        for several, columns in sorted(alike.items(), key=lambda each: -len(each[0])):
            yield Group("types", several, columns)


def chosen_fields(names: Sequence[str], site: Site) -> str:
    """Return the text of `fields=` for chosen columns; raises `InvalidParameter` if they are too many."""
    if not names:
        raise InvalidParameter("Choose at least one column.")
    return ",".join(Columns.read(",".join(names), site.search.fields).names)


def _columns(name: str, fields: JsonObject, document: JsonObject) -> Iterator[Column]:
    """Yield the column of a field, and those of the members of an object or of the items of a list."""
    yield _column(name, [name], fields, document)
    for member in _members(resolved(fields.get(name), document), document):
        yield _column(f"{name}.{member}", [name, member], fields, document)


def _column(name: str, path: Sequence[str], fields: JsonObject, document: JsonObject) -> Column:
    rules = resolved(fields.get(path[0]), document)
    titles = [title_of(path[0], rules)]
    for member in path[1:]:
        rules = resolved(_members(rules, document).get(member), document)
        titles.append(title_of(member, rules))
    kinds = rules.get("type", ())
    isnumber = bool({"number", "integer"} & set([kinds] if isinstance(kinds, str) else kinds))
    unit = str(rules.get("x-unit", ""))
    return Column(
        name,
        " · ".join(titles),
        unit="" if unit == "B" else unit,
        isnumber=isnumber,
        rules=rules,
        document=document,
    )


def _members(rules: JsonObject, document: JsonObject) -> JsonObject:
    """Return the schemas of the members of an object, or of the items of a list."""
    inner: Json = rules
    while isinstance(inner, Mapping) and isinstance(inner.get("items"), Mapping):
        inner = resolved(inner["items"], document)
    members = inner.get("properties") if isinstance(inner, Mapping) else None
    return members if isinstance(members, Mapping) else {}
