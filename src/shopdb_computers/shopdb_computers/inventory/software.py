"""The programs that are installed on this machine: packages of dpkg and rpm, or programs of Windows."""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from shopdb_hookspecs import JsonObject

if sys.platform == "win32":
    from shopdb_computers.inventory.registry import uninstall_entries


_SECONDS = 60


def dpkg_packages() -> list[JsonObject]:
    """List the packages of dpkg-query(1)."""
    columns = "${db:Status-Abbrev}\\t${Package}\\t${Version}\\n"
    return list(parse_dpkg(_output("dpkg-query", ["--show", f"--showformat={columns}"])))


def rpm_packages() -> list[JsonObject]:
    """List the packages of rpm(8)."""
    columns = "%{NAME}\\t%{VERSION}-%{RELEASE}\\n"
    return list(parse_rpm(_output("rpm", ["--query", "--all", "--queryformat", columns])))


def parse_dpkg(output: str) -> Iterator[JsonObject]:
    """Read lines of status, name and version; removed packages, which dpkg still lists, are skipped."""
    for line in output.splitlines():
        status, name, version = line.split("\t")
        if status.startswith("ii"):
            yield {"name": name, "version": version}


def parse_rpm(output: str) -> Iterator[JsonObject]:
    """Read lines of name and version; rpm lists trusted keys as packages, which are skipped."""
    for line in output.splitlines():
        name, version = line.split("\t")
        if name != "gpg-pubkey":
            yield {"name": name, "version": version}


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
    program = {"name": str(entry["DisplayName"])}
    if version := entry.get("DisplayVersion"):
        program["version"] = str(version)
    return program


def installedsoftware() -> list[JsonObject]:
    """Return the installed programs from the Windows registry, or from dpkg and rpm."""
    if sys.platform == "win32":
        return programs_of(uninstall_entries())
    return [*dpkg_packages(), *rpm_packages()]
