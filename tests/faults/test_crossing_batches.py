"""Batches of the same computers in opposite orders, at once."""

import json
import logging
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

pytestmark = pytest.mark.every_database

BATCH = "/api/collector/computers/_batch"
HEADERS = {"Content-Type": "application/x-ndjson"}
CLIENTS = 12
HOSTS = [f"pc-{number}" for number in range(40)]
ROUNDS = 2
LIMIT_SECONDS = 60
"""Six times what is promised, for a machine that is slow."""

logger = logging.getLogger(__name__)


def batch_of(client: int, number: int) -> bytes:
    """Return a batch with every host and a value of its own; odd clients send it backwards."""
    hosts = HOSTS if client % 2 else HOSTS[::-1]
    lines = [{"hostname": host, "osversion": f"{client}.{number}"} for host in hosts]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def send(server, client: int, start: Barrier) -> list[dict]:
    """Send the batches of one client, and return the lines of the answers."""
    with server.client(timeout=120) as http:
        start.wait()
        answers = [
            http.post(BATCH, content=batch_of(client, number), headers=HEADERS) for number in range(ROUNDS)
        ]
    return [json.loads(line) for answer in answers for line in answer.content.splitlines()]


@pytest.mark.alone
def test_batches_that_cross_are_all_stored(site, server, query, check_sound) -> None:
    """Twelve clients with the same computers in opposite orders: each line is stored, in time."""
    start = Barrier(CLIENTS)
    began = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as pool:
        answered = list(pool.map(lambda client: send(server, client, start), range(CLIENTS)))
    seconds = time.monotonic() - began

    lines = [line for each in answered for line in each]
    logger.info("%s: %d lines in %.1f s", site.database.kind, len(lines), seconds)
    assert Counter(line["status"] for line in lines) == {"ok": CLIENTS * ROUNDS * len(HOSTS)}
    for client, each in enumerate(answered):
        hosts = HOSTS if client % 2 else HOSTS[::-1]
        assert [line["identityvalue"] for line in each] == hosts * ROUNDS
        assert [line["line"] for line in each] == [*range(1, len(HOSTS) + 1)] * ROUNDS
    assert query(site, "SELECT count(*) FROM asset") == [(len(HOSTS),)]
    check_sound(site)
    assert seconds < LIMIT_SECONDS
