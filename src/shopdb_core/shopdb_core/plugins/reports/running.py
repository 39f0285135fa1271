"""`Reports` finds the reports of active plugins and runs them, read-only."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import isfinite
from typing import TypeVar

from shopdb_core.errors import FailureKind, InvalidParameter, NotFound, PluginFailure, Unavailable
from shopdb_core.plugins.registry import Plugins
from shopdb_core.store import Connection, Store
from shopdb_hookspecs import Json, Parameter, Report

T = TypeVar("T")

LONGEST_TEXT = 1000
"""Characters of a parameter; longer patterns are refused by SQLite, and no name in a report is longer."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Reports:
    """The reports of one site's active plugins."""

    def __init__(self, plugins: Plugins, store: Store) -> None:
        self._plugins = plugins
        self._store = store

    def all(self) -> list[tuple[str, Report]]:
        """Return the name of the plugin and the report, for every report."""
        return [
            (plugin.name, report) for plugin in self._plugins.active() for report in plugin.reports.values()
        ]

    def get(self, plugin: str, name: str) -> Report:
        """Return one report; raises `NotFound`, or `Unavailable` if its plugin is quarantined."""
        found = self._plugins.get(plugin)
        if found is not None and found.state == "quarantined":
            raise Unavailable(f"The plugin {plugin} is quarantined: {found.reason}")
        if found is None or name not in found.reports:
            raise NotFound(f"There is no report {plugin[:40]}/{name[:40]}; GET /api/reports lists them.")
        return found.reports[name]

    def rows(
        self,
        plugin: str,
        report: Report,
        given: Mapping[str, Json],
        *,
        skip: int = 0,
        count: int | None = None,
    ) -> list[Sequence[Json]]:
        """Run a report as `run` does, and return its rows, or `count` of them after the first `skip`."""
        stop = None if count is None else skip + count
        return self.run(plugin, report, given, lambda rows: list(islice(rows, skip, stop)))

    def run(
        self,
        plugin: str,
        report: Report,
        given: Mapping[str, Json],
        take: Callable[[Iterator[Sequence[Json]]], T],
    ) -> T:
        """Run a report of an active plugin, and return what `take` makes of its rows.

        `take` need not read all rows, and may be called more than once: the report is run again if the
        database fails. The connection reads one moment of the database and is rolled back.
        Raises `InvalidParameter` for a missing or malformed parameter, `Unavailable` for a database that
        does not answer, `PluginFailure` for any other failure of the report.
        """
        arguments = {parameter.name: _argument(parameter, given) for parameter in report.parameters}

        def work(connection: Connection) -> T:
            returned = report.rows(connection, **arguments)
            if returned is None:
                raise self._failure(plugin, report, "failed: rows returned None: return or yield rows")
            return take(self._checked(plugin, report, returned))

        try:
            return self._store.read(work)
        except (Unavailable, PluginFailure):
            raise
        except Exception as error:
            raise self._failure(plugin, report, f"raised {type(error).__name__}", "raised") from error

    def _checked(
        self, plugin: str, report: Report, rows: Iterable[Sequence[Json]]
    ) -> Iterator[Sequence[Json]]:
        for row in rows:
            if len(row) != len(report.columns):
                what = f"has a row of {len(row)} cells for {len(report.columns)} columns"
                raise self._failure(plugin, report, what, "row length")
            yield row

    def _failure(self, plugin: str, report: Report, what: str, kind: FailureKind = "answer") -> PluginFailure:
        found = self._plugins.get(plugin)
        assert found is not None
        return found.candidate.failure(f"the report {report.name}", what, kind)


def argument_faults(report: Report, given: Mapping[str, Json]) -> dict[str, str]:
    """Return what is wrong with the arguments of a report, by parameter; a missing one is not wrong."""
    faults: dict[str, str] = {}
    for parameter in report.parameters:
        if parameter.name in given:
            try:
                _argument(parameter, given)
            except InvalidParameter as error:
                faults[parameter.name] = str(error)
    return faults


def _argument(parameter: Parameter, given: Mapping[str, Json]) -> Json:
    value = given.get(parameter.name)
    if value is None and parameter.required:
        raise InvalidParameter(f"{parameter.name} is missing: {parameter.description}")
    if value is None:
        return parameter.default
    try:
        return _CONVERSIONS[parameter.type](str(value))
    except ValueError as error:
        found = f"{parameter.name} is not a valid {parameter.type}: {str(value)[:40]!r}"
        raise InvalidParameter(f"{found}; it must be {error}.") from error


def _text(value: str) -> str:
    try:
        storable = b"\0" not in value.encode()
    except UnicodeEncodeError:  # a byte of the command line that is not UTF-8
        storable = False
    if len(value) > LONGEST_TEXT or not storable:
        raise ValueError(f"UTF-8 of at most {LONGEST_TEXT} characters without NUL")
    return value


def _integer(value: str) -> int:
    if not _INTEGER.fullmatch(value) or not -(2**63) <= int(value) < 2**63:
        raise ValueError("a whole number of 64 bits")
    return int(value)


def _number(value: str) -> float:
    if len(value) > LONGEST_TEXT or not _NUMBER.fullmatch(value) or not isfinite(float(value)):
        raise ValueError("a finite decimal number")
    return float(value)


_CONVERSIONS: Mapping[str, Callable[[str], Json]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
}
