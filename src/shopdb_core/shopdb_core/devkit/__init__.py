"""Tools for plugin authors. `check_plugin` runs the conformance checks, without pytest."""

from collections.abc import Sequence
from importlib.util import find_spec

from shopdb_core.devkit.databases import Databases
from shopdb_core.devkit.results import ConformanceResult
from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.discovery import Candidate

__all__ = ["ConformanceResult", "check_plugin"]


def check_plugin(candidate: Candidate, servers: Sequence[Databases] = ()) -> ConformanceResult:
    """Run every check of one plugin, without any other, on temporary SQLite files and on the servers.

    Raises `ConfigurationError` if the extra `testing` is not installed.
    """
    if find_spec("hypothesis") is None:
        raise ConfigurationError(
            "Checking a plugin needs Hypothesis, which is missing: pip install 'shopdb-core[testing]'"
        )
    from shopdb_core.devkit.conformance import check  # noqa: PLC0415  # imports Hypothesis

    return check(candidate, servers)
