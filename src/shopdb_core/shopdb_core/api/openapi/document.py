"""`describe` makes the OpenAPI 3.1 document of an application's routes, from what their resources declare."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, cast

from shopdb_core.api.openapi.components import CSRF, KEY, METRICS, SESSION, TOKEN, Components, sent_headers
from shopdb_core.errors import (
    Forbidden,
    InvalidParameter,
    InvalidSubmission,
    MalformedBody,
    NotFound,
    PayloadTooLarge,
    PluginFailure,
    ShopDBError,
    Unauthorized,
    Unavailable,
    UnsupportedMedia,
)
from shopdb_core.web.authentication import SAFE_METHODS
from shopdb_core.web.browsers.forms import FORM
from shopdb_core.web.operations import Operation, operation_of
from shopdb_core.web.parameters import QueryParameter, declared_parameters
from shopdb_core.web.problems import STATUSES
from shopdb_core.web.request import VERSION, Resource, Route
from shopdb_hookspecs import Json, JsonObject

OPENAPI = "3.1.0"

DESCRIPTION = """\
Everything that this site answers. Errors are problem documents (RFC 9457). Unknown and repeated parameters
are 400. `HEAD` is answered wherever `GET` is; any other method is 405, with those that exist in `Allow`.
Every answer has `X-Request-ID`: the client's own, if it sends one of up to 64 letters, digits, `.`, `_` and
`-`. `x-role` is what an operation needs: `open`, the key of a `collector`, the token of the `metrics`, or the
role of a person or program."""

_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_NOT_IN_IDS = re.compile("[^a-z0-9]+")

_ALWAYS = (InvalidParameter, PluginFailure, Unavailable)
_OF_FORM = (MalformedBody, PayloadTooLarge, UnsupportedMedia)
"""The errors of a form, in which a browser may send its CSRF token to whatever changes something."""

_OF_BODY = (*_OF_FORM, InvalidSubmission)

_SECRETS: Mapping[str, str] = MappingProxyType({"collector": KEY, "metrics": METRICS})
"""The scheme of each role that is not one of a person or program."""


def describe(routes: Sequence[Route], converters: Mapping[str, Any]) -> JsonObject:
    """Return the document; `converters` are those of the router, whose `schema` describes a path's parameter.

    A route of a resource with `paths` is described at each of these; every other one at its template.
    """
    components = Components()
    paths: dict[str, dict[str, Json]] = {}
    for route in routes:
        for values in _paths_of(route):
            described = _Path(route, values, converters, components)
            paths.setdefault(described.address, {}).update(described.operations())
    return {
        "openapi": OPENAPI,
        "info": {"title": "ShopDB", "version": version("shopdb-core"), "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": components.as_json(),
    }


def _paths_of(route: Route) -> Sequence[Mapping[str, str]]:
    """Return the parameters of each path that is described; none of them where the template is."""
    resource: Any = route.resource
    if hasattr(resource, "paths") and _PARAMETER.search(route.template):
        return cast("Sequence[Mapping[str, str]]", resource.paths())
    return [{}]


class _Path:
    """One address: a route, with values for the parameters of its template, or with none."""

    def __init__(
        self,
        route: Route,
        values: Mapping[str, str],
        converters: Mapping[str, Any],
        components: Components,
    ) -> None:
        self._route = route
        self._values = values
        self._converters = converters
        self._components = components
        self.address = _PARAMETER.sub(lambda found: values.get(found[1], f"{{{found[1]}}}"), route.template)

    def operations(self) -> JsonObject:
        """Return the operation of each method."""
        return {
            method.lower(): self._operation(method, responder)
            for method, responder in self._route.responders().items()
        }

    def _operation(self, method: str, responder: str) -> JsonObject:
        resource = cast("Resource", self._route.resource)
        operation = operation_of(resource, responder, self._values)
        role = resource.roles[method]
        summary, _, more = (inspect.getdoc(getattr(resource, responder)) or "").partition("\n")
        return {
            "operationId": _NOT_IN_IDS.sub("_", f"{method} {self.address}".lower()).strip("_"),
            "tags": [self._route.template.removeprefix("/api").strip("/").partition("/")[0]],
            "summary": summary.rstrip("."),
            **({"description": more.strip()} if more.strip() else {}),
            "x-role": role,
            "security": _security(method, role),
            "parameters": [*self._path_parameters(), *self._query(responder), *_headers(operation)],
            **self._body(operation),
            "responses": self._responses(operation, _errors_of_role(method, role)),
            **({"deprecated": True} if operation and operation.deprecated else {}),
        }

    def _path_parameters(self) -> Iterator[JsonObject]:
        for name, converter in _PARAMETER.findall(self._route.template):
            if name not in self._values:
                schema = getattr(
                    self._converters.get(converter), "schema", {"type": "string", "minLength": 1}
                )
                yield {"name": name, "in": "path", "required": True, "schema": schema}

    def _query(self, responder: str) -> Iterator[JsonObject]:
        parameters = declared_parameters(self._route.resource, responder, self._values)
        return (_query_parameter(parameter) for parameter in parameters)

    def _body(self, operation: Operation | None) -> JsonObject:
        if operation is None or operation.body is None:
            return {}
        examples = {f"example{number}": {"value": each} for number, each in enumerate(operation.examples, 1)}
        media = {
            "schema": self._components.body(operation.body),
            **({"examples": examples} if examples else {}),
        }
        content = dict.fromkeys(operation.bodytypes, media)
        if operation.form is not None:
            content[FORM] = {"schema": self._components.body(operation.form)}
        return {"requestBody": {"required": True, "content": content}}

    def _responses(self, operation: Operation | None, of_role: tuple[type[ShopDBError], ...]) -> JsonObject:
        """Return the answers; `of_role` are the errors of a request that is not admitted."""
        if operation is None:
            success = {"description": "Success.", "headers": sent_headers(())}
            return {"2XX": success, "default": self._components.any_problem()}
        answers: dict[str, Json] = {
            str(status): self._answer(operation, status) for status in operation.statuses
        }
        if operation.cached:
            answers["304"] = {"description": "Not Modified", "headers": sent_headers(("ETag",))}
        errors = (*_ALWAYS, *of_role, *operation.all_errors, *(_OF_BODY if operation.body else ()))
        if next(self._path_parameters(), None):
            errors = (*errors, NotFound)
        problems = {
            str(code): self._components.problem(code) for code, _ in map(STATUSES.__getitem__, errors)
        }
        # A status that the operation declares itself, such as 503, is not answered with a problem.
        return dict(sorted((problems | answers).items()))

    def _answer(self, operation: Operation, status: int) -> JsonObject:
        sends = [name for name in operation.sends if name != "Location" or status != HTTPStatus.OK]
        headers = sent_headers((*sends, *(("ETag",) if operation.cached else ())))
        answer: JsonObject = {"description": HTTPStatus(status).phrase, "headers": headers}
        if operation.answer is None:
            return answer
        content = {"schema": self._components.answer(operation.answer)}
        return {**answer, "content": dict.fromkeys(operation.mediatypes, content)}


def _query_parameter(parameter: QueryParameter) -> JsonObject:
    default = {} if parameter.default is None else {"default": parameter.default}
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": f"Must {parameter.rule}.",
        "schema": {**parameter.schema, **default},
    }


def _headers(operation: Operation | None) -> Iterator[JsonObject]:
    """Yield the headers that an operation reads."""
    if operation is None:
        return
    for each in operation.headers:
        yield _header(each.name, each.description, each.schema)
    if operation.version:
        pattern = {"type": "string", "pattern": f"^{VERSION}$", "examples": ['"3"']}
        required = operation.version == "required"
        yield _header("If-Match", "The ETag of the asset as it was read.", pattern, required=required)
    if operation.cached:
        yield _header("If-None-Match", "The ETag of what the client has.", {"type": "string"})


def _header(name: str, description: str, schema: JsonObject, *, required: bool = False) -> JsonObject:
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


def _security(method: str, role: str) -> list[JsonObject]:
    """Return what authenticates; the role is named as OpenAPI 3.1 allows (4.8.30)."""
    if role == "open":
        return []
    if role in _SECRETS:
        return [{_SECRETS[role]: []}]
    of_browser = {SESSION: [role]} if method in SAFE_METHODS else {SESSION: [role], CSRF: []}
    return [{TOKEN: [role]}, of_browser]


def _errors_of_role(method: str, role: str) -> tuple[type[ShopDBError], ...]:
    """Return the errors of a request that is not admitted."""
    if role == "open":
        return ()
    if role in _SECRETS:
        return (Unauthorized,)
    return (Unauthorized, Forbidden) if method in SAFE_METHODS else (Unauthorized, Forbidden, *_OF_FORM)
