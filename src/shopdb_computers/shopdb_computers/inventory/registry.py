"""Read the processor, the firmware and the Uninstall keys from a Windows registry."""

import platform
import sys
import winreg
from collections.abc import Iterator

assert sys.platform == "win32"  # For type checkers: on other systems winreg is empty.

_UNINSTALL = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
_PROCESSOR = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
_FIRMWARE = r"HARDWARE\DESCRIPTION\System\BIOS"


def processor_name() -> str | None:
    """Return the model of the first processor."""
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _PROCESSOR) as key:
        return str(_values(key).get("ProcessorNameString", "")).strip() or None


def firmware_values() -> dict[str, object]:
    """Return what the firmware says about the machine; empty if Windows has not kept it."""
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _FIRMWARE) as key:
            return _values(key)
    except OSError:
        return {}


def uninstall_entries() -> Iterator[dict[str, object]]:
    """Return the values of each Uninstall key, of 64-bit and of 32-bit programs, and their architecture."""
    views = {winreg.KEY_WOW64_64KEY: platform.machine(), winreg.KEY_WOW64_32KEY: "x86"}
    for view, architecture in views.items():
        access = winreg.KEY_READ | view
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _UNINSTALL, access=access) as uninstall:
            for name in _subkeys(uninstall):
                with winreg.OpenKey(uninstall, name, access=access) as key:
                    yield {**_values(key), "Architecture": architecture}


def _subkeys(key: winreg.HKEYType) -> list[str]:
    return [winreg.EnumKey(key, index) for index in range(winreg.QueryInfoKey(key)[0])]


def _values(key: winreg.HKEYType) -> dict[str, object]:
    values = (winreg.EnumValue(key, index) for index in range(winreg.QueryInfoKey(key)[1]))
    return {name: value for name, value, _ in values}
