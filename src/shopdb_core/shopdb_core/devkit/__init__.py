"""The conformance kit: whether a plugin keeps the contract, without pytest."""

from importlib.util import find_spec

from shopdb_core.devkit.verdict import ConformanceResult
from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.discovery import Candidate

__all__ = ["ConformanceResult", "check_plugin"]


def check_plugin(candidate: Candidate) -> ConformanceResult:
    """Run every check of one plugin, alone and on temporary SQLite databases.

    Raises `ConfigurationError` where the extra `testing` is not installed.
    """
    if find_spec("hypothesis") is None:
        raise ConfigurationError(
            "Checking a plugin needs Hypothesis, which is missing: pip install 'shopdb-core[testing]'"
        )
    from shopdb_core.devkit.run import check  # noqa: PLC0415  # Hypothesis is there for sure only now

    return check(candidate)
