"""The parameters of the addresses: resources declare those of the query, and `Router` reads them.

So no responder gets a parameter that it did not declare, one that is repeated, or a value that the database
cannot take.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from functools import wraps
from typing import Any, ClassVar, TypeAlias

import falcon
from falcon.routing import BaseConverter, CompiledRouter

from shopdb_core.errors import InvalidParameter
from shopdb_core.intake.dates import read_moment
from shopdb_core.store.tables import LARGEST_ID
from shopdb_hookspecs import Json, JsonObject

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1000
LONGEST_TEXT = 1000
"""Characters of a text in the query; nothing that it is compared with is longer."""

STORABLE_TEXT: JsonObject = {"type": "string", "maxLength": LONGEST_TEXT, "pattern": "^[^\\u0000]*$"}
"""The schema of a text which every database can compare."""

Read: TypeAlias = Callable[[str], Json]
Responder: TypeAlias = Callable[..., None]


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """One parameter of a query, which may be left out unless it is `required`.

    `read` returns the value of its text, and raises `ValueError` for a text that breaks `rule`, which
    completes the sentence "NAME must …". `schema` is its JSON Schema, for the OpenAPI document. A missing one
    that is required is refused by what it is passed to.
    """

    name: str
    rule: str
    read: Read
    default: Json = None
    schema: JsonObject = field(default_factory=lambda: {"type": "string"})
    required: bool = False


Queries: TypeAlias = Mapping[str, Sequence[QueryParameter] | Callable[..., Sequence[QueryParameter]]]
"""The parameters of each responder of a resource, by its name, such as `on_get`; the others take none.

Where they depend on the path, it is a method of the resource, which gets the parameters of the path.
"""


def whole_number(name: str, smallest: int, largest: int, default: int | None = None) -> QueryParameter:
    """Return a parameter that is a whole number in ASCII digits."""

    def read(text: str) -> int:
        # int() of thousands of digits raises, or takes quadratic time.
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(largest))):
            raise ValueError(text[:LONGEST_TEXT])
        return _within(int(text), smallest, largest)

    schema = {"type": "integer", "minimum": smallest, "maximum": largest}
    return QueryParameter(name, f"be a whole number from {smallest} to {largest}", read, default, schema)


def short_text(name: str) -> QueryParameter:
    """Return a parameter that is a text which every database can compare."""

    def read(text: str) -> str:
        if "\0" in text or len(text) > LONGEST_TEXT:
            raise ValueError(name)
        return text

    rule = f"have at most {LONGEST_TEXT} characters, and no NUL"
    return QueryParameter(name, rule, read, schema=STORABLE_TEXT)


def choice(name: str, values: Sequence[str], default: str | None = None) -> QueryParameter:
    """Return a parameter that is one of several words."""

    def read(text: str) -> str:
        return values[values.index(text)]

    schema = {"type": "string", "enum": [*values]}
    return QueryParameter(name, f"be one of {', '.join(values)}", read, default, schema)


def flag(name: str) -> QueryParameter:
    """Return a parameter that is `true` or `false`; left out, it is false."""

    def read(text: str) -> bool:
        return ("false", "true").index(text) == 1

    return QueryParameter(name, "be true or false", read, default=False, schema={"type": "boolean"})


def day(name: str) -> QueryParameter:
    """Return a parameter that is a day in one form; `fromisoformat` also accepts weeks, and no hyphens."""

    def read(text: str) -> date:
        found = date.fromisoformat(text)
        if found.isoformat() != text:
            raise ValueError(text[:LONGEST_TEXT])
        return found

    schema = {"type": "string", "format": "date"}
    return QueryParameter(name, "be a day such as 2026-11-22", read, schema=schema)


def moment(name: str, zone: tzinfo, *, required: bool = False) -> QueryParameter:
    """Return a parameter that is an RFC 3339 date-time, in UTC; one without offset is of `zone`."""
    rule = (
        "be a date-time such as 2026-11-22T10:13:13Z, in which a + of the offset is written as %2B; without "
        f"an offset, one that the zone {zone} (SHOPDB_TIMEZONE) has once"
    )
    schema = {"type": "string", "format": "date-time"}
    return QueryParameter(name, rule, lambda text: read_moment(text, zone), schema=schema, required=required)


def as_given(name: str, rule: str, schema: JsonObject, *, required: bool = False) -> QueryParameter:
    """Return a parameter whose text is passed on, and is checked by what it is passed to."""
    return QueryParameter(name, rule, str, schema=schema, required=required)


ANY = QueryParameter("*", "be anything", str)
"""Among the parameters of an address, it lets every other one pass unread.

