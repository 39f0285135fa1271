"""`check` runs every check of a plugin, in an order in which each may rely on the ones before it."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from shopdb_core.devkit.checks.declaration import Unloadable, check_declared, load_alone
from shopdb_core.devkit.checks.examples import check_examples
from shopdb_core.devkit.checks.migrations import check_migrations
from shopdb_core.devkit.checks.normalization import check_normalization
from shopdb_core.devkit.checks.panels import check_panels
from shopdb_core.devkit.checks.powershell import check_powershell
from shopdb_core.devkit.checks.reports import check_reports
from shopdb_core.devkit.checks.storage import check_storing
from shopdb_core.devkit.databases import Databases, SqliteFiles
from shopdb_core.devkit.results import CheckResult, ConformanceResult, Finding
from shopdb_core.devkit.subject import Subject
from shopdb_core.devkit.trial import TrialSites
from shopdb_core.plugins.discovery import Candidate

DECLARATION, NORMALIZATION, MIGRATIONS = "declaration", "normalize_submission", "migrations"
EXAMPLES, POWERSHELL, PANELS = "examples", "powershell shapes", "panels"

SITE_CHECKS: Mapping[str, Callable[[TrialSites], Iterable[Finding]]] = MappingProxyType(
    {
        EXAMPLES: check_examples,
        POWERSHELL: check_powershell,
        "store_asset": check_storing,
        "reports": check_reports,
    }
)
"""The checks that need a site with the plugin's tables."""


def check(candidate: Candidate, servers: Sequence[Databases] = ()) -> ConformanceResult:
    """Load one plugin without any other, and run every check on SQLite and on each of the servers.

    The SQLite files are in a temporary folder. Raises `ConfigurationError` for a server that fails.
    """
    with tempfile.TemporaryDirectory(prefix="shopdb-conformance-") as folder:
        results = tuple(_results(candidate, [SqliteFiles(Path(folder)), *servers]))
    return ConformanceResult(candidate.name, candidate.version, candidate.distribution, results)


def _results(candidate: Candidate, places: Sequence[Databases]) -> Iterator[CheckResult]:
    try:
        plugin = load_alone(candidate)
    except Unloadable as error:
        yield CheckResult(DECLARATION, error.findings)
        yield from (CheckResult(name, skipped=True) for name in (NORMALIZATION, PANELS))
        for databases in places:
            yield from _skipped((MIGRATIONS, *SITE_CHECKS), databases)
        return
    subject = Subject.of(plugin)
    yield CheckResult(DECLARATION, tuple(check_declared(subject)))
    yield CheckResult(NORMALIZATION, tuple(check_normalization(subject)))
    yield CheckResult(PANELS, tuple(check_panels(subject)))
    for databases in places:
        migrations = tuple(check_migrations(subject, databases))
        result = CheckResult(MIGRATIONS, migrations, database=databases.name)
        yield result
        if result.faults:
            yield from _skipped(SITE_CHECKS, databases)
        else:
            yield from _site_results(subject, databases)


def _skipped(names: Iterable[str], databases: Databases) -> Iterator[CheckResult]:
    return (CheckResult(name, skipped=True, database=databases.name) for name in names)


def _site_results(subject: Subject, databases: Databases) -> Iterator[CheckResult]:
    sites = TrialSites(subject, databases)
    failed = set()
    for name, run in SITE_CHECKS.items():
        if name == POWERSHELL and EXAMPLES in failed:
            yield from _skipped([name], databases)  # it would repeat the faults of the examples
            continue
        result = CheckResult(name, tuple(run(sites)), database=databases.name)
        failed.update([name] if result.faults else [])
        yield result
