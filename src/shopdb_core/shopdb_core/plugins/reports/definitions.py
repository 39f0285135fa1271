"""`make_reports` calls `get_reports` of a plugin and checks what it returns."""

import inspect
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import get_args, get_type_hints

from shopdb_core.plugins.collector import PluginHooks
from shopdb_hookspecs import Parameter, Report

PAGING = frozenset({"after", "limit"})
"""Query parameters that every report has; a report cannot declare a parameter with such a name."""

SOFTWARE_ROLES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        "programs": (("name", "version", "installations"), ("contains", "beyond")),
        "versions": (("version", "installations"), ("name",)),
        "holders": (("identityvalue", "assetid"), ("name", "version", "beyond")),
        "changes": (("day", "change", "name", "version", "installations"), ("days",)),
    }
)
"""The columns and the parameters that the reports of `x-software` need in each role; they may have more."""

NAME_RULE = "a name is a lower-case letter, then lower-case letters, digits, underscores; 40 at most"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TYPES = get_args(get_type_hints(Parameter)["type"])


def make_reports(hooks: PluginHooks) -> Mapping[str, Report]:
    """Return the reports of a plugin by name; raises `PluginFailure` for a faulty one."""
    returned = hooks.call("get_reports") or ()
    if isinstance(returned, str) or not isinstance(returned, Sequence):
        raise hooks.failure(
            "get_reports", "did not return a list of reports: return a list, even for one report"
        )
    reports: dict[str, Report] = {}
    for report in returned:
        if fault := _fault(report, reports):
            raise hooks.failure("get_reports", f"returned {fault}")
        reports[report.name] = report
    return reports


def software_fault(roles: Mapping[str, str], reports: Mapping[str, Report]) -> str:
    """Return why reports do not fit the roles of a declaration's `x-software`; empty if they do."""
    for role, name in roles.items():
        columns, parameters = SOFTWARE_ROLES[role]
        if name not in reports:
            return f"/x-software/{role} names the report {name}, which get_reports does not return"
        has = (set(reports[name].columns), {parameter.name for parameter in reports[name].parameters})
        for kind, needed, found in zip(("column", "parameter"), (columns, parameters), has, strict=True):
            if missing := [each for each in needed if each not in found]:
                return f"/x-software/{role} names the report {name}, which needs the {kind} {missing[0]}"
    return ""


def _fault(report: object, others: Mapping[str, Report]) -> str:
    """Return what is wrong with one report, empty if it is valid."""
    if not isinstance(report, Report):
        return "a list with an item that is not a Report: create each with shopdb_hookspecs.Report"
    if not is_name(report.name):
        return f"a report with the invalid name {str(report.name)[:80]!r}: {NAME_RULE}"
    if report.name in others:
        return f"two reports named {report.name}: give each a name of its own"
    return _content_fault(report)


def _content_fault(report: Report) -> str:
    if not _are_strings(report.columns):
        return (
            f"the report {report.name}, whose columns are not a list of strings: pass a list of column names"
        )
    if not callable(report.rows):
        return (
            f"the report {report.name}, whose rows are not a function: pass a function that yields the rows"
        )
    if not isinstance(report.parameters, Sequence):
        return f"the report {report.name}, whose parameters are not a list: pass a list of Parameter"
    return (
        next(filter(None, (_parameter_fault(report, each) for each in report.parameters)), "")
        or _call_fault(report)
        or _attention_fault(report)
        or _chart_fault(report)
    )


def _attention_fault(report: Report) -> str:
    """Return why the overview cannot count the rows of a report that asks for attention."""
    if report.attention is None:
        return ""
    if not isinstance(report.attention, str) or not report.attention.strip():
        return f"the report {report.name}, whose attention is not a sentence: pass a text, or leave it out"
    required = [parameter.name for parameter in report.parameters if parameter.required]
    if required:
        return (
            f"the report {report.name}, whose rows need attention, with the required parameter "
            f"{required[0]}: give it a default, since the overview counts the rows without arguments"
        )
    return ""


def _chart_fault(report: Report) -> str:
    """Return why a chart of a report cannot be drawn, empty if it can or has none."""
    named = {"category": report.category, "number": report.number}
    given = {field: column for field, column in named.items() if column is not None}
    for field, column in given.items():
        if column not in report.columns:
            return (
                f"the report {report.name}, whose {field} is {str(column)[:80]!r}, which is not one of its "
                f"columns: {', '.join(report.columns)}"
            )
    if len(given) == 1:
        missing = "number" if "category" in given else "category"
        return f"the report {report.name} with one column for a chart: name {missing} as well"
    if given and report.category == report.number:
        return f"the report {report.name}, whose category and number are one column: name two"
    return ""


def _call_fault(report: Report) -> str:
    """Return why `rows` cannot be called, empty if it can; a callable without a signature is accepted."""
    names = [parameter.name for parameter in report.parameters]
    try:
        inspect.signature(report.rows).bind(None, **dict.fromkeys(names))
    except TypeError as error:
        call = ", ".join(["connection", *names])
        return f"the report {report.name}, whose rows cannot be called as rows({call}): {error}"
    except ValueError:
        return ""
    return ""


def _parameter_fault(report: Report, parameter: object) -> str:
    named = f"the report {report.name}"
    if not isinstance(parameter, Parameter):
        return (
            f"{named} with a parameter that is not a Parameter: create each with shopdb_hookspecs.Parameter"
        )
    if not is_name(parameter.name):
        return f"{named} with the invalid name {str(parameter.name)[:80]!r} of a parameter: {NAME_RULE}"
    if parameter.name in PAGING:
        step = "which every report has for paging: choose another name"
        return f"{named} with a parameter named {parameter.name}, {step}"
    if parameter.type not in _TYPES:
        known = ", ".join(_TYPES)
        wrong = f"has the type {parameter.type!r}, which is not one of {known}"
        return f"{named}, whose parameter {parameter.name} {wrong}"
    return ""


def is_name(name: object) -> bool:
    """Return whether a report, a parameter or a panel may have this name."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _are_strings(values: object) -> bool:
    if isinstance(values, str) or not isinstance(values, Sequence):
        return False
    return all(isinstance(value, str) for value in values)
