"""The feed of changes, for programs that follow it, and how far the webhooks are that it is sent to."""

from functools import partial
from threading import BoundedSemaphore
from typing import ClassVar, get_args

import falcon

from shopdb_core.api import shapes
from shopdb_core.audit.entries import Action
from shopdb_core.audit.prune import Kind
from shopdb_core.errors import Gone, Unavailable
from shopdb_core.feed.reading import Changes, Selection
from shopdb_core.feed.waiting import Feed
from shopdb_core.site import Site
from shopdb_core.web.json_schema import TEXT, page_of
from shopdb_core.web.operations import Operation, Operations
from shopdb_core.web.parameters import LIMIT, PAGE, Queries, choice, short_text, whole_number
from shopdb_core.web.request import Roles
from shopdb_core.web.responses import answer_list, json_item, write_list
from shopdb_core.webhooks.state import list_webhooks

LONGEST_WAIT_SECONDS = 30


class ChangesResource:
    """The feed; at most so many requests as `most_waiting` wait at the same time."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {
        "on_get": (
            short_text("after"),
            short_text("plugin"),
            short_text("assettype"),
            choice("action", get_args(Action)),
            choice("kind", get_args(Kind)),
            LIMIT,
            whole_number("wait", 0, LONGEST_WAIT_SECONDS, 0),
        )
    }
    operations: ClassVar[Operations] = {
        "on_get": Operation(answer=page_of(shapes.CHANGE, TEXT), errors=(Gone,))
    }

    def __init__(self, feed: Feed, most_waiting: int) -> None:
        self._feed = feed
        self._waiting = BoundedSemaphore(most_waiting)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the entries after a cursor, in the order of their commits; wait for the first if asked to."""
        query = req.context.query
        selection = Selection(
            plugins=_given(query["plugin"]),
            assettypes=_given(query["assettype"]),
            actions=_given(query["action"]),
            kind=query["kind"],
        )
        changes = self._read(query["after"], selection, query["limit"], query["wait"])
        write_list(resp, map(json_item, changes.items), str(changes.next))

    def _read(self, after: str | None, selection: Selection, limit: int, wait: int) -> Changes:
        if not wait:
            return self._feed.read(after, selection, limit)
        if not self._waiting.acquire(blocking=False):
            raise Unavailable("Too many requests wait already: ask again later, or without wait.")
        try:
            return self._feed.read(after, selection, limit, wait)
        finally:
            self._waiting.release()


class WebhooksResource:
    """The webhooks of the site."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": PAGE}
    operations: ClassVar[Operations] = {"on_get": Operation(answer=page_of(shapes.WEBHOOK))}

    def __init__(self, site: Site) -> None:
        self._store = site.store
        self._names = [webhook.name for webhook in site.webhooks]

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the webhooks and how far each is; neither an address nor a secret is shown."""
        answer_list(req, resp, self._store, partial(list_webhooks, configured=self._names), "webhookid")


def _given(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)
