"""The log of the site, one of its entries, and what happened on a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, ClassVar

import falcon
import orjson

from shopdb_core.audit.browsing.day import MOST_COUNTED, MOST_EXAMINED, MOST_NAMED, Day, summarize
from shopdb_core.audit.browsing.pages import MOST_UNCHANGED, Entries, browse, count_unchanged, read_entry
from shopdb_core.audit.browsing.timeline import Place, place_of
from shopdb_core.audit.entries import ACTIONS
from shopdb_core.console.changes.presenting import KINDS, Line, Numbers, Presenter, summarized
from shopdb_core.console.changes.query import LOG, PEOPLE, api_address, filters_of, typed
from shopdb_core.console.framework.pages import PageResource
from shopdb_core.errors import InvalidParameter
from shopdb_core.site import Site
from shopdb_core.store import Connection
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.parameters import Queries
from shopdb_core.web.request import Roles
from shopdb_hookspecs import JsonObject

ROWS = 50
MOST_LINES = 5
"""How many changes a row shows; the page of the entry has all."""

MOST_ON_PAGE = 1_000
"""How many changes the page of one entry shows."""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as a row: some of its changes, and how many more there are; `fields` are those of a creation.

    `istoolong` says that the diff was not read.
    """

    entry: JsonObject
    lines: Sequence[Line | Numbers]
    more: int
    fields: int
    istoolong: bool


NO_PRESENTERS: Mapping[str, Presenter] = MappingProxyType({})


class Rows:
    """Makes rows of the entries of one page; `presenters` are those that are known, by type of assets."""

    def __init__(self, site: Site, presenters: Mapping[str, Presenter] = NO_PRESENTERS) -> None:
        self._site = site
        self._presenters = {**presenters}

    def presenter(self, assettype: str) -> Presenter:
        """Return what presents the changes of a type of assets, by the declaration that is served now."""
        if assettype not in self._presenters:
            collector = self._site.plugins.collectors().get(assettype)
            declaration = collector.declaration if collector else None
            self._presenters[assettype] = Presenter(declaration, self._site.sitefields)
        return self._presenters[assettype]

    def fields(self) -> dict[str, str]:
        """Return the titles of the fields of all types of assets and of people, by their names in diffs."""
        found: dict[str, str] = {}
        for assettype in self._site.plugins.collectors():
            found.update(self.presenter(assettype).field_titles)
        return {**found, **self.presenter("").sitefield_titles}

    def title(self, name: str) -> tuple[str, bool]:
        """Return the title of a field of any type of assets, and whether it is a text of the catalogue."""
        collectors = self._site.plugins.collectors().values()
        declared = (each.name for each in collectors if name in each.declaration["fields"])
        return self.presenter(next(declared, "")).title(name)

    def row(self, entry: JsonObject) -> EntryRow:
        """Return the row of an entry that `browse` found."""
        diff = entry["diff"]
        if diff is None or entry["action"] == "created":
            return EntryRow(entry, (), 0, len(diff or ()), diff is None)
        lines = summarized(self.presenter(entry["assettype"]).lines(diff))
        return EntryRow(entry, lines[:MOST_LINES], max(0, len(lines) - MOST_LINES), 0, istoolong=False)


class ChangesPage(PageResource):
    """The log of the site."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": LOG}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show a page of the entries that match, the newest first."""
        query = req.context.query
        language = self._pages.language(req)
        filters, before = filters_of(query, language.zone), query["before"]
        isfiltered = any(value is not None for name, value in query.items() if name not in ("show", "before"))

        def read(connection: Connection) -> tuple[Entries, int]:
            page = browse(connection, filters, before=before, limit=ROWS)
            if isfiltered or filters.shown == "all":
                return page, 0
            return page, count_unchanged(connection, page.next or 0, before or LARGEST_ID)

        page, unchanged = self._site.store.read(read)
        rows = Rows(self._site)
        self._pages.render(
            req,
            resp,
            "changes/page.html",
            page=page,
            rows=[rows.row(each) for each in page.items],
            unchanged=unchanged,
            most_unchanged=MOST_UNCHANGED,
            query=query,
            isfiltered=isfiltered,
            moments={
                name: typed(moment, language.zone)
                for name, moment in (("from", filters.first), ("to", filters.last))
            },
            fields=rows.fields(),
            plugins=sorted(self._site.plugins.collectors()),
            people=PEOPLE,
            actions=ACTIONS,
            kinds=KINDS,
            api=api_address(query),
            today=language.now.astimezone(language.zone).date(),
        )


class EntryPage(PageResource):
    """One entry."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, auditid: int) -> None:
        """Show everything of an entry: all changes, and its place in the chain of its asset."""

        def read(connection: Connection) -> tuple[Any, Place]:
            row = read_entry(connection, auditid)
            return row, place_of(connection, row.assetid, auditid)

        entry, place = self._site.store.read(read)
        lines = Rows(self._site).presenter(entry.assettype).lines(orjson.loads(entry.diff))
        self._pages.render(
            req,
            resp,
            "changes/entry.html",
            entry=entry,
            lines=lines[:MOST_ON_PAGE],
            more=max(0, len(lines) - MOST_ON_PAGE),
            place=place,
            isintact=self._site.chain.verify(entry),
            kinds=KINDS,
            api=f"/api/audit?assetid={entry.assetid}&after={auditid - 1}&limit=1",
        )


class DayPage(PageResource):
    """What happened on a day."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, day: str) -> None:
        """Show the numbers of a day in the viewer's zone, some assets, and the fields that changed most."""
        language = self._pages.language(req)
        shown = _day(day)
        first, last = (_midnight(each, language.zone) for each in (shown, shown + timedelta(days=1)))
        found = self._site.store.read(lambda connection: summarize(connection, first, last))
        rows = Rows(self._site)
        self._pages.render(
            req,
            resp,
            "changes/day.html",
            day=shown,
            before=shown - timedelta(days=1),
            after=shown + timedelta(days=1) if last <= language.now else None,
            summary=found,
            actions=[action for action in ACTIONS if action in found.by_action],
            table=_table(found),
            fields=[(name, number, *rows.title(name)) for name, number in found.fields],
            span={"from": typed(first, language.zone), "to": typed(last, language.zone)},
            people=PEOPLE,
            most_counted=MOST_COUNTED,
            most_examined=MOST_EXAMINED,
            most_named=MOST_NAMED,
        )


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
        if day.isoformat() == text and date(1, 1, 2) < day < date(9999, 12, 30):
            return day
    except ValueError:
        pass
    raise InvalidParameter(f"{text[:40]!r} is not a day such as 2026-11-22.")


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _table(found: Day) -> dict[str | None, Mapping[str, int]]:
    """Return the numbers by plugin and action: the plugin with most entries first, and people last."""
    table: dict[str | None, dict[str, int]] = {}
    for each in sorted(found.counts, key=lambda each: (each.plugin is None, -found.by_plugin[each.plugin])):
        table.setdefault(each.plugin, {})[each.action] = each.number
    return {**table}
