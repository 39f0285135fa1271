"""The fields of an asset in groups, with titles and units of the declaration, and who said each.

Who said a field is known where the site ranks the sources of a plugin: then each source keeps its own values,
and those that were overruled are shown beside the one that was not.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shopdb_core.console.asset.values import Shown, is_objects, resolved, shown, title_of
from shopdb_hookspecs import Json, JsonObject

MOST_ITEMS_ON_PAGE = 20
"""A longer list of objects has a page of its own; of others, the asset's page shows the first items."""

_NAME = re.compile(r"[A-Za-z0-9_]{1,100}")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a source says of a field, and when it submitted last; `source` is `None` for keys without name."""

    source: str | None
    lastseenat: datetime
    value: Shown | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `by` are the sources whose value stands, `others` those whose value does not."""

    name: str
    title: str
    hint: str
    value: Shown
    by: Sequence[Claim] = ()
    others: Sequence[Claim] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A field that is a list of objects: its name, its title and its items."""

    name: str
    title: str
    hint: str
    items: Sequence[Json]
    rules: JsonObject

    @property
    def has_tab(self) -> bool:
        """Whether it has a page of its own: it is long, and its name can be one of an address."""
        return len(self.items) > MOST_ITEMS_ON_PAGE and _NAME.fullmatch(self.name) is not None


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of an asset: the first ones, the others, those without a declaration, and the lists."""

    first: Sequence[Field]
    others: Sequence[Field]
    objects: Sequence[Field]
    undeclared: Sequence[Field]
    lists: Sequence[Listed]


def fields_of(asset: JsonObject, declaration: JsonObject | None) -> Fields:
    """Return the fields of an asset; `declaration` is `None` where no plugin declares its type now."""
    attributes = asset["attributes"]
    document = declaration or {}
    declared: JsonObject = document.get("fields", {})
    lists = {each.name: each for each in lists_of(attributes, document)}
    named = {
        name: _field(name, declared.get(name, {}), document, asset)
        for name in (*declared, *(each for each in attributes if each not in declared))
        if name not in lists
    }
    leading = dict.fromkeys((document.get("identityfield"), *document.get("x-columns", ())))
    first = [named.pop(name) for name in leading if name in named]
    undeclared = [named.pop(name) for name in [*named] if name not in declared]
    objects = [named.pop(name) for name in [*named] if named[name].value.kind == "members"]
    others = sorted(named.values(), key=lambda field: field.value.kind == "texts")
    return Fields(first, others, objects, undeclared, [*lists.values()])


def lists_of(attributes: JsonObject, document: JsonObject) -> Iterator[Listed]:
    """Yield the fields that are lists of objects, in the order of the declaration."""
    declared: JsonObject = document.get("fields", {})
    for name in (*declared, *(each for each in attributes if each not in declared)):
        if is_objects(attributes.get(name)):
            rules = resolved(declared.get(name), document)
            yield Listed(name, title_of(name, rules), rules.get("description", ""), attributes[name], rules)


def site_fields_of(sitefields: JsonObject, properties: JsonObject, definitions: JsonObject) -> list[Field]:
    """Return the fields that people keep: those that the site declares, then those that it once did."""
    document = {"$defs": definitions}
    return [
        _plain(name, sitefields.get(name), properties.get(name), document)
        for name in (*properties, *(each for each in sitefields if each not in properties))
    ]


def _field(name: str, schema: Json, document: JsonObject, asset: JsonObject) -> Field:
    plain = _plain(name, asset["attributes"].get(name), schema, document)
    by = tuple(_claims(name, asset["sources"]))
    others = tuple(_other_claims(name, asset["sources"], schema, document))
    return Field(plain.name, plain.title, plain.hint, plain.value, by, others)


def _plain(name: str, value: Json, schema: Json, document: JsonObject) -> Field:
    rules = resolved(schema, document)
    return Field(name, title_of(name, rules), rules.get("description", ""), shown(value, rules, document))


def _claims(name: str, sources: Sequence[JsonObject]) -> Iterator[Claim]:
    for each in sources:
        if name in each["fields"] and name not in each["othervalues"]:
            yield Claim(each["source"], each["lastseenat"])


def _other_claims(
    name: str, sources: Sequence[JsonObject], schema: Json, document: JsonObject
) -> Iterator[Claim]:
    for each in sources:
        others: Mapping[str, Json] = each["othervalues"]
        if name in others:
            value = shown(others[name], resolved(schema, document), document)
            yield Claim(each["source"], each["lastseenat"], value)
