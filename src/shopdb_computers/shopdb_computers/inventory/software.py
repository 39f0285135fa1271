"""The programs that are installed on this machine: packages of dpkg and rpm, or programs of Windows."""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from shopdb_hookspecs import JsonObject

if sys.platform == "win32":
    from shopdb_computers.inventory.registry import uninstall_entries


_SECONDS = 60
_DPKG = Path("/var/lib/dpkg/info")
_ENTRY = {
    "name": "DisplayName",
    "version": "DisplayVersion",
    "publisher": "Publisher",
    "architecture": "Architecture",
    "installdate": "InstallDate",
}


def dpkg_packages() -> list[JsonObject]:
    """List the packages of dpkg-query(1)."""
    columns = "${db:Status-Abbrev}\\t${Package}\\t${Version}\\t${Architecture}\\t${Origin}\\n"
    return list(parse_dpkg(_output("dpkg-query", ["--show", f"--showformat={columns}"]), _DPKG))


def rpm_packages() -> list[JsonObject]:
    """List the packages of rpm(8)."""
    columns = "%{NAME}\\t%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{VENDOR}\\t%{INSTALLTIME}\\n"
    return list(parse_rpm(_output("rpm", ["--query", "--all", "--queryformat", columns])))


def parse_dpkg(output: str, database: Path) -> Iterator[JsonObject]:
    """Read lines of status, name, version, architecture and origin; removed packages are skipped.

    `database` is a folder like /var/lib/dpkg/info, whose lists of files are as old as the installation.
    """
    for line in output.splitlines():
        status, name, version, architecture, origin = line.split("\t")
        if status.startswith("ii"):
            lists = (database / f"{name}.list", database / f"{name}:{architecture}.list")
            changed = next(filter(None, map(_changed, lists)), None)
            yield _package(("dpkg", name, version, architecture, origin), changed)


def parse_rpm(output: str) -> Iterator[JsonObject]:
    """Read lines of name, version, architecture, vendor and time.

    rpm lists trusted keys as packages, which are skipped, and `(none)` for what a package has not.
    """
    for line in output.splitlines():
        name, version, *more = line.split("\t")
        architecture, vendor, installed = ("" if text == "(none)" else text for text in more)
        if name != "gpg-pubkey":
            seconds = float(installed) if installed.isdecimal() else None
            yield _package(("rpm", name, version, architecture, vendor), seconds)


def _package(values: tuple[str, ...], installed: float | None) -> JsonObject:
    package = dict(zip(("source", "name", "version", "architecture", "publisher"), values, strict=True))
    if installed:
        package["installdate"] = datetime.fromtimestamp(installed, UTC).date().isoformat()
    return {member: value for member, value in package.items() if value}


def _changed(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _output(program: str, arguments: Sequence[str]) -> str:
    """Return the output of a program, empty if it is not installed or fails."""
    path = shutil.which(program)
    if path is None:
        return ""
    command = [path, *arguments]
    done = subprocess.run(
        command, capture_output=True, check=False, encoding="utf-8", errors="replace", timeout=_SECONDS
    )
    return done.stdout if done.returncode == 0 else ""


def programs_of(entries: Iterable[Mapping[str, object]]) -> list[JsonObject]:
    """Return the programs that Windows lists; entries without a name and system components are skipped."""
    return [_program(entry) for entry in entries if _is_listed(entry)]


def _is_listed(entry: Mapping[str, object]) -> bool:
    return bool(entry.get("DisplayName")) and entry.get("SystemComponent") != 1


def _program(entry: Mapping[str, object]) -> JsonObject:
    texts = {member: str(entry.get(name) or "").strip() for member, name in _ENTRY.items()}
    texts["installdate"] = _day(texts["installdate"])
    texts["source"] = "msi" if entry.get("WindowsInstaller") == 1 else "registry"
    return {member: text for member, text in texts.items() if text}


def _day(text: str) -> str:
    """Return a day in eight digits as a date (RFC 3339), empty for any other text that an installer wrote."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def installedsoftware() -> list[JsonObject]:
    """Return the installed programs from the Windows registry, or from dpkg and rpm."""
    if sys.platform == "win32":
        return programs_of(uninstall_entries())
    return [*dpkg_packages(), *rpm_packages()]
