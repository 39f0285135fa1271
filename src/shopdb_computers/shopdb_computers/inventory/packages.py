"""The packages that dpkg and rpm list as installed."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence

from shopdb_hookspecs import JsonObject

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
