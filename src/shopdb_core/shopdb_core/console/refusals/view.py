"""The submissions that were refused lately, the newest first: why, and from whom."""

from typing import ClassVar

import falcon

from shopdb_core.console.framework.pages import PageResource
from shopdb_core.outcomes.records import newest_refusals
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.parameters import Queries, QueryParameter, short_text, whole_number
from shopdb_core.web.request import Roles

REFUSALS = 100
"""How many a page has at most."""

_STATUS = whole_number("status", 400, 599)

STATUSES = (400, 401, 404, 413, 415, 422, 429, 500, 503)


def _read_status(text: str) -> int | None:
    """Return a status; the form sends an empty text for all."""
    return _STATUS.read(text) if text else None


class RefusalsPage(PageResource):
    """What was refused, of one plugin, source or status, or of all."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {
        "on_get": (
            short_text("plugin"),
            short_text("source"),
            QueryParameter("status", "be a status from 400 to 599, or empty", _read_status),
            whole_number("before", 1, LARGEST_ID),
        )
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List them."""
        query = req.context.query
        # What a form sends for a filter that is not set.
        filters = {name: query[name] or None for name in ("plugin", "source", "status")}
        found = self._site.store.read(
            lambda connection: newest_refusals(connection, REFUSALS + 1, before=query["before"], **filters)
        )[::-1]
        refusals = found[:REFUSALS]
        self._pages.render(
            req,
            resp,
            "refusals/page.html",
            refusals=refusals,
            filters=filters,
            plugins=[plugin.name for plugin in self._site.plugins.all()],
            collectors=self._site.plugins.collectors(),
            statuses=STATUSES,
            first=query["before"] is None,
            next=refusals[-1]["refusalid"] if len(found) > REFUSALS else None,
        )
