"""The reports of plugins: their list, and each one with its parameters, a table and a chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import urlencode

import falcon

from shopdb_core.assets.listing import find_assetids
from shopdb_core.console.charts.geometry import BarChart, bars
from shopdb_core.console.framework.pages import PageResource
from shopdb_core.console.reports.table import IDENTITY, Table, as_text, make_table
from shopdb_core.errors import NotFound, PluginFailure, Unavailable
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.reports.running import argument_faults
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.parameters import ANY, Queries, QueryParameter, as_given, choice, whole_number
from shopdb_core.web.problems import document
from shopdb_core.web.request import Roles
from shopdb_hookspecs import Json, JsonObject, Parameter, Report

LIMIT = 100
"""Rows of a page."""

SORT = "_sort"
"""The parameter that names the column to sort by: no parameter of a report begins with an underscore."""

DESCENDING = "-"


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter in the form: what was given, and what is wrong with it."""

    parameter: Parameter
    value: str
    fault: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its names, whether it has numbers, the `sort` that a click asks for, and its order now."""

    name: str
    title: str
    is_number: bool
    sort: str
    order: str | None


class ReportsPage(PageResource):
    """The list of reports."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the reports of each plugin, and the plugins that are quarantined."""
        reports: dict[str, list[Report]] = {}
        for plugin, report in self._site.reports.all():
            reports.setdefault(plugin, []).append(report)
        quarantined = [each for each in self._site.plugins.all() if each.state == "quarantined"]
        self._pages.render(req, resp, "reports/list.html", reports=reports, quarantined=quarantined)


class ReportPage(PageResource):
    """One report."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def parameters(self, plugin: str, name: str) -> Sequence[QueryParameter]:
        """Return the parameters of a report, the page and the order; any if its plugin is not active."""
        try:
            report = self._site.reports.get(plugin, name)
        except (NotFound, Unavailable):
            found = self._site.plugins.get(plugin)
            return [] if found is not None and found.state == "active" else [ANY]
        orders = [sign + column for column in report.columns for sign in ("", DESCENDING)]
        own = [as_given(each.name, f"be a {each.type}", {"type": each.type}) for each in report.parameters]
        return [*own, whole_number("after", 0, LARGEST_ID - LIMIT, 0), choice(SORT, orders)]

    queries: ClassVar[Queries] = {"on_get": parameters}

    def on_get(self, req: falcon.Request, resp: falcon.Response, plugin: str, name: str) -> None:
        """Run the report with the parameters that were given, if none is wrong or missing."""
        try:
            report = self._site.reports.get(plugin, name)
        except (NotFound, Unavailable) as error:
            self._show_absent(req, resp, plugin, error)
            return
        given = {each.name: req.context.query[each.name] for each in report.parameters}
        given = {name: value for name, value in given.items() if value}
        faults = argument_faults(report, given)
        missing = [each for each in report.parameters if each.required and each.name not in given]
        table, failure = None, None
        if not (faults or missing):
            try:
                table = self._table(req, plugin, report, given)
            except PluginFailure as error:
                failure = document(error, req.context.requestid)
        self._show(req, resp, plugin, report, given=given, faults=faults, table=table, failure=failure)

    def _table(self, req: falcon.Request, plugin: str, report: Report, given: JsonObject) -> Table:
        after, sort = req.context.query["after"], req.context.query[SORT]
        rows = self._site.reports.rows(plugin, report, given, skip=after, count=LIMIT + 1)
        table = make_table(report.columns, rows[:LIMIT], after, more=len(rows) > LIMIT)
        if sort:
            table = table.sorted_by(sort.removeprefix(DESCENDING), descending=sort.startswith(DESCENDING))
        identities = table.identities()
        if not identities:
            return table
        found = self._site.store.read(lambda connection: find_assetids(connection, plugin, identities))
        return table.linked(found)

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        plugin: str,
        report: Report,
        *,
        given: JsonObject,
        faults: dict[str, str],
        table: Table | None,
        failure: JsonObject | None,
    ) -> None:
        after, sort = req.context.query["after"], req.context.query[SORT]
        found = self._site.plugins.get(plugin)
        titles = column_titles(report.columns, found.collector if found else None)
        self._pages.render(
            req,
            resp,
            "reports/page.html",
            plugin=plugin,
            report=report,
            fields=[
                Field(each, str(given.get(each.name, "")), faults.get(each.name, ""))
                for each in report.parameters
            ],
            table=table,
            failure=failure,
            headings=_headings(report.columns, titles, table, sort) if table else (),
            titles=titles,
            sort=sort,
            chart=_chart(report, table) if table else None,
            arguments=urlencode(given),
            page=urlencode({**given, "after": after, "limit": LIMIT}),
        )
        if faults:
            resp.status = HTTPStatus.BAD_REQUEST
        elif failure:
            resp.status = HTTPStatus.INTERNAL_SERVER_ERROR

    def _show_absent(
        self, req: falcon.Request, resp: falcon.Response, plugin: str, error: NotFound | Unavailable
    ) -> None:
        """Show that a report is not there: its plugin is quarantined, blocked, or not installed."""
        found = self._site.plugins.get(plugin)
        values = {
            "plugin": plugin,
            "state": found.state if found else None,
            "reason": found.reason if found else "",
        }
        self._pages.render(req, resp, "reports/absent.html", **values)
        is_away = isinstance(error, Unavailable)
        resp.status = HTTPStatus.SERVICE_UNAVAILABLE if is_away else HTTPStatus.NOT_FOUND


def column_titles(columns: Sequence[str], collector: Collector | None) -> dict[str, str]:
    """Return the titles of columns: those of the declared fields with the same names, with their units."""
    fields = collector.declaration["fields"] if collector else {}
    identity = {IDENTITY: fields.get(collector.identityfield, {})} if collector else {}
    declared = {**fields, **identity}
    return {name: _title(name, declared.get(name, {})) for name in columns}


def _title(name: str, schema: JsonObject) -> str:
    title, unit = schema.get("title", name), schema.get("x-unit")
    return f"{title} ({unit})" if unit else str(title)


def _headings(
    columns: Sequence[str], titles: Mapping[str, str], table: Table, sort: str | None
) -> list[Heading]:
    headings = []
    for name in columns:
        order = {name: "ascending", DESCENDING + name: "descending"}.get(sort or "")
        following = DESCENDING + name if order == "ascending" else name
        headings.append(Heading(name, titles[name], name in table.numbers, following, order))
    return headings


def _chart(report: Report, table: Table) -> BarChart | None:
    """Return the bars of the rows of this page."""
    if report.category is None or report.number is None:
        return None
    places = [report.columns.index(column) for column in (report.category, report.number)]
    cells = [tuple(row[place].value for place in places) for row in table.rows]
    return bars((as_text(category), _number(number)) for category, number in cells)


def _number(value: Json) -> float | None:
    return value if isinstance(value, (int, float)) else None
