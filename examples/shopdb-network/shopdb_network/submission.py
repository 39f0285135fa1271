"""Convert the answers of a device to a submission, with the fields of the declaration."""

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
    """Return the submission for a device's answers; an object without an answer is left out."""
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
    return _present(fields)


def _macaddress(answers: Answers) -> str | None:
    """Return the address of the bridge, or of the lowest port if the device is not a bridge.

    An agent that has no address reports zeros: `any` of them is false, and they are left out.
    """
    addresses = (octets(answers, "ifPhysAddress", index) for index in _ports(answers))
    bridge = octets(answers, "dot1dBaseBridgeAddress")
    own = bridge if any(bridge) else min(filter(any, addresses), default=b"")
    return own.hex(":") or None


def _devicetype(answers: Answers) -> str | None:
    if _RADIO in answers.get("ifType", {}).values():
        return "accesspoint"
    return "switch" if answers.get("dot1dBasePortIfIndex") else None


def _ports(answers: Answers) -> Iterator[Index]:
    """Return the indexes of Ethernet ports and radios, without VLANs and tunnels."""
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
    return _present(port)


def _vlan(answers: Answers, ifindex: int) -> int | None:
    """Return the VLAN of untagged frames; a bridge has port numbers of its own."""
    own_numbers = answers.get("dot1dBasePortIfIndex", {})
    return next(
        (number(answers, "dot1qPvid", port) for port, its in own_numbers.items() if its == ifindex), None
    )


def _word(words: Sequence[str], value: int | None) -> str | None:
    return words[value - 1] if value is not None and 1 <= value <= len(words) else None


def _present(values: JsonObject) -> dict[str, Json]:
    return {name: value for name, value in values.items() if value is not None}
