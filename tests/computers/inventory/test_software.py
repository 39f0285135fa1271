"""Reading what package managers print."""

import pytest

from shopdb_computers.inventory.software import (
    dpkg_packages,
    parse_dpkg,
    parse_rpm,
    programs_of,
    rpm_packages,
)


def test_dpkg_lists_installed_packages_only() -> None:
    """A package that was removed but kept its configuration is not installed."""
    output = "ii \ttar\t1.34+dfsg-1.2\nrc \tzip\t3.0-13\niHR\tbroken\t1.0\n"

    assert list(parse_dpkg(output)) == [{"name": "tar", "version": "1.34+dfsg-1.2"}]


def test_rpm_leaves_out_trusted_keys() -> None:
    """The public keys in rpm's database are skipped."""
    output = "expat\t2.2.8-1.fc31\ngpg-pubkey\t3c3359c4-5c6ae44d\n"

    assert list(parse_rpm(output)) == [{"name": "expat", "version": "2.2.8-1.fc31"}]


def test_no_output_is_no_package() -> None:
    """A machine without a package database has nothing to list."""
    assert [*parse_dpkg(""), *parse_rpm("")] == []


def test_a_machine_without_package_managers_has_no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container without a package manager has no packages."""
    monkeypatch.setenv("PATH", "")

    assert [*dpkg_packages(), *rpm_packages()] == []


def test_uninstall_entries_are_those_that_windows_lists() -> None:
    """Entries without a name and components of the system are left out; a version may be missing."""
    entries: list[dict[str, object]] = [
        {"DisplayName": "CCleaner", "DisplayVersion": "5.09"},
        {"DisplayName": "KB4019215"},
        {"DisplayVersion": "1.0"},
        {"DisplayName": "Hidden", "SystemComponent": 1},
    ]

    assert programs_of(entries) == [{"name": "CCleaner", "version": "5.09"}, {"name": "KB4019215"}]
