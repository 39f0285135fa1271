"""What the Uninstall keys of a Windows registry say about installed programs."""

from collections.abc import Iterable, Mapping

from shopdb_hookspecs import JsonObject


def programs_of(entries: Iterable[Mapping[str, object]]) -> list[JsonObject]:
    """Give the programs that Windows lists; an entry without a name or of the system is not one."""
    return [_program(entry) for entry in entries if _is_listed(entry)]


def _is_listed(entry: Mapping[str, object]) -> bool:
    return bool(entry.get("DisplayName")) and entry.get("SystemComponent") != 1


def _program(entry: Mapping[str, object]) -> JsonObject:
    program = {"name": str(entry["DisplayName"])}
    if version := entry.get("DisplayVersion"):
        program["version"] = str(version)
    return program
