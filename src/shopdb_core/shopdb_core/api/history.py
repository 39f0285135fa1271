"""What happened: audit entries, refused submissions, counts by day, and the events of users and tokens."""

from collections.abc import Sequence
from typing import Any, ClassVar, get_args

import falcon

from shopdb_core.access.events import ACTIONS, list_events
from shopdb_core.api import shapes
from shopdb_core.assets.listing import require_asset
from shopdb_core.audit.browsing.listing import read_history, read_page
from shopdb_core.audit.entries import Action
from shopdb_core.outcomes.records import list_counts, read_refusals
from shopdb_core.store import Connection, Store
from shopdb_core.store.paging import Page
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.json_schema import page_of
from shopdb_core.web.operations import Operation, Operations
from shopdb_core.web.parameters import PAGE, Queries, choice, day, short_text, whole_number
from shopdb_core.web.request import Roles
from shopdb_core.web.responses import answer_list, write_page
from shopdb_hookspecs import JsonObject


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
    operations: ClassVar[Operations] = {
        "on_get": Operation(answer=page_of(shapes.ENTRY)),
        "on_get_history": Operation(answer=page_of(shapes.ENTRY)),
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


class RefusalsResource:
    """The submissions that were refused lately."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {
        "on_get": (
            short_text("plugin"),
            short_text("source"),
            whole_number("status", 400, 599),
            *PAGE,
        )
    }
    operations: ClassVar[Operations] = {"on_get": Operation(answer=page_of(shapes.REFUSAL))}

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List refusals, of one plugin, one source or one status."""
        write_page(resp, self._store.read(lambda connection: read_refusals(connection, **req.context.query)))


class AccessEventsResource:
    """Who signed in, and what changed about users and tokens."""

    roles: ClassVar[Roles] = {"GET": "admin"}
    queries: ClassVar[Queries] = {"on_get": (choice("action", ACTIONS), *PAGE)}
    operations: ClassVar[Operations] = {"on_get": Operation(answer=page_of(shapes.ACCESS_EVENT))}

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List events, of one action or of all."""
        answer_list(req, resp, self._store, list_events, "eventid")


class CountsResource:
    """How many submissions of each day had each outcome."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {
        "on_get": (day("from"), day("to"), short_text("plugin"), short_text("source"), *PAGE)
    }
    operations: ClassVar[Operations] = {"on_get": Operation(answer=page_of(shapes.COUNTED))}

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List counts, of a range of days, one plugin or one source."""

        def read(connection: Connection, **query: Any) -> Sequence[JsonObject]:
            first, last = query.pop("from"), query.pop("to")
            return list_counts(connection, first=first, last=last, **query)

        answer_list(req, resp, self._store, read, "countid")
