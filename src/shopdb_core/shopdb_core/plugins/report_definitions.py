"""`make_reports` calls `get_reports` of a plugin and checks what it returns."""

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import get_args, get_type_hints

from shopdb_core.plugins.collector import PluginHooks
from shopdb_hookspecs import Parameter, Report

PAGING = frozenset({"after", "limit"})
"""Query parameters that every report has; a report cannot declare a parameter with such a name."""

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
    return next(filter(None, map(_parameter_fault, report.parameters)), "") or _call_fault(report)


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


def _parameter_fault(parameter: object) -> str:
    if not isinstance(parameter, Parameter):
        return (
            "a report with a parameter that is not a Parameter: create each with shopdb_hookspecs.Parameter"
        )
    if not is_name(parameter.name):
        return f"a parameter with the invalid name {str(parameter.name)[:80]!r}: {NAME_RULE}"
    if parameter.name in PAGING:
        return f"a parameter named {parameter.name}, which every report has for paging: choose another name"
    if parameter.type not in _TYPES:
        return (
            f"the parameter {parameter.name}, whose type {parameter.type!r} is not one of {', '.join(_TYPES)}"
        )
    return ""


def is_name(name: object) -> bool:
    """Return whether a report, a parameter or a panel may have this name."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _are_strings(values: object) -> bool:
    if isinstance(values, str) or not isinstance(values, Sequence):
        return False
    return all(isinstance(value, str) for value in values)
