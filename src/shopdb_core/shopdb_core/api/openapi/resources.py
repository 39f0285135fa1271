"""`GET /api/openapi.json` and `/api/docs`: what this site answers, for programs and for people.

A viewer may read it, since the schemas of the collectors are for viewers (contract 8).
"""

from functools import cached_property
from typing import ClassVar

import falcon

from shopdb_core.api.openapi.document import describe
from shopdb_core.api.openapi.page import CONTENT_SECURITY_POLICY, render
from shopdb_core.web.json_schema import OBJECT, TEXT
from shopdb_core.web.operations import Operation, Operations
from shopdb_core.web.request import Roles, WebApp
from shopdb_core.web.responses import write_cached
from shopdb_hookspecs import JsonObject


class Description:
    """The document of an application, made when it is first read: by then every route was added."""

    def __init__(self, app: WebApp) -> None:
        self._app = app

    @cached_property
    def document(self) -> JsonObject:
        """The OpenAPI document."""
        return describe(self._app.routes, self._app.router_options.converters)

    @cached_property
    def page(self) -> bytes:
        """The page that shows the document."""
        return render(self.document).encode()


class OpenApiResource:
    """The OpenAPI document; a client that has it gets a 304."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    operations: ClassVar[Operations] = {"on_get": Operation(answer=OBJECT, cached=True)}

    def __init__(self, description: Description) -> None:
        self._description = description

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Describe every address, parameter, body and answer (OpenAPI 3.1)."""
        write_cached(req, resp, self._description.document)


class DocsResource:
    """The same document as a page."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    operations: ClassVar[Operations] = {"on_get": Operation(answer=TEXT, mediatypes=("text/html",))}

    def __init__(self, description: Description) -> None:
        self._description = description

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Show the OpenAPI document as a page, which loads nothing and runs no script."""
        resp.content_type = falcon.MEDIA_HTML
        resp.set_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        resp.data = self._description.page


def install(app: WebApp) -> None:
    """Route the document and its page."""
    description = Description(app)
    app.add_route("/api/openapi.json", OpenApiResource(description))
    app.add_route("/api/docs", DocsResource(description))
