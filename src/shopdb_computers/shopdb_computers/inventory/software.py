"""The programs that are installed on this machine."""

import sys

from shopdb_computers.inventory.packages import dpkg_packages, rpm_packages
from shopdb_computers.inventory.uninstall import programs_of
from shopdb_hookspecs import JsonObject

if sys.platform == "win32":
    from shopdb_computers.inventory.registry import uninstall_entries


def installedsoftware() -> list[JsonObject]:
    """Return the installed programs from the Windows registry, or from dpkg and rpm."""
    if sys.platform == "win32":
        return programs_of(uninstall_entries())
    return [*dpkg_packages(), *rpm_packages()]
