"""The findings of the check `migrations`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shopdb_core.devkit.checks.migrations import check_migrations
from shopdb_core.devkit.databases import SqliteFiles
from shopdb_core.devkit.subject import Subject

MakeSubject = Callable[..., Subject]
WriteMigrations = Callable[..., Path]

OUTSIDE = "which is outside the plugin's own package"


def findings_of(subject: Subject, folder: Path) -> list[str]:
    """Return the findings, without the one that the test's migrations are outside the package."""
    return [
        str(finding)
        for finding in check_migrations(subject, SqliteFiles(folder))
        if OUTSIDE not in finding.what
    ]


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
def test_the_tables_that_scripts_create_and_leave(
    subject: MakeSubject,
    write_migrations: WriteMigrations,
    tmp_path: Path,
    scripts: tuple[str, str],
    findings: list[str],
) -> None:
    """The scripts run up, down and up again, on an empty database."""
    directory = write_migrations(*scripts)

    found = findings_of(subject(get_migrations=lambda: directory), tmp_path)

    assert found == findings


def test_a_script_that_fails(subject: MakeSubject, write_migrations: WriteMigrations, tmp_path: Path) -> None:
    """The finding has the message of the database."""
    directory = write_migrations("CREATE TABEL rack_tray (name TEXT)")

    (found,) = findings_of(subject(get_migrations=lambda: directory), tmp_path)

    assert found.startswith("get_migrations: The migrations of rack failed and were rolled back: ")


def test_a_directory_without_versions(subject: MakeSubject, tmp_path: Path) -> None:
    """A wheel into which the scripts were not packed has such a directory."""
    (tmp_path / "empty").mkdir()

    (found,) = findings_of(subject(get_migrations=lambda: tmp_path / "empty"), tmp_path)

    assert found == "get_migrations: names a directory without versions"


def test_a_directory_outside_the_package(
    subject: MakeSubject, write_migrations: WriteMigrations, tmp_path: Path, only: Callable[..., Any]
) -> None:
    """The finding says that the wheel would not have it."""
    directory = write_migrations("CREATE TABLE rack_tray (name TEXT)")

    assert (
        OUTSIDE
        in only(check_migrations(subject(get_migrations=lambda: directory), SqliteFiles(tmp_path))).what
    )
