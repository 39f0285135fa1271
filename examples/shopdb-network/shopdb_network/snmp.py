"""Read a device by SNMP version 2c, with pysnmp, which is pure Python and needs no MIB files."""

from typing import Any

from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    Udp6TransportTarget,
    UdpTransportTarget,
    bulk_walk_cmd,
)
from pysnmp.proto.rfc1902 import OctetString

from shopdb_network.answers import Answers, Column, Index
from shopdb_network.objects import OBJECTS

ROWS_A_REQUEST = 25
RETRIES = 2


class NoAnswer(Exception):
    """The device does not answer, or refuses the request."""


async def read_device(address: str, port: int, community: str, seconds: float) -> Answers:
    """Read every object of `OBJECTS` from the agent at an IP address; raises `NoAnswer`.

    Waits `seconds` for each answer, and repeats a request up to twice.
    """
    target = Udp6TransportTarget if ":" in address else UdpTransportTarget
    engine = SnmpEngine()
    try:
        transport = await target.create((address, port), timeout=seconds, retries=RETRIES)
        return {name: await _column(engine, community, transport, oid) for name, oid in OBJECTS.items()}
    finally:
        engine.close_dispatcher()


async def _column(engine: SnmpEngine, community: str, transport: Any, oid: str) -> Column:
    """Walk one object; a device that does not have it gives an empty column."""
    column: dict[Index, int | bytes] = {}
    walk = bulk_walk_cmd(
        engine,
        CommunityData(community),
        transport,
        ContextData(),
        0,
        ROWS_A_REQUEST,
        ObjectType(ObjectIdentity(oid)),
        lookupMib=False,
        lexicographicMode=False,
    )
    async for indication, status, _, varbinds in walk:
        if indication or status:
            raise NoAnswer(str(indication or status.prettyPrint()))
        for name, value in varbinds:
            column[_index(tuple(name), oid)] = _plain(value)
    return column


def _index(name: tuple[int, ...], oid: str) -> Index:
    return name[oid.count(".") + 1 :]


def _plain(value: Any) -> int | bytes:
    return bytes(value) if isinstance(value, OctetString) else int(value)
