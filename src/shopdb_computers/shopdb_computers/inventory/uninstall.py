"""The installed programs in the Uninstall keys of a Windows registry."""

from collections.abc import Iterable, Mapping

from shopdb_hookspecs import JsonObject


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
