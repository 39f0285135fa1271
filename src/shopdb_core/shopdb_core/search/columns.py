"""The fields of assets that `fields=` chooses, as JSON objects and as cells of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from shopdb_core.errors import InvalidParameter
from shopdb_core.json_text import canonical_text
from shopdb_core.plugins.registry import Plugins
from shopdb_core.search.conditions import FoundAsset
from shopdb_core.search.fields import Field, KnownFields
from shopdb_hookspecs import Json, JsonObject

MOST_FIELDS = 50
COMMON = ("assetid", "assettype", "identityvalue", "state", "createdat", "updatedat", "lastseenat")
"""The columns of a table of several types of assets."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The chosen fields by their names, in order."""

    fields: tuple[tuple[str, Field], ...]

    @classmethod
    def read(cls, text: str, known: KnownFields) -> "Columns":
        """Return the fields that a text names, separated by commas; raises `InvalidParameter`."""
        names = text.split(",")
        if len(names) > MOST_FIELDS:
            raise InvalidParameter(f"fields must name at most {MOST_FIELDS} fields.")
        fields = {}
        for name in names:
            found = known.find(name)
            if isinstance(found, str):
                raise InvalidParameter(f"fields: {found}")
            if name in fields:
                raise InvalidParameter(f"fields: {name[:80]} is repeated.")
            fields[name] = found
        return cls(tuple(fields.items()))

    @classmethod
    def of_type(cls, plugins: Plugins, assettype: str | None, known: KnownFields) -> "Columns":
        """Return the columns of a table of one type, which its plugin declares (`x-columns`), or of all."""
        collector = plugins.collectors().get(assettype or "")
        if collector is None:
            return cls.read(",".join(COMMON), known)
        declared = collector.declaration.get("x-columns", [])
        own = [f"attributes.{name}" for name in declared if name != collector.identityfield]
        columns = cls.read(",".join(("assetid", "identityvalue", *own, "lastseenat")), known)
        return cls(tuple((name.removeprefix("attributes."), field) for name, field in columns.fields))

    @property
    def names(self) -> Sequence[str]:
        """The names of the fields."""
        return [name for name, _ in self.fields]

    def shown(self, row: Row[Any]) -> JsonObject:
        """Return the fields of an asset, given by its row; `None` for one that it does not have."""
        found = FoundAsset(row)
        return {name: field.shown(found) for name, field in self.fields}


def cell(value: Json) -> Json:
    """Return a value as the cell of a table: a list or an object as JSON, a time in RFC 3339."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, list | dict):
        return canonical_text(value)
    return ("false", "true")[value] if isinstance(value, bool) else value
