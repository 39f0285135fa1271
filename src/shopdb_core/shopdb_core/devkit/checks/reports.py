"""The check `reports`: every report runs, and yields rows that can be served in a stable order."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from hypothesis import strategies as st

from shopdb_core.devkit.checks.software import check_software
from shopdb_core.devkit.differences import difference, members
from shopdb_core.devkit.results import CheckFailed, Finding
from shopdb_core.devkit.strategies.generating import samples
from shopdb_core.devkit.trial import TrialSite, TrialSites
from shopdb_core.errors import FailureKind, PluginFailure, ShopDBError, Unavailable
from shopdb_core.store.dialect import driver_sentence
from shopdb_hookspecs import Json, JsonObject, Parameter, Report

ARGUMENT_SAMPLES = 15
"""How many sets of arguments are tried, besides the required ones alone."""
GENERATED_ASSETS = 5
"""How many generated submissions the filled site has, besides the examples."""

_SCALARS = (str, int, float, bool, type(None))


def check_reports(sites: TrialSites) -> Iterator[Finding]:
    """Yield the first fault of each report, on an empty site and on one with assets; then of software."""
    with sites.open() as empty, sites.open() as filled:
        _fill(filled)
        texts = sorted(_texts(list(sites.subject.examples.values())))
        for report in sites.subject.plugin.reports.values():
            try:
                for arguments in _arguments(report, texts):
                    for trial_site, where in ((empty, "an empty site"), (filled, "a site with assets")):
                        _check_rows(
                            trial_site,
                            report,
                            arguments,
                            f"with {members(arguments) or 'no argument'} on {where}",
                        )
            except CheckFailed as failed:
                yield failed.finding
        yield from check_software(filled)


def _fill(trial_site: TrialSite) -> None:
    """Submit the examples and a few generated submissions; those that fail are reported by other checks."""
    if trial_site.subject.plugin.collector is None:
        return
    examples = trial_site.subject.examples.values()
    for submission in (*examples, *samples(trial_site.subject.values.submissions(), GENERATED_ASSETS)):
        with suppress(ShopDBError):
            trial_site.submit(submission)


def _texts(value: Json) -> set[str]:
    """Return every string inside a value; readers search for such strings."""
    if isinstance(value, str):
        return {value}
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return {text for member in members for text in _texts(member)}


def _arguments(report: Report, texts: Sequence[str]) -> list[JsonObject]:
    """Return sets of arguments: first the required ones alone, then any of the right types."""
    required = {each.name: _values(each, texts) for each in report.parameters if each.required}
    optional = {each.name: _values(each, texts) for each in report.parameters if not each.required}
    least = samples(st.fixed_dictionaries(required), 1)
    return least + samples(st.fixed_dictionaries(required, optional=optional), ARGUMENT_SAMPLES)


def _values(parameter: Parameter, texts: Sequence[str]) -> st.SearchStrategy[Json]:
    if parameter.type == "integer":
        return st.sampled_from([0, 1, -1]) | st.integers(-(2**31), 2**31)
    if parameter.type == "number":
        return st.integers(-100, 1000).map(lambda tenths: tenths / 10) | st.floats(-1e12, 1e12)
    odd = st.sampled_from(["", "%", "_", "'", "nothing is called so", "漢", "a" * 500])
    return odd | st.sampled_from(texts) if texts else odd


def _check_rows(trial_site: TrialSite, report: Report, arguments: JsonObject, call: str) -> None:
    place = f"report {report.name}"
    rows = _rows(trial_site, report, arguments, f"{place} {call}")
    for row in rows:
        if fault := _row_fault(report, row):
            raise CheckFailed(Finding(place, f"{call} yields {fault}"))
    again = _rows(trial_site, report, arguments, place)
    if [*map(tuple, rows)] != [*map(tuple, again)]:
        hint = "Order by columns that are unique together: readers page through the rows."
        changed = difference(_named(report, rows), _named(report, again))
        what = f"{call} yields other rows, or another order, at the second call: {changed}"
        raise CheckFailed(Finding(place, what, hint))


def _named(report: Report, rows: Sequence[Sequence[Json]]) -> list[JsonObject]:
    return [dict(zip(report.columns, row, strict=True)) for row in rows]


def _rows(trial_site: TrialSite, report: Report, arguments: JsonObject, place: str) -> list[Sequence[Json]]:
    try:
        return trial_site.site.reports.rows(trial_site.subject.name, report, arguments)
    except PluginFailure as failure:
        what = trial_site.subject.candidate.explain(failure)
        raise CheckFailed(Finding(place, what, _hint(failure.kind, report, arguments))) from failure
    except Unavailable as error:
        raise CheckFailed(Finding(place, f"is answered 503: {error} {driver_sentence(error)}")) from error


def _hint(kind: FailureKind, report: Report, arguments: JsonObject) -> str:
    """Return the next step after a failure of a report with these arguments; empty if its text says it."""
    if kind == "row length":
        columns = ", ".join(report.columns)
        return f"Make `columns` of the Report and the rows agree; the columns are {columns}."
    return "rows() must accept every value of a parameter's type." if arguments else ""


def _row_fault(report: Report, row: object) -> str:
    """Return what is wrong with a row; empty if it can be served."""
    if isinstance(row, str) or not isinstance(row, Sequence):
        return f"a {type(row).__name__} instead of a sequence of cells"
    for column, cell in zip(report.columns, row, strict=True):
        if not isinstance(cell, _SCALARS) or (isinstance(cell, float) and not math.isfinite(cell)):
            return f"{cell!r:.40} in {column}, which is not a JSON scalar"
        if column == report.number and not _is_number_or_missing(cell):
            return f"{cell!r:.40} in {column}, of which a chart is drawn, and which is not a number"
    return ""


def _is_number_or_missing(cell: Json) -> bool:
    return cell is None or (isinstance(cell, (int, float)) and not isinstance(cell, bool))
