"""From what a device answers by SNMP to a submission: pure, and in the words of the declaration."""

from collections.abc import Iterator, Sequence
from typing import Final

from shopdb_hookspecs import Json, JsonObject

from shopdb_network.answers import Answers, Index, number, octets, text
from shopdb_network.declaration import ADMIN_STATUSES, OPER_STATUSES

_ETHERNET: Final = 6
_RADIO: Final = 71
"""ieee80211: as ethernetCsmacd above, an IANAifType."""

_CHASSIS: Final = 3
"""PhysicalClass of ENTITY-MIB."""


def submission_of(answers: Answers, managementaddress: str) -> JsonObject:
    """Make a submission of what a device answered; what it did not tell is left out, and keeps its value."""
    chassis = next((i for i, kind in answers.get("entPhysicalClass", {}).items() if kind == _CHASSIS), (0,))
    uptime = number(answers, "sysUpTime")
    fields: JsonObject = {
        "macaddress": _macaddress(answers),
        "serialnumber": text(answers, "entPhysicalSerialNum", chassis),
        "sysname": text(answers, "sysName"),
        "managementaddress": managementaddress,
        "devicetype": _devicetype(answers),
        "vendor": text(answers, "entPhysicalMfgName", chassis),
        "model": text(answers, "entPhysicalModelName", chassis),
        "firmware": text(answers, "entPhysicalSoftwareRev", chassis),
        "location": text(answers, "sysLocation"),
        "uptimeseconds": None if uptime is None else uptime // 100,
        "ports": [_port(answers, index) for index in _ports(answers)],
    }
    return _told(fields)


def _macaddress(answers: Answers) -> str | None:
    """Give the bridge's own address; an access point that is no bridge has its lowest port's."""
    addresses = (octets(answers, "ifPhysAddress", index) for index in _ports(answers))
    own = octets(answers, "dot1dBaseBridgeAddress") or min(filter(None, addresses), default=b"")
    return own.hex(":") or None


def _devicetype(answers: Answers) -> str | None:
    if _RADIO in answers.get("ifType", {}).values():
        return "accesspoint"
    return "switch" if answers.get("dot1dBasePortIfIndex") else None


def _ports(answers: Answers) -> Iterator[Index]:
    """Give the indexes of what has a plug or an antenna: no VLANs, no tunnels."""
    return (index for index, kind in answers.get("ifType", {}).items() if kind in (_ETHERNET, _RADIO))


def _port(answers: Answers, index: Index) -> JsonObject:
    port: JsonObject = {
        "ifindex": index[0],
        "name": text(answers, "ifName", index) or text(answers, "ifDescr", index),
        "adminstatus": _word(ADMIN_STATUSES, number(answers, "ifAdminStatus", index)),
        "operstatus": _word(OPER_STATUSES, number(answers, "ifOperStatus", index)),
        "speedmbps": number(answers, "ifHighSpeed", index),
        "vlan": _vlan(answers, index[0]),
    }
    return _told(port)


def _vlan(answers: Answers, ifindex: int) -> int | None:
    """Give the VLAN of untagged frames; a bridge numbers its ports in its own way."""
    own_numbers = answers.get("dot1dBasePortIfIndex", {})
    return next(
        (number(answers, "dot1qPvid", port) for port, its in own_numbers.items() if its == ifindex), None
    )


def _word(words: Sequence[str], value: int | None) -> str | None:
    return words[value - 1] if value is not None and 1 <= value <= len(words) else None


def _told(values: JsonObject) -> dict[str, Json]:
    return {name: value for name, value in values.items() if value is not None}
