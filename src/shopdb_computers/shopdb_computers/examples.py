"""Example submissions for authors of pipelines."""

from collections.abc import Sequence
from typing import Final

from shopdb_hookspecs import JsonObject

_IMAGED_PC: Final[JsonObject] = {
    "hostname": "PC-1234",
    "macaddress": "00:1A:2B:3C:4D:5E",
    "osname": "Microsoft Windows 11 Pro",
    "osversion": "10.0.22631",
    "ipaddress": "10.20.30.40",
    "memorygb": 15.8,
    "cputype": "Intel(R) Core(TM) i5-1345U",
    "imagename": "office-2025-03",
    "imageappliedat": "2025-03-17T08:15:00Z",
    "installedsoftware": [
        {"name": "7-Zip 24.09 (x64)", "version": "24.09"},
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
