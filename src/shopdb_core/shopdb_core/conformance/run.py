"""Every check of a plugin, in an order in which each may rely on the ones before it."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from shopdb_core.conformance.declaration import example_findings, generating_findings, valid_examples
from shopdb_core.conformance.examples import check_examples
from shopdb_core.conformance.finding import Finding
from shopdb_core.conformance.generating import FieldValues
from shopdb_core.conformance.loading import Unloadable, deprecations, load_alone
from shopdb_core.conformance.migrations import check_migrations
from shopdb_core.conformance.normalization import check_normalization
from shopdb_core.conformance.powershell import check_powershell
from shopdb_core.conformance.reports import check_reports
from shopdb_core.conformance.storing import check_storing
from shopdb_core.conformance.subject import Subject
from shopdb_core.conformance.trial import TrialSites
from shopdb_core.conformance.verdict import Result, Verdict
from shopdb_core.plugins.candidates import Candidate
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


def check(candidate: Candidate) -> Verdict:
    """Run every check of one plugin, which is loaded alone, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="shopdb-conformance-") as folder:
        results = tuple(_results(candidate, Path(folder)))
    return Verdict(candidate.name, candidate.version, candidate.distribution, results)


def _results(candidate: Candidate, folder: Path) -> Iterator[Result]:
    try:
        plugin = load_alone(candidate)
    except Unloadable as verdict:
        yield Result(DECLARATION, verdict.findings)
        yield from (Result(name, skipped=True) for name in (NORMALIZATION, MIGRATIONS, *ON_A_SITE))
        return
    subject = subject_of(plugin)
    yield Result(DECLARATION, tuple(_declaration_findings(subject)))
    yield Result(NORMALIZATION, tuple(check_normalization(subject)))
    migrations = Result(MIGRATIONS, tuple(check_migrations(subject, folder)))
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


def _results_on_a_site(subject: Subject, folder: Path, *, can_run: bool) -> Iterator[Result]:
    if not can_run:
        yield from (Result(name, skipped=True) for name in ON_A_SITE)
        return
    sites = TrialSites(subject, folder)
    failed = set()
    for name, run in ON_A_SITE.items():
        if name == POWERSHELL and EXAMPLES in failed:
            yield Result(name, skipped=True)  # its faults would be those of the examples again
            continue
        result = Result(name, tuple(run(sites)))
        failed.update([name] if result.faults else [])
        yield result
