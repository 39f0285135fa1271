"""`GET /api/collector/_schemas`: the submission schema of every collector (contract 8)."""

from collections.abc import Mapping
from typing import ClassVar

import falcon

from shopdb_core.api import shapes
from shopdb_core.errors import NotFound
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import Plugins
from shopdb_core.plugins.served_declarations import BreakingChanges
from shopdb_core.web.operations import Operation, Operations
from shopdb_core.web.request import Roles
from shopdb_core.web.responses import write_cached
from shopdb_hookspecs import JsonObject


class SchemasResource:
    """Shows the submission schemas, all or one; a client that has the current ones gets a 304."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    operations: ClassVar[Operations] = {
        "on_get": Operation(answer=shapes.COLLECTORS, cached=True),
        "on_get_one": Operation(answer=shapes.COLLECTOR, cached=True),
    }

    def __init__(self, plugins: Plugins, broken: Mapping[str, BreakingChanges]) -> None:
        self._plugins = plugins
        self._broken = broken

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show every active collector."""
        schemas = {name: self._describe(collector) for name, collector in self._plugins.collectors().items()}
        write_cached(req, resp, {"collectors": schemas})

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, plugin: str) -> None:
        """Show one collector."""
        collector = self._plugins.collectors().get(plugin)
        if collector is None:
            raise NotFound(
                f"There is no collector named {plugin[:40]!r}; GET /api/collector/_schemas lists them."
            )
        write_cached(req, resp, self._describe(collector))

    def _describe(self, collector: Collector) -> JsonObject:
        broken = self._broken.get(collector.name)
        return {
            "identityfield": collector.identityfield,
            "secondaryidentity": collector.secondaryidentity,
            "x-label": collector.declaration.get("x-label"),
            "x-columns": collector.declaration.get("x-columns", []),
            "schema": collector.schema,
            "examples": collector.examples,
            "endpoint": collector.endpoint,
            "distribution": collector.distribution,
            "version": collector.version,
            **({"breakingchanges": broken.as_json()} if broken else {}),
        }
