"""A small SNMP agent on loopback that answers for a fictitious switch."""

import asyncio
import bisect
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdrsp, context
from pysnmp.proto.rfc1902 import Integer32, OctetString
from pysnmp.proto.rfc1905 import endOfMibView
from pysnmp.smi.instrum import AbstractMibInstrumController

from shopdb_network.answers import Answers
from shopdb_network.objects import OBJECTS

SWITCH: Answers = {
    "sysUpTime": {(0,): 8_640_099},
    "sysName": {(0,): b"sw-hall3"},
    "sysLocation": {(0,): b"Hall 3, cabinet 2\0"},
    "ifDescr": {(1,): b"GigabitEthernet1/0/1", (2,): b"GigabitEthernet1/0/2", (1001,): b"Vlan20"},
    "ifType": {(1,): 6, (2,): 6, (1001,): 53},
    "ifPhysAddress": {(1,): bytes.fromhex("001a2b3c4d01"), (2,): bytes.fromhex("001a2b3c4d02")},
    "ifAdminStatus": {(1,): 1, (2,): 1, (1001,): 1},
    "ifOperStatus": {(1,): 1, (2,): 7, (1001,): 1},
    "ifName": {(1,): b"Gi1/0/1", (2,): b""},
    "ifHighSpeed": {(1,): 1000, (2,): 0},
    "dot1dBaseBridgeAddress": {(0,): bytes.fromhex("001a2b3c4d00")},
    "dot1dBasePortIfIndex": {(7,): 1, (8,): 2},
    "dot1qPvid": {(7,): 20, (8,): 1},
    "entPhysicalClass": {(1,): 11, (1000,): 3, (1001,): 9},
    "entPhysicalSoftwareRev": {(1,): b"", (1000,): b"17.9.4a"},
    "entPhysicalSerialNum": {(1,): b"", (1000,): b"FOC1234X0AB"},
    "entPhysicalMfgName": {(1,): b"", (1000,): b"Cisco Systems, Inc."},
    "entPhysicalModelName": {(1,): b"", (1000,): b"C9300-24T"},
}
"""A stack of one: its chassis is not the first entity, its bridge numbers its ports in its own way."""

Oid = tuple[int, ...]


class Objects(AbstractMibInstrumController):  # type: ignore[misc]  # pysnmp has no types
    """The objects of the agent, in the order of their OIDs."""

    def __init__(self, answers: Answers) -> None:
        self._values: Mapping[Oid, Any] = {
            (*map(int, OBJECTS[name].split(".")), *index): _typed(value)
            for name, column in answers.items()
            for index, value in column.items()
        }
        self._order = sorted(self._values)

    def read_next_variables(self, *varbinds: Any, **_context: Any) -> list[tuple[Oid, Any]]:
        """Answer GETNEXT and GETBULK."""
        return [self._next(tuple(name)) for name, _ in varbinds]

    def _next(self, name: Oid) -> tuple[Oid, Any]:
        place = bisect.bisect(self._order, name)
        if place == len(self._order):
            return name, endOfMibView
        return self._order[place], self._values[self._order[place]]


def _typed(value: int | bytes) -> Any:
    return OctetString(value) if isinstance(value, bytes) else Integer32(value)


@pytest.fixture(scope="session")
def agent() -> Iterator[int]:
    """Give the UDP port of an agent that answers for `SWITCH`, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    served, port = asyncio.run_coroutine_threadsafe(_serve(), loop).result(timeout=30)
    yield port
    asyncio.run_coroutine_threadsafe(_close(served), loop).result(timeout=30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _serve() -> tuple[Any, int]:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    served = engine.SnmpEngine()
    config.add_transport(served, udp.DOMAIN_NAME, udp.UdpTransport().open_server_mode(("127.0.0.1", port)))
    config.add_v1_system(served, "tests", "public")
    config.add_vacm_user(served, 2, "tests", "noAuthNoPriv", (1,))
    known = context.SnmpContext(served)
    known.unregister_context_name(b"")
    known.register_context_name(b"", Objects(SWITCH))
    cmdrsp.BulkCommandResponder(served, known)
    return served, port


async def _close(served: Any) -> None:
    served.close_dispatcher()
    await asyncio.sleep(0)  # the transport closes in the next iteration of the loop
