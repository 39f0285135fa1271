"""Whether every report runs, and yields what can be served."""

import math
from collections.abc import Iterator, Mapping, Sequence

from hypothesis import strategies as st

from shopdb_core.devkit.generating import samples
from shopdb_core.devkit.trial import TrialSite, TrialSites
from shopdb_core.devkit.verdict import CheckFailed, Finding, shown
from shopdb_core.errors import FailureKind, PluginFailure, ShopDBError
from shopdb_hookspecs import Json, JsonObject, Parameter, Report

TRIED_ARGUMENTS = 15
GENERATED_ASSETS = 5

_SCALARS = (str, int, float, bool, type(None))


def check_reports(sites: TrialSites) -> Iterator[Finding]:
    """Yield the first fault of each report, asked of an empty site and of one with assets."""
    with sites.site() as empty, sites.site() as filled:
        _fill(filled)
        texts = sorted(_texts(list(sites.subject.examples.values())))
        for report in sites.subject.plugin.reports.values():
            try:
                for given in _arguments(report, texts):
                    for trial, where in ((empty, "an empty site"), (filled, "a site with assets")):
                        _require_sound(trial, report, given, f"with {shown(given)} on {where}")
            except CheckFailed as broken:
                yield broken.finding


def _fill(trial: TrialSite) -> None:
    """Submit the examples and a few generated submissions; what other checks tell of is left out."""
    if trial.subject.plugin.collector is None:
        return
    examples = list(trial.subject.examples.values())
    for submission in (*examples, *samples(trial.subject.values.submissions(), GENERATED_ASSETS)):
        try:
            trial.submit(submission)
        except ShopDBError:
            continue


def _texts(value: Json) -> set[str]:
    """Return every string inside a value: what readers search for."""
    if isinstance(value, str):
        return {value}
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return {text for member in members for text in _texts(member)}


def _arguments(report: Report, texts: Sequence[str]) -> list[JsonObject]:
    """Return what readers ask for: first as little as they must, then anything of the right type."""
    required = {each.name: _values(each, texts) for each in report.parameters if each.required}
    optional = {each.name: _values(each, texts) for each in report.parameters if not each.required}
    least = samples(st.fixed_dictionaries(required), 1)
    return least + samples(st.fixed_dictionaries(required, optional=optional), TRIED_ARGUMENTS)


def _values(parameter: Parameter, texts: Sequence[str]) -> st.SearchStrategy[Json]:
    if parameter.type == "integer":
        return st.sampled_from([0, 1, -1]) | st.integers(-(2**31), 2**31)
    if parameter.type == "number":
        return st.integers(-100, 1000).map(lambda tenths: tenths / 10) | st.floats(-1e12, 1e12)
    odd = st.sampled_from(["", "%", "_", "'", "nothing is called so", "漢", "a" * 500])
    return odd | st.sampled_from(texts) if texts else odd


def _require_sound(trial: TrialSite, report: Report, given: JsonObject, asked: str) -> None:
    place = f"report {report.name}"
    rows = _rows(trial, report, given, f"{place} {asked}")
    for row in rows:
        if fault := _row_fault(report, row):
            raise CheckFailed(Finding(place, f"{asked} yields {fault}"))
    if [*map(tuple, rows)] != [*map(tuple, _rows(trial, report, given, place))]:
        mend = "Order by what no two rows share: readers page through it."
        raise CheckFailed(
            Finding(place, f"{asked} yields other rows, or another order, the second time", mend)
        )


def _rows(trial: TrialSite, report: Report, given: JsonObject, place: str) -> list[Sequence[Json]]:
    try:
        return trial.site.reports.rows(trial.subject.name, report, given)
    except PluginFailure as failure:
        raise CheckFailed(_failed(trial, report, failure, place)) from failure


def _failed(trial: TrialSite, report: Report, failure: PluginFailure, place: str) -> Finding:
    mends: dict[FailureKind, str] = {
        "raised": "rows() gets a connection that cannot write, and every value of a parameter's type.",
        "row length": (
            f"Make `columns` of the Report and the rows agree; the columns are {', '.join(report.columns)}."
        ),
    }
    what = trial.subject.candidate.explain(failure)
    return Finding(place, what, mends.get(failure.kind, ""))


def _row_fault(report: Report, row: object) -> str:
    """Say what is wrong with a row; nothing if it can be served."""
    if isinstance(row, str) or not isinstance(row, Sequence):
        return f"a {type(row).__name__} where a sequence of cells is due"
    for column, cell in zip(report.columns, row, strict=True):
        if not isinstance(cell, _SCALARS) or (isinstance(cell, float) and not math.isfinite(cell)):
            return f"{cell!r:.40} in {column}, which is no JSON scalar"
    return ""
