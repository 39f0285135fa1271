"""What the kit says of migrations that do not keep to the rules."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shopdb_core.devkit.checks.migrations import check_migrations
from shopdb_core.devkit.subject import Subject

MakeSubject = Callable[..., Subject]
WriteMigrations = Callable[..., Path]

OUTSIDE = "which is outside the plugin's own package"


def told(subject: Subject, folder: Path) -> list[str]:
    """Return the findings but the one that the test's own migrations are outside."""
    return [str(finding) for finding in check_migrations(subject, folder) if OUTSIDE not in finding.what]


@pytest.mark.parametrize(
    ("scripts", "findings"),
    [
        (("CREATE TABLE rack_tray (name TEXT)", "DROP TABLE rack_tray"), []),
        (
            ("CREATE TABLE tray (name TEXT)", "DROP TABLE tray"),
            ["upgrade: creates tray, which another plugin could create, too"],
        ),
        (("CREATE TABLE rack_tray (name TEXT PRIMARY KEY)", ""), ["downgrade: leaves rack_tray behind"]),
        (
            (
                "CREATE TABLE rack_tray (name TEXT); ALTER TABLE asset ADD COLUMN colour TEXT",
                "DROP TABLE rack_tray; ALTER TABLE asset DROP COLUMN colour",
            ),
            ["upgrade: changes the core's asset"],
        ),
    ],
)
def test_what_the_scripts_leave_behind_is_looked_at(
    subject: MakeSubject,
    write_migrations: WriteMigrations,
    tmp_path: Path,
    scripts: tuple[str, str],
    findings: list[str],
) -> None:
    """Up, down and up again, on an empty database."""
    directory = write_migrations(*scripts)

    found = told(subject(get_migrations=lambda: directory), tmp_path)

    assert found == findings


def test_a_script_that_fails_is_told(
    subject: MakeSubject, write_migrations: WriteMigrations, tmp_path: Path
) -> None:
    """With what the database said."""
    directory = write_migrations("CREATE TABEL rack_tray (name TEXT)")

    (found,) = told(subject(get_migrations=lambda: directory), tmp_path)

    assert found.startswith("get_migrations: The migrations of rack failed and were rolled back: ")


def test_a_directory_without_versions_is_told(subject: MakeSubject, tmp_path: Path) -> None:
    """A wheel that forgot its scripts looks like this."""
    (tmp_path / "empty").mkdir()

    (found,) = told(subject(get_migrations=lambda: tmp_path / "empty"), tmp_path)

    assert found == "get_migrations: names a directory without versions"


def test_a_directory_elsewhere_is_told(
    subject: MakeSubject, write_migrations: WriteMigrations, tmp_path: Path, only: Callable[..., Any]
) -> None:
    """It would not be there where the wheel is installed."""
    directory = write_migrations("CREATE TABLE rack_tray (name TEXT)")

    assert OUTSIDE in only(check_migrations(subject(get_migrations=lambda: directory), tmp_path)).what
