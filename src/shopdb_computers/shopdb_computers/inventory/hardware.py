"""The hardware of this machine: maker, model, serial number, firmware and disks.

On Linux it is read from files of the kernel; what only root may read is left out for other users.
"""

import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from shopdb_hookspecs import Json, JsonObject

if sys.platform == "win32":
    from shopdb_computers.inventory.registry import firmware_values

_DMI = Path("/sys/class/dmi/id")
_BLOCK = Path("/sys/block")

_FILES = {
    "serialnumber": "product_serial",
    "uuid": "product_uuid",
    "manufacturer": "sys_vendor",
    "model": "product_name",
    "biosversion": "bios_version",
}
_VALUES = {
    "manufacturer": "SystemManufacturer",
    "model": "SystemProductName",
    "biosversion": "BIOSVersion",
}

_NO_DISKS = ("loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd")
_SECTOR = 512
"""The unit of `size` in bytes, whatever the sectors of a disk are (sysfs-block)."""


def hardware() -> dict[str, Json]:
    """Return the fields of the hardware that this system shows to this user."""
    fields: dict[str, Json] = {"architecture": platform.machine(), "disks": list(disks(_BLOCK))}
    if sys.platform == "win32":
        values = firmware_values()
        return {**fields, **{field: str(values.get(name, "")) for field, name in _VALUES.items()}}
    return {**fields, **dmi_fields(_DMI)}


def dmi_fields(folder: Path) -> dict[str, Json]:
    """Return what a folder like /sys/class/dmi/id has; ARM boards have none."""
    fields: dict[str, Json] = {field: _content(folder / name) for field, name in _FILES.items()}
    chassis = _content(folder / "chassis_type")
    return {**fields, "formfactor": int(chassis) if chassis.isdecimal() else ""}


def disks(folder: Path) -> Iterator[JsonObject]:
    """Yield the disks in a folder like /sys/block, without those that are parts or images of others."""
    for disk in sorted(folder.iterdir()) if folder.is_dir() else ():
        size = _content(disk / "size")
        if not disk.name.startswith(_NO_DISKS) and size.isdecimal() and int(size):
            yield _disk(disk, int(size) * _SECTOR)


def _disk(disk: Path, sizebytes: int) -> JsonObject:
    rotational = _content(disk / "queue" / "rotational")
    found = {
        "name": disk.name,
        "model": _content(disk / "device" / "model"),
        # NVMe disks have it at the device, those of virtual machines at the disk.
        "serialnumber": _content(disk / "device" / "serial") or _content(disk / "serial"),
        "sizebytes": sizebytes,
        "mediatype": {"0": "ssd", "1": "hdd"}.get(rotational),
    }
    return {name: value for name, value in found.items() if value}


def _content(path: Path) -> str:
    """Return the text of a file, empty if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip().strip("\0").strip()
    except OSError:
        return ""
