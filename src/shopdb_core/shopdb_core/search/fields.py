"""The fields of assets by the names that a query and `fields=` have: columns, attributes, site fields."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from shopdb_core.errors import did_you_mean
from shopdb_hookspecs import Json, JsonObject

COLUMNS = (
    "assetid",
    "assettype",
    "identityvalue",
    "state",
    "reason",
    "createdat",
    "updatedat",
    "lastseenat",
    "version",
    "mergedinto",
)
"""What every asset has; `fields=` names it so."""

SHORT_NAMES: Mapping[str, str] = MappingProxyType(
    {"created": "createdat", "updated": "updatedat", "seen": "lastseenat"}
)
WHOLE = ("attributes", "sitefields")
"""The objects that have the fields of collectors and of people; before a name, they say which is meant."""


class HasFields(Protocol):
    """An asset: its columns, `attributes` and `sitefields` by their names."""

    def __getitem__(self, name: str, /) -> Json:
        """Return a column, or the object of attributes or site fields."""
        ...


@dataclass(frozen=True, slots=True)
class Field:
    """One field: a column, or the members that lead to a value in attributes, site fields, or either."""

    column: str | None
    sources: tuple[str, ...] = ()
    path: tuple[str, ...] = ()

    def values(self, asset: HasFields) -> Iterator[Json]:
        """Yield each value that an asset has there, of every item of the lists on the way."""
        if self.column is not None:
            yield asset[self.column]
        for source in self.sources:
            yield from _values(asset[source], self.path)

    def shown(self, asset: HasFields) -> Json:
        """Return what `fields=` shows: a value, `None`, or a list if there is a list on the way."""
        found = list(self.values(asset))
        listed = len(found) > 1 or any(_has_list(asset[source], self.path) for source in self.sources)
        return found if listed else next(iter(found), None)


def _values(value: Json, path: tuple[str, ...]) -> Iterator[Json]:
    if not path:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _values(item, path)
    elif isinstance(value, dict) and path[0] in value:
        yield from _values(value[path[0]], path[1:])


def _has_list(value: Json, path: tuple[str, ...]) -> bool:
    for name in path:
        if isinstance(value, list):
            return True
        value = value.get(name) if isinstance(value, dict) else None
    return False


class KnownFields:
    """The names that the plugins and the site declare."""

    def __init__(self, declared: Iterable[JsonObject], sitefields: JsonObject) -> None:
        self._names: set[str] = set()
        for fields in (*declared, sitefields):
            for name, schema in fields.items():
                self._names.update(_names(name, schema))

    def find(self, name: str) -> Field | str:
        """Return a field by its name, or else the reason why it is not known.

        What follows `attributes.` is not checked: assets that people create have any.
        """
        column = SHORT_NAMES.get(name, name)
        if column in COLUMNS or column in WHOLE:
            return Field(column)
        source, _, rest = name.partition(".")
        path = tuple((rest if source in WHOLE and rest else name).split("."))
        if source == "attributes" or self._is_known(".".join(path)):
            return Field(None, (source,) if source in WHOLE else WHOLE, path)
        return f"{name[:80]} is not a known field.{did_you_mean(name, self.all())}"

    def all(self) -> list[str]:
        """Return every name, in order."""
        return sorted({*COLUMNS, *SHORT_NAMES, *self._names})

    def _is_known(self, name: str) -> bool:
        """Return whether a name is declared, or is below one whose members are not."""
        if name in self._names:
            return True
        above = name.rpartition(".")[0]
        closed = any(other.startswith(f"{above}.") for other in self._names)
        return bool(above) and not closed and self._is_known(above)


def _names(name: str, schema: Json) -> Iterator[str]:
    """Yield the name of a field and of those inside of it."""
    yield name
    while isinstance(schema, dict) and isinstance(schema.get("items"), dict):
        schema = schema["items"]
    members = schema.get("properties") if isinstance(schema, dict) else None
    for member, inner in (members or {}).items():
        yield from _names(f"{name}.{member}", inner)
