"""Reading what package managers print."""

import os
from pathlib import Path

import pytest

from shopdb_computers.inventory.software import (
    dpkg_packages,
    parse_dpkg,
    parse_rpm,
    programs_of,
    rpm_packages,
)


def test_dpkg_lists_installed_packages_only(tmp_path: Path) -> None:
    """A package that was removed but kept its configuration is not installed."""
    output = "ii \ttar\t1.34+dfsg-1.2\tamd64\t\nrc \tzip\t3.0-13\tall\t\niHR\tbroken\t1.0\tall\t\n"

    assert list(parse_dpkg(output, tmp_path)) == [
        {"source": "dpkg", "name": "tar", "version": "1.34+dfsg-1.2", "architecture": "amd64"}
    ]


def test_a_package_of_dpkg_is_as_old_as_its_list_of_files(tmp_path: Path) -> None:
    """The list of a package for several architectures has the architecture in its name."""
    for name in ("tar.list", "libc6:amd64.list"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (1_700_000_000, 1_700_000_000))
    output = "ii \ttar\t1.34\tamd64\tDebian\nii \tlibc6\t2.36\tamd64\t\n"

    tar, libc = parse_dpkg(output, tmp_path)

    assert (tar["publisher"], tar["installdate"], libc["installdate"]) == (
        "Debian",
        "2023-11-14",
        "2023-11-14",
    )


def test_rpm_leaves_out_trusted_keys() -> None:
    """The public keys in rpm's database are skipped, and `(none)` is not a value."""
    output = (
        "expat\t2.2.8-1.fc31\tx86_64\tFedora Project\t1700000000\n"
        "local\t1-1\t(none)\t(none)\t(none)\n"
        "gpg-pubkey\t3c3359c4-5c6ae44d\t(none)\t(none)\t1700000000\n"
    )

    assert list(parse_rpm(output)) == [
        {
            "source": "rpm",
            "name": "expat",
            "version": "2.2.8-1.fc31",
            "architecture": "x86_64",
            "publisher": "Fedora Project",
            "installdate": "2023-11-14",
        },
        {"source": "rpm", "name": "local", "version": "1-1"},
    ]


def test_no_output_is_no_package(tmp_path: Path) -> None:
    """A machine without a package database has nothing to list."""
    assert [*parse_dpkg("", tmp_path), *parse_rpm("")] == []


def test_a_machine_without_package_managers_has_no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container without a package manager has no packages."""
    monkeypatch.setenv("PATH", "")

    assert [*dpkg_packages(), *rpm_packages()] == []


def test_uninstall_entries_are_those_that_windows_lists() -> None:
    """Entries without a name and components of the system are left out; a version may be missing."""
    entries: list[dict[str, object]] = [
        {"DisplayName": "CCleaner", "DisplayVersion": "5.09", "WindowsInstaller": 1},
        {"DisplayName": "KB4019215", "Publisher": " Microsoft ", "InstallDate": "20250317"},
        {"DisplayName": "Odd", "InstallDate": "17.03.2025", "Publisher": None, "DisplayVersion": 7},
        {"DisplayName": "Odder", "InstallDate": "20250230", "Architecture": "x86"},
        {"DisplayVersion": "1.0"},
        {"DisplayName": "Hidden", "SystemComponent": 1},
    ]

    assert programs_of(entries) == [
        {"name": "CCleaner", "version": "5.09", "source": "msi"},
        {
            "name": "KB4019215",
            "publisher": "Microsoft",
            "installdate": "2025-03-17",
            "source": "registry",
        },
        {"name": "Odd", "version": "7", "source": "registry"},
        {"name": "Odder", "architecture": "x86", "source": "registry"},
    ]
