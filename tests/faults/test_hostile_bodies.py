"""Bodies of 1 MiB made to take long: each is answered, and the server answers others meanwhile."""

import json
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest

MIB = 1024 * 1024
SLOWEST_SECONDS = 10.0
"""Generous: on an idle machine the slowest body takes less than a tenth of it."""

logger = logging.getLogger(__name__)


def submission(**fields: object) -> bytes:
    return json.dumps({"hostname": "pc-1", **fields}, separators=(",", ":")).encode()


def filled(begin: bytes, item: Callable[[int], bytes], end: bytes) -> bytes:
    """Return as many items between `begin` and `end` as fit into 1 MiB, with commas between them."""
    room = MIB - len(begin) - len(end)
    longest = len(item(10**7)) + 1
    return begin + b",".join(map(item, range(room // longest))) + end


def of_programs(item: Callable[[int], bytes]) -> bytes:
    return filled(b'{"hostname":"pc-1","installedsoftware":[', item, b"]}")


def of_fields(item: Callable[[int], bytes]) -> bytes:
    return filled(b'{"hostname":"pc-1",', item, b"}")


def programs(name: str, number: int) -> list[dict[str, str]]:
    return [{"name": f"{name}{item}", "version": "1.0"} for item in range(number)]


HOSTILE = {
    "valid": (submission(installedsoftware=programs("program" + "x" * 170, 5_000)), 200, 200),
    "tiny items": (of_programs(lambda _: b"1"), 422, 200),
    "empty items": (of_programs(lambda _: b"{}"), 422, 200),
    "empty lists": (of_programs(lambda _: b"[]"), 422, 200),
    "equal items": (of_programs(lambda _: b'{"name":"x"}'), 200, 200),
    "wrong names": (of_programs(lambda _: b'{"name":1}'), 422, 200),
    "wrong versions": (of_programs(lambda number: b'{"name":"x%d","version":1}' % number), 422, 200),
    "unknown members": (of_programs(lambda number: b'{"name":"x%d","Version":1}' % number), 422, 200),
    "one item of many members": (
        filled(
            b'{"hostname":"pc-1","installedsoftware":[{"name":"x",', lambda number: b'"%d":1' % number, b"}]}"
        ),
        422,
        200,
    ),
    "a fault at the end": (of_programs(lambda number: b'{"name":"x%d"}' % number)[:-2] + b",1]}", 422, 200),
    "blank strings": (of_programs(lambda _: b'" "'), 200, 200),
    "blank members": (of_programs(lambda _: b'{"name":" "}'), 422, 200),
    "trimmed strings": (submission(installedsoftware=programs(" " * 150, 5_000)), 200, 200),
    "wrong dates": (of_fields(lambda number: b'"lastboottime%d":"/Date(1)/"' % number), 200, 200),
    "unknown fields": (of_fields(lambda number: b'"%d":0' % number), 200, 200),
    "fields as declared ones": (of_fields(lambda number: b'"hostnam%d":0' % number), 200, 200),
    "one name again and again": (of_fields(lambda _: b'"osname":0'), 400, 400),
    "twenty levels": (of_programs(lambda _: b"[" * 18 + b"]" * 18), 422, 200),
    "lists and a syntax error": (of_programs(lambda _: b"[]")[:-1] + b",}", 400, 400),
    "open brackets": (b"[" * MIB, 400, 400),
    "open quotes": (b'"' * MIB, 400, 400),
    "backslashes": (b'{"hostname":"' + b"\\" * (MIB - 15) + b'"}', 400, 400),
    "NUL characters": (b'{"hostname":"' + b"\\u0000" * (MIB // 6 - 5) + b'"}', 422, 422),
    "NUL items": (of_programs(lambda _: b'"\\u0000x"'), 422, 200),
    "NUL in names": (of_programs(lambda _: b'{"\\u0000":1}'), 422, 200),
    "half surrogate pairs": (of_programs(lambda _: b'"\\ud800"'), 422, 200),
    "combining marks": (submission(hostname="a" + "\u0301\u0323" * (MIB // 12 - 10)), 422, 422),
    "long text": (submission(osname="x" * (MIB - 50)), 422, 200),
    "long address": (submission(macaddress="00:" * (MIB // 3 - 20)), 422, 200),
    "long date": (submission(lastboottime="2" * (MIB - 50)), 422, 200),
    "long names": (
        submission(installedsoftware=[{"x" * 10_000 + str(item): 1} for item in range(100)]),
        422,
        200,
    ),
    "long integer": (b'{"hostname":"pc-1","memorygb":' + b"9" * (MIB - 50) + b"}", 422, 200),
    "integers of 4,000 digits": (of_programs(lambda _: b"9" * 4_000), 422, 200),
    "exponents": (of_programs(lambda _: b"1e400"), 422, 200),
    "exponents in objects": (of_programs(lambda _: b'{"name":1e400}'), 422, 200),
    "Latin-1": (b'{"hostname":"pc-1","osname":"' + b"\xe4" * (MIB - 50) + b'"}', 422, 200),
}
"""Bodies, each with the status of its answer and of that to lenient handling."""


@dataclass(frozen=True)
class Verdict:
    """What came of one body, and how long the longest health check took meanwhile."""

    status: int
    seconds: float
    health_seconds: float


def seconds_of_health(client: httpx.Client) -> float:
    started = time.perf_counter()
    assert client.get("/api/health").status_code == 200
    return time.perf_counter() - started


def judge(server, body: bytes, *, lenient: bool = False) -> Verdict:
    """Post a body, and request the server's health until it is answered."""
    headers = {"Content-Type": "application/json", **({"Prefer": "handling=lenient"} if lenient else {})}
    with server.client() as client, server.client() as other, ThreadPoolExecutor(1) as pool:
        started = time.perf_counter()
        answer = pool.submit(client.post, "/api/collector/computers", content=body, headers=headers)
        health = [seconds_of_health(other)]
        while not answer.done():
            health.append(seconds_of_health(other))
        return Verdict(answer.result().status_code, time.perf_counter() - started, max(health))


@pytest.mark.alone
@pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
def test_hostile_bodies_block_nobody(server, *, lenient: bool) -> None:
    """Each hostile body is answered soon, strict and lenient, and so are health checks meanwhile."""
    assert max(len(body) for body, _, _ in HOSTILE.values()) <= MIB
    server.submit("computers", {"hostname": "pc-1"})

    verdicts = {name: judge(server, body, lenient=lenient) for name, (body, _, _) in HOSTILE.items()}

    for name, verdict in verdicts.items():
        logger.info("%s: %s", name, verdict)
    statuses = {name: verdict.status for name, verdict in verdicts.items()}
    assert statuses == {name: expected[1 + lenient] for name, expected in HOSTILE.items()}
    assert max(verdict.seconds for verdict in verdicts.values()) < SLOWEST_SECONDS
    assert max(verdict.health_seconds for verdict in verdicts.values()) < SLOWEST_SECONDS


@pytest.mark.alone
def test_eight_hostile_bodies_at_once_leave_health_answering(server) -> None:
    """While eight bodies of half a million faults are dropped item by item, health is answered."""
    body = HOSTILE["tiny items"][0]
    server.submit("computers", {"hostname": "pc-1"})

    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda _: judge(server, body, lenient=True), range(8)))

    logger.info("eight at once: %s", verdicts)
    assert {verdict.status for verdict in verdicts} == {200}
    assert max(verdict.health_seconds for verdict in verdicts) < SLOWEST_SECONDS
