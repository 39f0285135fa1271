"""Bodies of 1 MiB made to take long: each is answered, and the server answers others meanwhile."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count, takewhile

import httpx
import pytest

MIB = 1024 * 1024


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
    "valid": (submission(installedsoftware=programs("program" + "x" * 170, 5_000)), 201),
    "tiny items": (of_programs(lambda _: b"1"), 422),
    "empty items": (of_programs(lambda _: b"{}"), 422),
    "equal items": (of_programs(lambda _: b'{"name":"x"}'), 422),
    "blank strings": (of_programs(lambda _: b'" "'), 422),
    "trimmed strings": (submission(installedsoftware=programs(" " * 150, 5_000)), 201),
    "wrong dates": (of_fields(lambda number: b'"lastboottime%d":"/Date(1)/"' % number), 201),
    "unknown fields": (of_fields(lambda number: b'"%d":0' % number), 201),
    "one name again and again": (of_fields(lambda _: b'"osname":0'), 400),
    "twenty levels": (of_programs(lambda _: b"[" * 18 + b"]" * 18), 422),
    "open brackets": (b"[" * MIB, 400),
    "open quotes": (b'"' * MIB, 400),
    "backslashes": (b'{"hostname":"' + b"\\" * (MIB - 15) + b'"}', 400),
    "NUL characters": (b'{"hostname":"' + b"\\u0000" * (MIB // 6 - 5) + b'"}', 422),
    "combining marks": (submission(hostname="a" + "\u0301\u0323" * (MIB // 12 - 10)), 422),
    "long text": (submission(osname="x" * (MIB - 50)), 422),
    "long address": (submission(macaddress="00:" * (MIB // 3 - 20)), 422),
    "long date": (submission(lastboottime="2" * (MIB - 50)), 422),
    "long integer": (b'{"hostname":"pc-1","memorygb":' + b"9" * (MIB - 50) + b"}", 422),
    "integers of 4,000 digits": (of_programs(lambda _: b"9" * 4_000), 422),
    "exponents": (of_programs(lambda _: b"1e400"), 400),
    "Latin-1": (b'{"hostname":"pc-1","osname":"' + b"\xe4" * (MIB - 50) + b'"}', 422),
}


def seconds_of(client: httpx.Client, path: str) -> float:
    started = time.perf_counter()
    assert client.get(path).status_code == 200
    return time.perf_counter() - started


@pytest.mark.parametrize(("body", "status"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_body_blocks_nobody(server, record_property, body, status) -> None:
    """A hostile body is answered soon, and while it is being read so are health checks."""
    assert len(body) <= MIB
    headers = {"Content-Type": "application/json"}
    with server.client() as client, server.client() as other, ThreadPoolExecutor(1) as pool:
        started = time.perf_counter()
        answer = pool.submit(client.post, "/api/collector/computers", content=body, headers=headers)
        health = [seconds_of(other, "/api/health") for _ in takewhile(lambda _: not answer.done(), count())]
        seconds = time.perf_counter() - started

    record_property("seconds", seconds)
    record_property("health_seconds", max(health, default=0))
    assert answer.result().status_code == status
    assert seconds < 10
    assert max(health, default=0) < 5
