"""Every check of a plugin, in an order in which each may rely on the ones before it.

`python -m shopdb_core.devkit NAME OUTPUT`: check one plugin in this process, and write the verdict.

`shopdb plugin check` runs it, so that a plugin from a wheel is loaded by a Python that knows no other.
"""

import logging
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import orjson

from shopdb_core.devkit import check_plugin
from shopdb_core.devkit.checks.declaration import (
    check_normalization,
    example_findings,
    generating_findings,
    valid_examples,
)
from shopdb_core.devkit.checks.examples import check_examples, check_powershell
from shopdb_core.devkit.checks.migrations import check_migrations
from shopdb_core.devkit.checks.reports import check_reports
from shopdb_core.devkit.checks.storage import check_storing
from shopdb_core.devkit.generating import FieldValues
from shopdb_core.devkit.subject import Subject, Unloadable, deprecations, load_alone
from shopdb_core.devkit.trial import TrialSites
from shopdb_core.devkit.verdict import CheckResult, ConformanceResult, Finding
from shopdb_core.errors import ShopDBError
from shopdb_core.plugins.discovery import Candidate, installed_candidate
from shopdb_core.plugins.registry import Plugin

DECLARATION, NORMALIZATION, MIGRATIONS = "declaration", "normalize_submission", "migrations"
EXAMPLES, POWERSHELL = "examples", "powershell shapes"

ON_A_SITE: Mapping[str, Callable[[TrialSites], Iterable[Finding]]] = MappingProxyType(
    {
        EXAMPLES: check_examples,
        POWERSHELL: check_powershell,
        "store_asset": check_storing,
        "reports": check_reports,
    }
)
"""The checks that need the plugin's tables."""


def check(candidate: Candidate) -> ConformanceResult:
    """Run every check of one plugin, which is loaded alone, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="shopdb-conformance-") as folder:
        results = tuple(_results(candidate, Path(folder)))
    return ConformanceResult(candidate.name, candidate.version, candidate.distribution, results)


def _results(candidate: Candidate, folder: Path) -> Iterator[CheckResult]:
    try:
        plugin = load_alone(candidate)
    except Unloadable as verdict:
        yield CheckResult(DECLARATION, verdict.findings)
        yield from (CheckResult(name, skipped=True) for name in (NORMALIZATION, MIGRATIONS, *ON_A_SITE))
        return
    subject = subject_of(plugin)
    yield CheckResult(DECLARATION, tuple(_declaration_findings(subject)))
    yield CheckResult(NORMALIZATION, tuple(check_normalization(subject)))
    migrations = CheckResult(MIGRATIONS, tuple(check_migrations(subject, folder)))
    yield migrations
    yield from _results_on_a_site(subject, folder, can_run=not migrations.faults)


def _declaration_findings(subject: Subject) -> Iterator[Finding]:
    yield from deprecations(subject.plugin)
    yield from example_findings(subject.plugin)
    if subject.generator is not None:
        yield from generating_findings(subject.generator)


def subject_of(plugin: Plugin) -> Subject:
    """Return a plugin that loads, with what the checks need of it."""
    if plugin.collector is None:
        return Subject(plugin, {}, None)
    examples = valid_examples(plugin.collector)
    return Subject(plugin, examples, FieldValues(plugin.collector, examples.values()))


def _results_on_a_site(subject: Subject, folder: Path, *, can_run: bool) -> Iterator[CheckResult]:
    if not can_run:
        yield from (CheckResult(name, skipped=True) for name in ON_A_SITE)
        return
    sites = TrialSites(subject, folder)
    failed = set()
    for name, run in ON_A_SITE.items():
        if name == POWERSHELL and EXAMPLES in failed:
            yield CheckResult(name, skipped=True)  # its faults would be those of the examples again
            continue
        result = CheckResult(name, tuple(run(sites)))
        failed.update([name] if result.faults else [])
        yield result


def main(name: str, output: Path) -> None:
    """Write the verdict as JSON, or the sentence that says why there is none."""
    # Without a handler of its own Python would write to stderr what the verdict tells anyway.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        answer = check_plugin(installed_candidate(name)).as_json()
    except ShopDBError as error:
        answer = {"refused": str(error)}
    output.write_bytes(orjson.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
