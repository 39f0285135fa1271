"""The packages that dpkg and rpm know of."""

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
    """Read lines of status, name and version; a package that was removed leaves its name behind."""
    for line in output.splitlines():
        status, name, version = line.split("\t")
        if status.startswith("ii"):
            yield {"name": name, "version": version}


def parse_rpm(output: str) -> Iterator[JsonObject]:
    """Read lines of name and version; the keys that rpm trusts are kept as packages but are none."""
    for line in output.splitlines():
        name, version = line.split("\t")
        if name != "gpg-pubkey":
            yield {"name": name, "version": version}


def _output(program: str, arguments: Sequence[str]) -> str:
    """Run a program and give what it prints, nothing where the machine does not have it or it fails."""
    path = shutil.which(program)
    if path is None:
        return ""
    command = [path, *arguments]
    done = subprocess.run(
        command, capture_output=True, check=False, encoding="utf-8", errors="replace", timeout=_SECONDS
    )
    return done.stdout if done.returncode == 0 else ""
