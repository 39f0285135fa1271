"""The reports that a plugin offers, checked where they enter."""

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import get_args, get_type_hints

from shopdb_core.plugins.collector import PluginHooks
from shopdb_hookspecs import Parameter, Report

PAGING = frozenset({"after", "limit"})
"""What every report takes anyhow, so that none may have a parameter of the name."""

_RULE = "a name is a lower-case letter, then lower-case letters, digits, underscores; 40 at most"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TYPES = get_args(get_type_hints(Parameter)["type"])


def make_reports(hooks: PluginHooks) -> Mapping[str, Report]:
    """Ask a plugin for its reports, by name; raises `PluginFailure` for what is none."""
    offered = hooks.ask("get_reports") or ()
    if isinstance(offered, str) or not isinstance(offered, Sequence):
        raise hooks.failure(
            "get_reports", "returned something that is no list of reports: return a list, be it of one"
        )
    reports: dict[str, Report] = {}
    for report in offered:
        if fault := _fault(report, reports):
            raise hooks.failure("get_reports", f"returned {fault}")
        reports[report.name] = report
    return reports


def _fault(report: object, others: Mapping[str, Report]) -> str:
    """Say what is wrong with one report; nothing if it can serve."""
    if not isinstance(report, Report):
        return "something that is no Report among its reports: make each with shopdb_hookspecs.Report"
    if not _is_name(report.name):
        return f"a report with an unusable name: {str(report.name)[:80]!r}; {_RULE}"
    if report.name in others:
        return f"two reports named {report.name}: give each a name of its own"
    return _content_fault(report)


def _content_fault(report: Report) -> str:
    if not _are_strings(report.columns):
        return f"the report {report.name}, whose columns are no list of names: give a list of strings"
    if not callable(report.rows):
        return f"the report {report.name}, whose rows are no function: give one that yields them"
    if not isinstance(report.parameters, Sequence):
        return f"the report {report.name}, whose parameters are no list: give a list of Parameter"
    return next(filter(None, map(_parameter_fault, report.parameters)), "") or _call_fault(report)


def _call_fault(report: Report) -> str:
    """Say why the rows could not be asked for; what has no signature to look at is trusted."""
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
        return "something that is no Parameter among a report's parameters: use shopdb_hookspecs.Parameter"
    if not _is_name(parameter.name):
        return f"a parameter with an unusable name: {str(parameter.name)[:80]!r}; {_RULE}"
    if parameter.name in PAGING:
        return f"a parameter named {parameter.name}, which every report has for its pages: name it otherwise"
    if parameter.type not in _TYPES:
        return f"the parameter {parameter.name}, whose type {parameter.type!r} is none of {', '.join(_TYPES)}"
    return ""


def _is_name(name: object) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def _are_strings(values: object) -> bool:
    if isinstance(values, str) or not isinstance(values, Sequence):
        return False
    return all(isinstance(value, str) for value in values)
