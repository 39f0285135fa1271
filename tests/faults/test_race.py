"""Sixteen clients at once: one row for each computer, and a true history."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

pytestmark = pytest.mark.every_database

CLIENTS = 16
NEW = [f"pc-{number}" for number in range(20)]


def submit_all(server, submissions, start) -> Counter[int]:
    with server.client() as client:
        start.wait()
        return Counter(client.post("/api/collector/computers", json=each).status_code for each in submissions)


def submit_at_once(servers, submissions) -> Counter[int]:
    """Return how often each status was answered to clients that have a server and submissions each."""
    start = Barrier(len(servers))
    with ThreadPoolExecutor(len(servers)) as pool:
        return sum(pool.map(partial(submit_all, start=start), servers, submissions), Counter())


def test_first_submissions_of_one_computer_race(site, server, query, check_sound) -> None:
    """Sixteen clients that submit the same twenty new computers make twenty rows, without an error."""
    submissions = [{"hostname": hostname, "osname": "Windows"} for hostname in NEW]

    statuses = submit_at_once([server] * CLIENTS, [submissions] * CLIENTS)

    assert statuses == {201: len(NEW), 200: len(NEW) * (CLIENTS - 1)}
    assert query(site, "SELECT count(*) FROM asset") == [(len(NEW),)]
    assert query(site, "SELECT count(*) FROM auditentry") == [(len(NEW) * CLIENTS,)]
    check_sound(site)


def test_updates_of_one_computer_race(site, server, query, scale, check_sound) -> None:
    """However many clients update one computer, every `before` is the `after` of the entry before it."""
    each = scale(320, 100_000) // CLIENTS
    updates = [
        [{"hostname": "pc-1", "osversion": f"{client}.{number}"} for number in range(each)]
        for client in range(CLIENTS)
    ]
    server.submit("computers", {"hostname": "pc-1", "osversion": "none"})

    statuses = submit_at_once([server] * CLIENTS, updates)

    assert statuses == {200: CLIENTS * each}
    assert query(site, "SELECT count(*) FROM asset") == [(1,)]
    entries = query(site, "SELECT diff FROM auditentry ORDER BY auditid")
    versions = [json.loads(diff)["osversion"] for (diff,) in entries]
    assert len(versions) == 1 + CLIENTS * each
    assert [change["before"] for change in versions] == [None, *(change["after"] for change in versions[:-1])]
    [(attributes,)] = query(site, "SELECT attributes FROM assetattributes")
    assert json.loads(attributes)["osversion"] == versions[-1]["after"]
    check_sound(site)


def test_two_servers_share_a_database(site, query, scale, check_sound) -> None:
    """Two processes on one database, with clients on both, refuse nothing and keep one history."""
    servers = [site.serve(), site.serve()]
    each = scale(20, 1_000)
    submissions = [
        [{"hostname": f"pc-{number % 4}", "osversion": f"{client}.{number}"} for number in range(each)]
        for client in range(CLIENTS)
    ]

    statuses = submit_at_once(servers * (CLIENTS // 2), submissions)

    assert statuses == {201: 4, 200: CLIENTS * each - 4}
    assert query(site, "SELECT count(*) FROM asset") == [(4,)]
    assert query(site, "SELECT count(*) FROM auditentry") == [(CLIENTS * each,)]
    check_sound(site)
