"""Whether the server answers, whether it can take submissions, and what it counts."""

from dataclasses import asdict
from typing import ClassVar

import falcon

from shopdb_core.api import shapes
from shopdb_core.operations.health.readiness import Readiness
from shopdb_core.operations.metrics import MEDIA_TYPES, Metrics
from shopdb_core.store import Store
from shopdb_core.web.json_schema import TEXT
from shopdb_core.web.operations import Operation, Operations
from shopdb_core.web.request import Roles


class HealthResource:
    """Answers 200, or 503 if the database does not answer; needs no key and no token."""

    roles: ClassVar[Roles] = {"GET": "open"}
    operations: ClassVar[Operations] = {"on_get": Operation(answer=shapes.HEALTH)}

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Query the database."""
        self._store.ping()
        resp.media = {"status": "ok"}


class MetricsResource:
    """Answers with the metrics, in the text format of Prometheus."""

    roles: ClassVar[Roles] = {"GET": "metrics"}
    operations: ClassVar[Operations] = {"on_get": Operation(answer=TEXT, mediatypes=MEDIA_TYPES)}

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Write all metrics."""
        resp.data, resp.content_type = self._metrics.expose(req.get_header("Accept"))


class ReadyResource:
    """Answers 200, or 503 with what is missing; needs no key and no token."""

    roles: ClassVar[Roles] = {"GET": "open"}
    operations: ClassVar[Operations] = {"on_get": Operation(answer=shapes.READINESS, statuses=(200, 503))}

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with each check."""
        checks = self._readiness.check()
        is_ready = all(check.status != "not ready" for check in checks)
        resp.status = 200 if is_ready else 503
        resp.media = {"status": "ready" if is_ready else "not ready", "checks": [*map(asdict, checks)]}
