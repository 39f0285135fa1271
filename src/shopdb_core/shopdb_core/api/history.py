"""The audit entries: of the whole site, and of one asset."""

from typing import ClassVar, get_args

import falcon

from shopdb_core.api.parameters import PAGE, Queries, choice, short_text, whole_number
from shopdb_core.api.request import Roles
from shopdb_core.api.responses import write_page
from shopdb_core.assets.listing import require_asset
from shopdb_core.audit.entries import Action
from shopdb_core.audit.listing import read_history, read_page
from shopdb_core.store import Connection, Store
from shopdb_core.store.paging import Page
from shopdb_core.store.tables import LARGEST_ID


class AuditResource:
    """The entries of all assets, or of one."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {
        "on_get": (
            short_text("plugin"),
            choice("action", get_args(Action)),
            whole_number("assetid", 1, LARGEST_ID),
            *PAGE,
        ),
        "on_get_history": PAGE,
    }

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List entries, of one plugin, one action or one asset."""
        write_page(resp, self._store.read(lambda connection: read_page(connection, **req.context.query)))

    def on_get_history(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """List the entries of the asset and of those that were merged into it, the oldest first."""
        query = req.context.query

        def read(connection: Connection) -> Page:
            require_asset(connection, assetid)
            return read_history(connection, assetid, **query)

        write_page(resp, self._store.read(read))