For a page about an address that has nothing at present, whose parameters are not known.
"""

LIMIT = whole_number("limit", 1, LARGEST_LIMIT, DEFAULT_LIMIT)
PAGE = (LIMIT, whole_number("after", 0, LARGEST_ID, 0))
"""The parameters of every list: the number of items, and the id after which they begin."""


def read_query(req: falcon.Request, parameters: Sequence[QueryParameter]) -> dict[str, Any]:
    """Return the value of each parameter.

    Raises `InvalidParameter` for one that is unknown, repeated, missing, or breaks its rule.
    """
    known = {parameter.name: parameter for parameter in parameters}
    values = {parameter.name: parameter.default for parameter in parameters}
    for name, text in req.params.items():
        if ANY in parameters:
            continue
        if name not in known:
            taken = ", ".join(known) or "none"
            raise InvalidParameter(f"Unknown parameter {name[:40]!r}; this address takes {taken}.")
        if isinstance(text, list):
            raise InvalidParameter(f"The parameter {name} is repeated.")
        values[name] = _value(known[name], text)
    if missing := [each for each in parameters if each.required and each.name not in req.params]:
        raise InvalidParameter(f"{missing[0].name} is missing: it must {missing[0].rule}.")
    return values


def _value(parameter: QueryParameter, text: str) -> Json:
    try:
        return parameter.read(text)
    except ValueError as error:
        raise InvalidParameter(f"{parameter.name} must {parameter.rule}.") from error


def _within(number: int, smallest: int, largest: int) -> int:
    if not smallest <= number <= largest:
        raise ValueError(number)
    return number


class IdConverter(BaseConverter):
    """The id of a row in a path, as `{assetid:id}`; an address with anything else does not exist."""

    schema: ClassVar[JsonObject] = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}

    def convert(self, value: str) -> int | None:
        """Return the id; int() also accepts `1_0`, `+1`, and the digits of every script."""
        is_id = value.isascii() and value.isdigit() and value[0] != "0" and len(value) <= len(str(LARGEST_ID))
        return int(value) if is_id and int(value) <= LARGEST_ID else None


class Router(CompiledRouter):
    """Falcon's router; each responder finds its query read in `req.context.query`, and HEAD is GET's."""

    def __init__(self) -> None:
        super().__init__()
        self.options.converters["id"] = IdConverter

    def map_http_methods(self, resource: object, **kwargs: Any) -> dict[str, Responder]:
        """Return the responder of each method; the server sends no body for HEAD (RFC 9110, 9.3.2)."""
        found: Mapping[str, Any] = super().map_http_methods(resource, **kwargs)
        responders = {method: _reading(responder, resource) for method, responder in found.items()}
        return responders | {"HEAD": responders["GET"]} if "GET" in responders else responders


def declared_parameters(
    resource: object, responder: str, path: Mapping[str, Any]
) -> Sequence[QueryParameter]:
    """Return the parameters of the query that a responder takes, for the parameters of one path."""
    queries: Queries = getattr(resource, "queries", {})
    declared = queries.get(responder, ())
    return declared(resource, **path) if callable(declared) else declared


def _reading(responder: Responder, resource: object) -> Responder:
    """Return a responder that reads the query first."""

    @wraps(responder)
    def respond(req: falcon.Request, resp: falcon.Response, **path: Any) -> None:
        req.context.query = read_query(req, declared_parameters(resource, responder.__name__, path))
        responder(req, resp, **path)

    return respond
