"""The feed of changes, for programs that follow it."""

from threading import BoundedSemaphore
from typing import ClassVar, get_args

import falcon

from shopdb_core.api.framework.parameters import LIMIT, Queries, choice, short_text, whole_number
from shopdb_core.api.framework.request import Roles
from shopdb_core.api.framework.responses import json_item, write_list
from shopdb_core.audit.entries import Action
from shopdb_core.audit.prune import Kind
from shopdb_core.errors import Unavailable
from shopdb_core.feed.reading import Changes, Selection
from shopdb_core.feed.waiting import Feed

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


def _given(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)
