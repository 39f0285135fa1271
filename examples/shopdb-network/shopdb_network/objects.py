"""The objects that are read from a device by SNMP, by the names that their MIBs give them."""

from collections.abc import Mapping
from typing import Final

OBJECTS: Final[Mapping[str, str]] = {
    # SNMPv2-MIB, RFC 3418
    "sysUpTime": "1.3.6.1.2.1.1.3",
    "sysName": "1.3.6.1.2.1.1.5",
    "sysLocation": "1.3.6.1.2.1.1.6",
    # IF-MIB, RFC 2863
    "ifDescr": "1.3.6.1.2.1.2.2.1.2",
    "ifType": "1.3.6.1.2.1.2.2.1.3",
    "ifPhysAddress": "1.3.6.1.2.1.2.2.1.6",
    "ifAdminStatus": "1.3.6.1.2.1.2.2.1.7",
    "ifOperStatus": "1.3.6.1.2.1.2.2.1.8",
    "ifName": "1.3.6.1.2.1.31.1.1.1.1",
    "ifHighSpeed": "1.3.6.1.2.1.31.1.1.1.15",
    # BRIDGE-MIB, RFC 4188, and Q-BRIDGE-MIB, RFC 4363
    "dot1dBaseBridgeAddress": "1.3.6.1.2.1.17.1.1",
    "dot1dBasePortIfIndex": "1.3.6.1.2.1.17.1.4.1.2",
    "dot1qPvid": "1.3.6.1.2.1.17.7.1.4.5.1.1",
    # ENTITY-MIB, RFC 6933
    "entPhysicalClass": "1.3.6.1.2.1.47.1.1.1.1.5",
    "entPhysicalSoftwareRev": "1.3.6.1.2.1.47.1.1.1.1.10",
    "entPhysicalSerialNum": "1.3.6.1.2.1.47.1.1.1.1.11",
    "entPhysicalMfgName": "1.3.6.1.2.1.47.1.1.1.1.12",
    "entPhysicalModelName": "1.3.6.1.2.1.47.1.1.1.1.13",
}
