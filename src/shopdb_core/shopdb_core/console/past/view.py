"""The past of one asset: its timeline, the asset as of a moment, or what changed between two."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, ClassVar

import falcon

from shopdb_core.audit.as_of import changes_between, show_as_of
from shopdb_core.audit.browsing.filters import EntryFilters
from shopdb_core.audit.browsing.timeline import Step, Steps, step_after, step_at, step_before, steps
from shopdb_core.console.asset.frame import Frame, read_frame
from shopdb_core.console.changes.presenting import KINDS, Presenter
from shopdb_core.console.changes.query import BEFORE, SHOWN, local_moment, or_blank, read_local, typed
from shopdb_core.console.changes.view import MOST_ON_PAGE, Rows
from shopdb_core.console.framework.pages import PageResource
from shopdb_core.console.past.moment import compare
from shopdb_core.console.past.timeline import by_day, find
from shopdb_core.errors import Conflict, Gone, InvalidParameter, NotFound, RequestError
from shopdb_core.store import Connection
from shopdb_core.web.parameters import Queries, choice, short_text, whole_number
from shopdb_core.web.problems import STATUSES
from shopdb_core.web.request import Roles
from shopdb_hookspecs import JsonObject

MOST_STEPS = 500
"""How many positions the slider has; of more changes, so many are chosen."""


@dataclass(frozen=True, slots=True)
class Around:
    """The change that is shown, and those before and after it; the position of the slider, from 1."""

    step: Step | None
    before: Step | None
    after: Step | None
    position: int


class PastPage(PageResource):
    """The past of one asset."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {
        "on_get": (
            *(local_moment(name) for name in ("at", "from", "to")),
            or_blank(whole_number("step", 1, MOST_STEPS)),
            or_blank(short_text("field")),
            or_blank(choice("show", SHOWN, "changes")),
            BEFORE,
        )
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Show the asset as of `at`, what changed `from` a time `to` another, or its timeline.

        `step` is a position of the slider; htmx puts the time of it into the address.
        """
        query, zone = req.context.query, self._pages.language(req).zone
        frame, found = self._site.store.read(
            lambda connection: (
                read_frame(connection, self._site.plugins, assetid),
                steps(connection, assetid, MOST_STEPS),
            )
        )
        at = _moment(query, found, zone)
        if at is not None:
            template, values = "past/moment.html", self._as_of(frame, found, at)
            resp.set_header("HX-Replace-Url", f"{frame.address}/past?at={exact(at)}")
        elif query["from"] or query["to"]:
            template, values = "past/difference.html", self._difference(frame, query, zone)
        else:
            template, values = "past/page.html", self._timeline(frame, query, zone)
        resp.status = values.pop("status", falcon.HTTP_200)
        self._pages.render(
            req,
            resp,
            template,
            frame=frame,
            steps=found,
            exact=exact,
            kinds=KINDS,
            query=query,
            moments={name: _typed(query[name], zone) for name in ("from", "to")},
            **{"at": None, "attyped": typed(at, zone), "around": None, "problem": None, **values},
        )

    def _timeline(self, frame: Frame, query: JsonObject, zone: tzinfo) -> dict[str, Any]:
        filters = EntryFilters(assetid=frame.asset["assetid"], field=query["field"], shown=query["show"])
        found = self._site.store.read(lambda connection: find(connection, filters, query["before"]))
        presenter = self._presenter(frame)
        rows = Rows(self._site, {frame.asset["assettype"]: presenter})
        isnowhere = query["field"] is not None and not found.page.items
        days = [] if isnowhere else by_day([rows.row(each) for each in found.page.items], found, zone)
        fields = {**presenter.field_titles, **presenter.sitefield_titles}
        return {"days": days, "page": found.page, "fields": fields}

    def _as_of(self, frame: Frame, found: Steps, at: datetime) -> dict[str, Any]:
        """Return the asset as of a time beside that of now, or why it is not known."""
        assetid, collectors = frame.asset["assetid"], self._site.plugins.collectors()

        def read(connection: Connection) -> tuple[Around, JsonObject | RequestError]:
            around = _around(connection, assetid, found, at)
            try:
                return around, show_as_of(connection, assetid, at, collectors)
            except (NotFound, Gone, Conflict) as error:
                return around, error

        around, then = self._site.store.read(read)
        if isinstance(then, RequestError):
            return {"at": at, "around": around, **_refused(then)}
        compared = compare(then, frame.asset, frame.declaration, self._site.sitefields)
        return {"at": at, "around": around, "then": then, "compared": compared}

    def _difference(self, frame: Frame, query: JsonObject, zone: tzinfo) -> dict[str, Any]:
        """Return what changed between two times, or why it is not known."""
        assetid, collectors = frame.asset["assetid"], self._site.plugins.collectors()
        now = self._site.clock()
        try:
            first = read_local("from", query["from"], zone) or frame.asset["createdat"]
            last = read_local("to", query["to"], zone) or now
            found = self._site.store.read(
                lambda connection: changes_between(connection, assetid, first, last, collectors)
            )
        except (InvalidParameter, NotFound, Gone, Conflict) as error:
            return _refused(error)
        presenter = self._presenter(frame)
        lines = presenter.lines(found["diff"])
        return {
            "first": first,
            "last": last,
            "lines": lines[:MOST_ON_PAGE],
            "more": max(0, len(lines) - MOST_ON_PAGE),
            "unknown": [presenter.title(name) for name in found["unknown"]],
        }

    def _presenter(self, frame: Frame) -> Presenter:
        return Presenter(frame.declaration, self._site.sitefields)


def exact(moment: datetime) -> str:
    """Return a time as an address has it, to the microsecond."""
    return moment.isoformat().replace("+00:00", "Z")


def _moment(query: JsonObject, found: Steps, zone: tzinfo) -> datetime | None:
    position: int | None = query["step"]
    if position is not None and found.chosen:
        return found.chosen[min(position, len(found.chosen)) - 1].at
    return read_local("at", query["at"], zone)


def _around(connection: Connection, assetid: int, found: Steps, at: datetime) -> Around:
    step = step_at(connection, assetid, at)
    auditid = step.auditid if step else 0
    position = bisect_right([each.auditid for each in found.chosen], auditid)
    return Around(
        step,
        step_before(connection, assetid, auditid) if step else None,
        step_after(connection, assetid, auditid),
        max(1, position),
    )


def _refused(error: RequestError) -> dict[str, Any]:
    status, _ = STATUSES[type(error)]
    return {"problem": str(error), "status": status}


def _typed(text: str | None, zone: tzinfo) -> str:
    """Return the value of an input for what was asked; nothing for what is not a time."""
    try:
        return typed(read_local("", text, zone), zone)
    except InvalidParameter:
        return ""
