"""What operations of the OpenAPI document share: schemas, problems, and the ways to authenticate."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from shopdb_core.api import shapes
from shopdb_core.errors import ShopDBError
from shopdb_core.web.authentication import CSRF_FIELD, CSRF_HEADER
from shopdb_core.web.browsers import cookies
from shopdb_core.web.problems import STATUSES
from shopdb_core.web.responses import PROBLEM
from shopdb_hookspecs import Json, JsonObject

KEY = "collectorkey"
TOKEN = "token"  # noqa: S105  # the name of a scheme
SESSION = "session"
CSRF = "csrftoken"
METRICS = "metricstoken"

SECURITY_SCHEMES: JsonObject = {
    KEY: {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "A key of the collector, or a shared one.",
    },
    TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": (
            "The access token of a session, or a token of `shopdb token create` or of the identity provider; "
            "roles are viewer < editor < admin."
        ),
    },
    SESSION: {
        "type": "apiKey",
        "in": "cookie",
        "name": cookies.SESSION,
        "description": f"The session of a browser; with TLS the name begins with `{cookies.SECURE_PREFIX}`.",
    },
    CSRF: {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": f"The token that `GET /api/auth/me` answers; or `{CSRF_FIELD}` in a form.",
    },
    METRICS: {"type": "http", "scheme": "bearer", "description": "The token in `SHOPDB_METRICS_TOKEN`."},
}

HEADERS: JsonObject = {
    "X-Request-ID": ("The id of the request, as in the log and in the audit.", {"type": "string"}),
    "Location": (
        "The address of what was created, or of the page that follows.",
        {"type": "string", "format": "uri-reference"},
    ),
    "ETag": ("The version of the content.", {"type": "string"}),
    "Preference-Applied": ("`handling=lenient`, if it was asked for.", {"type": "string"}),
    "Content-Disposition": ("The name of the file.", {"type": "string"}),
    "Retry-After": ("After how many seconds to try again.", {"type": "integer", "minimum": 0}),
    "WWW-Authenticate": ("How to authenticate (RFC 9110).", {"type": "string"}),
    "Deprecation": ("Since when it is deprecated (RFC 9745).", {"type": "string", "pattern": "^@[0-9]+$"}),
    "Sunset": ("When it ends (RFC 8594).", {"type": "string"}),
    "Link": ("The next page (RFC 8288), or the successor (RFC 5829).", {"type": "string"}),
    "Set-Cookie": ("The cookie of a browser (RFC 6265).", {"type": "string"}),
}
"""Description and schema of the headers of answers."""

_OF_STATUS: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
)

_DEFINITIONS = "#/$defs/"


class Components:
    """The schemas and problems that operations refer to, collected while they are described."""

    def __init__(self) -> None:
        self._schemas: dict[str, Json] = {}
        self._statuses: set[int] = set()

    def answer(self, schema: Json) -> Json:
        """Return the schema of an answer, in which each record is a reference to a component."""
        if isinstance(schema, list):
            return [self.answer(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        inner = {keyword: self.answer(value) for keyword, value in schema.items()}
        return self._named(inner) if "properties" in schema and "title" in schema else inner

    def body(self, schema: JsonObject) -> JsonObject:
        """Return the schema of a request's body; one with a title is a component.

        References into its own `$defs` lead to the component: in the document, `#` is the document itself.
        """
        if "properties" not in schema or "title" not in schema:
            return schema
        own = {keyword: value for keyword, value in schema.items() if keyword != "$schema"}
        return self._named(_moved(own, f"{_place(schema['title'])}/$defs/"))

    def problem(self, status: int) -> JsonObject:
        """Return the reference to the problem of a status."""
        self._statuses.add(status)
        return {"$ref": f"#/components/responses/{_name(status)}"}

    def as_json(self) -> JsonObject:
        """Return everything that was referred to, and the ways to authenticate."""
        responses = {_name(status): self._problem(status) for status in sorted(self._statuses)}
        return {
            "securitySchemes": SECURITY_SCHEMES,
            "responses": responses,
            "schemas": dict(sorted(self._schemas.items())),
        }

    def any_problem(self) -> JsonObject:
        """Return the problem of an operation that does not declare which errors it has."""
        return self._answer_of("Any other problem.", ())

    def _problem(self, status: int) -> JsonObject:
        reasons = (_first_line(error) for error, (code, _) in STATUSES.items() if code == status)
        return self._answer_of(" ".join(reasons), _OF_STATUS.get(status, ()))

    def _answer_of(self, description: str, headers: Iterable[str]) -> JsonObject:
        content = {PROBLEM: {"schema": self.answer(shapes.PROBLEM)}}
        return {"description": description, "headers": sent_headers(headers), "content": content}

    def _named(self, schema: JsonObject) -> JsonObject:
        self._schemas[schema["title"]] = schema
        return {"$ref": _place(schema["title"])}


def sent_headers(names: Iterable[str]) -> JsonObject:
    """Return the headers of an answer; every answer has the id of its request, the others it may have."""
    return {"X-Request-ID": {**_header("X-Request-ID"), "required": True}} | {
        name: _header(name) for name in names
    }


def _header(name: str) -> JsonObject:
    description, schema = HEADERS[name]
    return {"description": description, "schema": schema}


def _first_line(error: type[ShopDBError]) -> str:
    return (error.__doc__ or "").partition("\n")[0]


def _place(title: str) -> str:
    return f"#/components/schemas/{title}"


def _name(status: int) -> str:
    return f"Problem{status}"


def _moved(schema: Json, place: str) -> Json:
    """Return a schema whose references into its own `$defs` lead to `place`."""
    if isinstance(schema, list):
        return [_moved(each, place) for each in schema]
    if not isinstance(schema, dict):
        return schema
    moved = {keyword: _moved(value, place) for keyword, value in schema.items()}
    if isinstance(reference := schema.get("$ref"), str):
        moved["$ref"] = place + reference.removeprefix(_DEFINITIONS)
    return moved
