"""The reports that plugins offer, as JSON in pages or as one CSV file."""

from dataclasses import asdict
from typing import ClassVar

import falcon

from shopdb_core.api.request import Roles, only, page_of
from shopdb_core.api.responses import csv_file
from shopdb_core.plugins.reports import Reports
from shopdb_hookspecs import JsonObject, Report

CSV = ".csv"


class ReportsResource:
    """The list of reports, and each one; with `.csv` appended to its name, the whole table as a file."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """List every report with its parameters."""
        items = [_described(plugin, report) for plugin, report in self._reports.all()]
        resp.media = {"items": items, "next": None}

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, plugin: str, name: str) -> None:
        """Run the report with the parameters of the query."""
        report = self._reports.get(plugin, name.removesuffix(CSV))
        if name.endswith(CSV):
            self._write_csv(req, resp, plugin, report)
        else:
            self._write_page(req, resp, plugin, report)

    def _write_csv(self, req: falcon.Request, resp: falcon.Response, plugin: str, report: Report) -> None:
        only(req, *_names(report))
        resp.content_type = "text/csv; charset=utf-8"
        resp.downloadable_as = f"{report.name}{CSV}"
        resp.text = csv_file(report.columns, self._reports.rows(plugin, report, req.params))

    def _write_page(self, req: falcon.Request, resp: falcon.Response, plugin: str, report: Report) -> None:
        only(req, *_names(report), "limit", "after")
        after, limit = page_of(req)
        rows = self._reports.rows(plugin, report, req.params, skip=after, count=limit + 1)
        items = [dict(zip(report.columns, row, strict=True)) for row in rows[:limit]]
        resp.media = {
            "title": report.title,
            "columns": list(report.columns),
            "items": items,
            "next": after + limit if len(rows) > limit else None,
        }


def _names(report: Report) -> list[str]:
    return [parameter.name for parameter in report.parameters]


def _described(plugin: str, report: Report) -> JsonObject:
    return {
        "plugin": plugin,
        "name": report.name,
        "title": report.title,
        "columns": list(report.columns),
        "parameters": [asdict(parameter) for parameter in report.parameters],
        "url": f"/api/reports/{plugin}/{report.name}",
    }
