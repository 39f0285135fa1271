"""The reports that a plugin offers, checked where they enter."""

import re
from collections.abc import Mapping

from shopdb_hookspecs import Report

from shopdb_core.plugins.hooks import PluginHooks

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def make_reports(hooks: PluginHooks) -> Mapping[str, Report]:
    """Ask a plugin for its reports, by name; raises `PluginFailure` for what is none."""
    reports: dict[str, Report] = {}
    for report in hooks.ask("get_reports") or ():
        if not isinstance(report, Report):
            raise hooks.failure("get_reports", f"returned a {type(report).__name__} among its reports")
        if not _NAME.fullmatch(report.name) or report.name in reports:
            raise hooks.failure(
                "get_reports", f"returned a report with an unusable name: {report.name[:80]!r}"
            )
        reports[report.name] = report
    return reports
