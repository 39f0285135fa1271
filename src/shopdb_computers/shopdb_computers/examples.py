"""Example submissions for authors of pipelines."""

from collections.abc import Sequence
from typing import Final

from shopdb_hookspecs import JsonObject

_IMAGED_PC: Final[JsonObject] = {
    "hostname": "PC-1234",
    "serialnumber": "5CG8123ABC",
    "uuid": "4c4c4544-0042-3510-8054-b9c04f4d3532",
    "macaddress": "00:1A:2B:3C:4D:5E",
    "manufacturer": "HP",
    "model": "HP EliteBook 840 G9",
    "architecture": "x86_64",
    "formfactor": "notebook",
    "biosversion": "U70 Ver. 01.09.02",
    "osname": "Microsoft Windows 11 Pro",
    "osversion": "10.0.22631",
    "ipaddress": "10.20.30.40",
    "memorygb": 15.8,
    "cputype": "Intel(R) Core(TM) i5-1345U",
    "imagename": "office-2025-03",
    "imageappliedat": "2025-03-17T08:15:00Z",
    "disks": [
        {
            "name": "PhysicalDrive0",
            "model": "SAMSUNG MZVL2512HCJQ",
            "serialnumber": "S675NX0R512345",
            "sizebytes": 512110190592,
            "mediatype": "ssd",
        },
    ],
    "networkinterfaces": [
        {"name": "Ethernet", "macaddress": "00:1A:2B:3C:4D:5E", "addresses": ["10.20.30.40"]},
        {"name": "WLAN", "macaddress": "00:1A:2B:3C:4D:60"},
    ],
    "installedsoftware": [
        {
            "name": "7-Zip 24.09 (x64)",
            "version": "24.09",
            "publisher": "Igor Pavlov",
            "architecture": "x86_64",
            "installdate": "2025-03-17",
            "source": "msi",
        },
        {"name": "Microsoft Office LTSC Standard 2021", "version": "16.0.14332.20771"},
        {"name": "OpenVPN", "version": "2.6.12"},
    ],
}

_SHOP_FLOOR_LINUX: Final[JsonObject] = {
    "hostname": "line3_hmi",
    "macaddress": "00:1A:2B:3C:4D:5F",
    "osname": "Debian GNU/Linux",
    "osversion": "12 (bookworm)",
    "lastboottime": "2025-03-16T22:04:11Z",
    "currentuser": "operator",
    "ipaddress": "2001:db8::3:17",
    "memorygb": 7.6,
    "installedsoftware": [{"name": "openssl", "version": "3.0.15-1~deb12u1"}, {"name": "panel"}],
}

_LOGON: Final[JsonObject] = {"hostname": "PC-1234", "currentuser": "jdoe"}

EXAMPLES: Final[Sequence[JsonObject]] = (_IMAGED_PC, _SHOP_FLOOR_LINUX, _LOGON)
