"""The reports that plugins offer, as JSON in pages or as one CSV file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import ClassVar

import falcon

from shopdb_core.api import shapes
from shopdb_core.plugins.reports.running import Reports
from shopdb_core.store.paging import ITEM_BYTES, MAX_PAGE_BYTES
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.json_schema import ANYTHING, TEXT, TEXTS, page_of, record
from shopdb_core.web.operations import Operation, Operations
from shopdb_core.web.parameters import (
    DEFAULT_LIMIT,
    LARGEST_LIMIT,
    STORABLE_TEXT,
    Queries,
    QueryParameter,
    as_given,
    whole_number,
)
from shopdb_core.web.request import Roles
from shopdb_core.web.responses import CSV, csv_file, json_item, write_csv, write_list
from shopdb_hookspecs import Json, JsonObject, Parameter, Report

ENDING = ".csv"

PAGE = (
    whole_number("limit", 1, LARGEST_LIMIT, DEFAULT_LIMIT),
    whole_number("after", 0, LARGEST_ID - LARGEST_LIMIT, 0),
)
"""As of every list; but `after` is a number of rows, and those of the page are added to it."""


_TYPES: Mapping[str, JsonObject] = MappingProxyType(
    {
        "string": STORABLE_TEXT,
        "integer": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
        "number": {"type": "number"},
    }
)


class ReportsResource:
    """The list of reports, and each one; with `.csv` appended to its name, the whole table as a file."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def parameters(self, plugin: str, name: str) -> list[QueryParameter]:
        """Return the parameters of a report; its file has no pages."""
        own = [*map(_parameter, self._reports.get(plugin, name.removesuffix(ENDING)).parameters)]
        return own if name.endswith(ENDING) else [*own, *PAGE]

    def paths(self) -> list[dict[str, str]]:
        """Return plugin and name of every report, and of its file."""
        return [
            {"plugin": plugin, "name": report.name + ending}
            for plugin, report in self._reports.all()
            for ending in ("", ENDING)
        ]

    def operation(self, plugin: str, name: str) -> Operation:
        """Return the operation of a report, or of its file."""
        if name.endswith(ENDING):
            return Operation(answer=TEXT, mediatypes=(CSV,), sends=("Content-Disposition",))
        report = self._reports.get(plugin, name)
        title = "".join(word.capitalize() for word in f"{plugin}_{name}_row".split("_"))
        row = record(title, **dict.fromkeys(report.columns, ANYTHING))
        return Operation(answer=page_of(row, title=TEXT, columns=TEXTS))

    queries: ClassVar[Queries] = {"on_get_one": parameters}
    operations: ClassVar[Operations] = {
        "on_get": Operation(answer=page_of(shapes.REPORT)),
        "on_get_one": operation,
    }

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """List every report with its parameters."""
        items = [_described(plugin, report) for plugin, report in self._reports.all()]
        resp.media = {"items": items, "next": None}

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, plugin: str, name: str) -> None:
        """Run the report with the parameters of the query."""
        report = self._reports.get(plugin, name.removesuffix(ENDING))
        if name.endswith(ENDING):
            self._write_csv(req, resp, plugin, report)
        else:
            self._write_page(req, resp, plugin, report)

    def _write_csv(self, req: falcon.Request, resp: falcon.Response, plugin: str, report: Report) -> None:
        file = self._reports.run(plugin, report, req.context.query, partial(csv_file, report.columns))
        write_csv(resp, file)
        resp.downloadable_as = f"{report.name}{ENDING}"

    def _write_page(self, req: falcon.Request, resp: falcon.Response, plugin: str, report: Report) -> None:
        after, limit = req.context.query["after"], req.context.query["limit"]
        take = partial(_first_page, report.columns, after, limit)
        items, following = self._reports.run(plugin, report, req.context.query, take)
        write_list(resp, items, following, title=report.title, columns=list(report.columns))


def _first_page(
    columns: Sequence[str], after: int, limit: int, rows: Iterator[Sequence[Json]]
) -> tuple[list[bytes], int | None]:
    """Return the rows after the first `after`, as many as fit into a page, and the next `after`."""
    items: list[bytes] = []
    total = ITEM_BYTES  # of the title and the columns
    for row in islice(rows, after, None):
        item = json_item(dict(zip(columns, row, strict=True)))
        total += len(item) + 1
        if len(items) == limit or (items and total > MAX_PAGE_BYTES):
            return items, after + len(items)
        items.append(item)
    return items, None


def _parameter(parameter: Parameter) -> QueryParameter:
    """Return the query parameter of a report's own, which the report checks."""
    rule = f"be a {parameter.type}: {parameter.description}"
    return as_given(parameter.name, rule, _TYPES[parameter.type], required=parameter.required)


def _described(plugin: str, report: Report) -> JsonObject:
    return {
        "plugin": plugin,
        "name": report.name,
        "title": report.title,
        "columns": list(report.columns),
        "parameters": [asdict(parameter) for parameter in report.parameters],
        "url": f"/api/reports/{plugin}/{report.name}",
    }
