"""Valid submissions, which pipeline authors copy."""

from collections.abc import Sequence
from typing import Final

from shopdb_hookspecs import JsonObject

_SWITCH: Final[JsonObject] = {
    "macaddress": "00:1A:2B:3C:4D:00",
    "serialnumber": "FOC1234X0AB",
    "sysname": "sw-hall3",
    "managementaddress": "10.75.230.2",
    "devicetype": "switch",
    "vendor": "Cisco Systems, Inc.",
    "model": "C9300-24T",
    "firmware": "17.9.4a",
    "location": "Hall 3, cabinet 2",
    "uptimeseconds": 86400,
    "ports": [
        {
            "ifindex": 1,
            "name": "Gi1/0/1",
            "adminstatus": "up",
            "operstatus": "up",
            "speedmbps": 1000,
            "vlan": 20,
        },
        {"ifindex": 2, "name": "Gi1/0/2", "adminstatus": "up", "operstatus": "down", "vlan": 20},
        {"ifindex": 3, "name": "Gi1/0/3", "adminstatus": "down", "operstatus": "down"},
    ],
}

_ACCESS_POINT: Final[JsonObject] = {
    "macaddress": "00:1A:2B:77:88:10",
    "sysname": "ap-hall3-1",
    "devicetype": "accesspoint",
    "vendor": "Aruba",
    "model": "AP-515",
    "ports": [{"ifindex": 1, "name": "eth0", "adminstatus": "up", "operstatus": "up", "speedmbps": 2500}],
}

_PARTIAL: Final[JsonObject] = {"macaddress": "00:1A:2B:3C:4D:00", "uptimeseconds": 90000}

EXAMPLES: Final[Sequence[JsonObject]] = (_SWITCH, _ACCESS_POINT, _PARTIAL)
