"""Every check of a plugin, in an order in which each may rely on the ones before it."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from shopdb_core.conformance.declaration import example_findings, valid_examples
from shopdb_core.conformance.examples import check_examples
from shopdb_core.conformance.finding import Finding
from shopdb_core.conformance.loading import Unloadable, deprecations, load_alone
from shopdb_core.conformance.migrations import check_migrations
from shopdb_core.conformance.normalization import check_normalization
from shopdb_core.conformance.subject import Subject
from shopdb_core.conformance.trial import TrialSites
from shopdb_core.conformance.verdict import Result, Verdict
from shopdb_core.plugins.candidates import Candidate

DECLARATION, NORMALIZATION, MIGRATIONS = "declaration", "normalize_submission", "migrations"

ON_A_SITE: Mapping[str, Callable[[TrialSites], Iterable[Finding]]] = MappingProxyType(
    {
        "examples": check_examples,
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
    yield Result(DECLARATION, (*deprecations(candidate), *example_findings(plugin)))
    examples = valid_examples(plugin.collector) if plugin.collector else {}
    subject = Subject(plugin, examples)
    yield Result(NORMALIZATION, tuple(check_normalization(subject)))
    migrations = Result(MIGRATIONS, tuple(check_migrations(subject, folder)))
    yield migrations
    yield from _results_on_a_site(subject, folder, can_run=not migrations.faults)


def _results_on_a_site(subject: Subject, folder: Path, *, can_run: bool) -> Iterator[Result]:
    if not can_run:
        yield from (Result(name, skipped=True) for name in ON_A_SITE)
        return
    sites = TrialSites(subject, folder)
    for name, run in ON_A_SITE.items():
        yield Result(name, tuple(run(sites)))
