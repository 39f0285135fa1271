"""Reading the hardware from files of the kernel."""

import os
from pathlib import Path

import pytest

from shopdb_computers.inventory.hardware import disks, dmi_fields
from shopdb_computers.normalization import normalized

DMI = {
    "product_serial": "5CG8123ABC\n",
    "product_uuid": "4C4C4544-0042-3510-8054-B9C04F4D3532\n",
    "sys_vendor": "HP\n",
    "product_name": "HP EliteBook 840 G9\0\n",
    "bios_version": "U70 Ver. 01.09.02\n",
    "chassis_type": "10\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("latin-1"))
    return folder


def test_the_firmware_is_read(tmp_path: Path) -> None:
    """Line ends and NUL characters are no part of a value; the chassis is a name once normalised."""
    fields = dmi_fields(write(tmp_path, DMI))

    assert normalized(fields) == {
        "serialnumber": "5CG8123ABC",
        "uuid": "4c4c4544-0042-3510-8054-b9c04f4d3532",
        "manufacturer": "HP",
        "model": "HP EliteBook 840 G9",
        "biosversion": "U70 Ver. 01.09.02",
        "formfactor": "notebook",
    }


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has neither root nor these files")
def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    """A missing folder, a folder instead of a file, bytes that are not UTF-8, an odd chassis."""
    assert set(dmi_fields(tmp_path / "none").values()) == {""}
    write(tmp_path, {"sys_vendor": "\xff\xfe", "chassis_type": "notebook", "product_serial/x": ""})
    fields = dmi_fields(tmp_path)
    assert (fields["manufacturer"], fields["formfactor"], fields["serialnumber"]) == ("\ufffd\ufffd", "", "")


def test_disks_are_listed_without_images_and_parts(tmp_path: Path) -> None:
    """Loop devices, volumes, optical drives and empty card readers are not disks."""
    write(
        tmp_path,
        {
            "nvme0n1/size": "1000215216\n",
            "nvme0n1/queue/rotational": "0\n",
            "nvme0n1/device/model": "SAMSUNG MZVL2512HCJQ                    \n",
            "nvme0n1/device/serial": "S675NX0R512345\n",
            "sda/size": "2048\n",
            "sda/queue/rotational": "1\n",
            "vda/size": "4096\n",
            "vda/serial": "vm-disk",
            **{f"{name}/size": "64\n" for name in ("loop0", "dm-0", "md0", "sr0", "zram0", "nbd0")},
            "mmcblk0/size": "0\n",
            "odd/size": "many\n",
            "none/removable": "1\n",
        },
    )

    assert [*disks(tmp_path)] == [
        {
            "name": "nvme0n1",
            "model": "SAMSUNG MZVL2512HCJQ",
            "serialnumber": "S675NX0R512345",
            "sizebytes": 512110190592,
            "mediatype": "ssd",
        },
        {"name": "sda", "sizebytes": 2048 * 512, "mediatype": "hdd"},
        {"name": "vda", "serialnumber": "vm-disk", "sizebytes": 4096 * 512},
    ]
    assert [*disks(tmp_path / "no such folder")] == []
