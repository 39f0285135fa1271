"""Sixteen clients at once: one row for each computer, and a true history."""

import json
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

CLIENTS = 16
NEW = [f"pc-{number}" for number in range(20)]


def submit_all(server, barrier, submissions) -> list[int]:
    with server.client() as client:
        barrier.wait()
        return [client.post("/api/collector/computers", json=each).status_code for each in submissions]


def submit_at_once(server, submissions_of_clients) -> Counter[int]:
    """Return how often each status was answered."""
    submit = partial(submit_all, server, Barrier(len(submissions_of_clients)))
    with ThreadPoolExecutor(len(submissions_of_clients)) as pool:
        return sum(map(Counter, pool.map(submit, submissions_of_clients)), Counter())


def test_first_submissions_of_one_computer_race(site, server, query, check_sound) -> None:
    """Sixteen clients that submit the same twenty new computers make twenty rows, without an error."""
    submissions = [{"hostname": hostname, "osname": "Windows"} for hostname in NEW]

    statuses = submit_at_once(server, [submissions] * CLIENTS)

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

    statuses = submit_at_once(server, updates)

    assert statuses == {200: CLIENTS * each}
    assert query(site, "SELECT count(*) FROM asset") == [(1,)]
    entries = query(site, "SELECT diff FROM auditentry ORDER BY auditid")
    versions = [json.loads(diff)["osversion"] for (diff,) in entries]
    assert len(versions) == 1 + CLIENTS * each
    assert [change["before"] for change in versions] == [None, *(change["after"] for change in versions[:-1])]
    assert query(site, "SELECT attributes ->> 'osversion' FROM assetattributes") == [(versions[-1]["after"],)]
    check_sound(site)


def test_two_servers_share_a_file(site, query, scale, check_sound) -> None:
    """Two processes on one SQLite file, with clients on both, refuse nothing and keep one history."""
    servers = [site.serve(), site.serve()]
    each = scale(40, 1_000)
    hostnames = [f"pc-{number}" for number in range(4)]
    submissions = defaultdict(list)
    for number in range(each):
        for server in range(2):
            submissions[server].append({"hostname": hostnames[number % 4], "osversion": f"{server}.{number}"})

    with ThreadPoolExecutor(2) as pool:
        statuses = sum(
            pool.map(lambda number: submit_at_once(servers[number], [submissions[number]] * 4), range(2)),
            Counter(),
        )

    assert statuses.total() == 8 * each
    assert statuses.keys() <= {200, 201}
    assert statuses[201] == len(hostnames)
    assert query(site, "SELECT count(*) FROM asset") == [(len(hostnames),)]
    assert query(site, "SELECT count(*) FROM auditentry") == [(8 * each,)]
    check_sound(site)
