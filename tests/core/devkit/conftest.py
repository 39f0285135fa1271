"""Small plugins that pass or fail one check."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shopdb_core.devkit.checks.declaration import load_alone
from shopdb_core.devkit.databases import SqliteFiles
from shopdb_core.devkit.results import Finding
from shopdb_core.devkit.subject import Subject
from shopdb_core.devkit.trial import TrialSites
from shopdb_core.plugins.discovery import Candidate, given_candidates
from shopdb_hookspecs import hookimpl

DECLARATION = {
    "identityfield": "serial",
    "fields": {
        "serial": {"type": "string", "maxLength": 40},
        "place": {"type": "string", "maxLength": 40},
        "installedat": {"type": "string", "format": "date-time"},
        "trays": {
            "type": "array",
            "maxItems": 10,
            "items": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": False,
                "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 20}},
            },
        },
    },
}
EXAMPLE = {
    "serial": "R1",
    "place": "hall 3",
    "installedat": "2026-01-01T00:00:00Z",
    "trays": [{"name": "left"}, {"name": "right"}],
}


@pytest.fixture
def declaration() -> dict[str, Any]:
    """The declaration of a collector of racks."""
    return DECLARATION


@pytest.fixture
def example() -> dict[str, Any]:
    """A submission with every field."""
    return EXAMPLE


@pytest.fixture
def make_plugin() -> Callable[..., Candidate]:
    """Make a plugin named rack from functions without `self`, one for each hook by its name."""

    def make(**hooks: Callable[..., object]) -> Candidate:
        methods = {
            "get_collector_schema": lambda: DECLARATION,
            "get_example_submissions": lambda: [EXAMPLE],
            **hooks,
        }
        marked = {name: staticmethod(hookimpl(hook)) for name, hook in methods.items()}
        return given_candidates({"rack": type("Rack", (), marked)()})[0]

    return make


@pytest.fixture
def subject(make_plugin: Callable[..., Candidate]) -> Callable[..., Subject]:
    """Load such a plugin as the kit does."""
    return lambda **hooks: Subject.of(load_alone(make_plugin(**hooks)))


@pytest.fixture
def sites(subject: Callable[..., Subject], tmp_path: Path) -> Callable[..., TrialSites]:
    """Make the sites on which such a plugin is tried."""
    return lambda **hooks: TrialSites(subject(**hooks), SqliteFiles(tmp_path))


@pytest.fixture
def write_migrations(tmp_path: Path) -> Callable[..., Path]:
    """Write one Alembic version with these statements, and return its directory."""

    def write(upgrade: str, downgrade: str = "DROP TABLE rack_tray") -> Path:
        directory = tmp_path / "versions"
        directory.mkdir(exist_ok=True)
        scripts = {"upgrade": upgrade, "downgrade": downgrade}
        steps = [f"def {name}():\n{_executing(sql)}" for name, sql in scripts.items()]
        head = 'from alembic import op\n\nrevision = "rack_0001"\ndown_revision = None\n'
        (directory / "0001_racks.py").write_text("\n\n".join([head, *steps]) + "\n")
        return directory

    return write


def _executing(statements: str) -> str:
    lines = [f"    op.execute({sql.strip()!r})" for sql in statements.split(";") if sql.strip()]
    return "\n".join(lines or ["    pass"])


@pytest.fixture
def only() -> Callable[[Iterator[Finding]], Finding]:
    """Expect one fault beside any notes."""

    def expect(findings: Iterator[Finding]) -> Finding:
        (fault,) = [finding for finding in findings if not finding.isnote]
        return fault

    return expect
