"""`GET /api/health`: whether the server and its database answer; open to all, and tells nothing else."""

from typing import ClassVar

import falcon

from shopdb_core.api.request import Roles
from shopdb_core.store import Store


class HealthResource:
    """Answers 200, or 503 where the database is away."""

    roles: ClassVar[Roles] = {}  # open to all

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Ask the database."""
        self._store.ping()
        resp.media = {"status": "ok"}
