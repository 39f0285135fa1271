"""`GET /api/health`: whether the server and its database answer."""

from typing import ClassVar

import falcon

from shopdb_core.api import shapes
from shopdb_core.api.framework.operations import Operation, Operations
from shopdb_core.api.framework.request import Roles
from shopdb_core.store import Store


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
