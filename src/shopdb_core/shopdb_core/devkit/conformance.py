"""`check` runs every check of a plugin, in an order in which each may rely on the ones before it."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from shopdb_core.devkit.checks.declaration import Unloadable, check_declared, load_alone
from shopdb_core.devkit.checks.examples import check_examples
from shopdb_core.devkit.checks.migrations import check_migrations
from shopdb_core.devkit.checks.normalization import check_normalization
from shopdb_core.devkit.checks.powershell import check_powershell
from shopdb_core.devkit.checks.reports import check_reports
from shopdb_core.devkit.checks.storage import check_storing
from shopdb_core.devkit.results import CheckResult, ConformanceResult, Finding
from shopdb_core.devkit.subject import Subject
from shopdb_core.devkit.trial import TrialSites
from shopdb_core.plugins.discovery import Candidate

DECLARATION, NORMALIZATION, MIGRATIONS = "declaration", "normalize_submission", "migrations"
EXAMPLES, POWERSHELL = "examples", "powershell shapes"

SITE_CHECKS: Mapping[str, Callable[[TrialSites], Iterable[Finding]]] = MappingProxyType(
    {
        EXAMPLES: check_examples,
        POWERSHELL: check_powershell,
        "store_asset": check_storing,
        "reports": check_reports,
    }
)
"""The checks that need a site with the plugin's tables."""


def check(candidate: Candidate) -> ConformanceResult:
    """Load one plugin without any other, and run every check on databases in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="shopdb-conformance-") as folder:
        results = tuple(_results(candidate, Path(folder)))
    return ConformanceResult(candidate.name, candidate.version, candidate.distribution, results)


def _results(candidate: Candidate, folder: Path) -> Iterator[CheckResult]:
    try:
        plugin = load_alone(candidate)
    except Unloadable as error:
        yield CheckResult(DECLARATION, error.findings)
        yield from (CheckResult(name, skipped=True) for name in (NORMALIZATION, MIGRATIONS, *SITE_CHECKS))
        return
    subject = Subject.of(plugin)
    yield CheckResult(DECLARATION, tuple(check_declared(subject)))
    yield CheckResult(NORMALIZATION, tuple(check_normalization(subject)))
    migrations = CheckResult(MIGRATIONS, tuple(check_migrations(subject, folder)))
    yield migrations
    yield from _site_results(subject, folder, can_run=not migrations.faults)


def _site_results(subject: Subject, folder: Path, *, can_run: bool) -> Iterator[CheckResult]:
    if not can_run:
        yield from (CheckResult(name, skipped=True) for name in SITE_CHECKS)
        return
    sites = TrialSites(subject, folder)
    failed = set()
    for name, run in SITE_CHECKS.items():
        if name == POWERSHELL and EXAMPLES in failed:
            yield CheckResult(name, skipped=True)  # it would repeat the faults of the examples
            continue
        result = CheckResult(name, tuple(run(sites)))
        failed.update([name] if result.faults else [])
        yield result
