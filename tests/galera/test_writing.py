"""Writers on three nodes at once: one row for each computer, and an unbroken history."""

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import cycle
from threading import Barrier

from clusterload import Load, own_only, shared_only

NEW = [f"pc-{number}" for number in range(20)]

_logger = logging.getLogger("galera")


def test_first_submissions_race_between_nodes(hosts) -> None:
    """The same new computers, submitted on every node at the same moment, make one row each."""
    start = Barrier(len(hosts.servers))

    def submit_all(server) -> list[int]:
        with server.client() as client:
            statuses = []
            for hostname in NEW:
                start.wait()
                answer = client.post("/api/collector/computers", json={"hostname": hostname})
                statuses.append(answer.status_code)
            return statuses

    with ThreadPoolExecutor(len(hosts.servers)) as pool:
        statuses = list(pool.map(submit_all, hosts.servers))

    assert [sorted(each) for each in zip(*statuses, strict=True)] == [[200, 200, 201]] * len(NEW)
    hosts.check_sound()


def test_submissions_follow_each_other_over_the_nodes(hosts, scale) -> None:
    """However fast submissions change from node to node, each `before` is the `after` of the one before."""
    clients = [server.client() for server in hosts.servers]
    versions = [str(number) for number in range(scale(60, 1_000))]
    for version, client in zip(versions, cycle(clients), strict=False):
        answer = client.post("/api/collector/computers", json={"hostname": "pc-1", "osversion": version})
        assert answer.is_success, answer.text
    for client in clients:
        client.close()

    assert changes_of_version(hosts) == [*zip([None, *versions[:-1]], versions, strict=True)]
    hosts.check_sound()


def test_a_writer_on_a_late_node_is_run_again(hosts) -> None:
    """A submission through a node that lacks the previous one reads an old state and cannot commit."""
    early, late = hosts.servers[:2]
    early.submit("computers", {"hostname": "pc-1", "osversion": "1"})
    with ThreadPoolExecutor(1) as pool:
        with frozen(hosts.nodes[1]):
            early.submit("computers", {"hostname": "pc-1", "osversion": "2"})
            second = pool.submit(late.submit, "computers", {"hostname": "pc-1", "osversion": "3"})
            wait([second], timeout=1)

        assert second.result().status_code == 200
    assert changes_of_version(hosts) == [(None, "1"), ("1", "2"), ("2", "3")]
    hosts.check_sound()


def test_a_reader_on_a_late_node_waits(hosts) -> None:
    """A read through another node returns a submission that was acknowledged before."""
    token = {"Authorization": f"Bearer {hosts.sites[0].token()}"}
    early, late = hosts.servers[:2]
    with ThreadPoolExecutor(1) as pool, late.client() as client:
        client.headers.update(token)
        client.get("/api/assets").raise_for_status()
        with frozen(hosts.nodes[1]):
            early.submit("computers", {"hostname": "pc-1"})
            reading = pool.submit(client.get, "/api/assets")
            wait([reading], timeout=1)

        assert [asset["identityvalue"] for asset in reading.result().json()["items"]] == ["pc-1"]


def test_all_nodes_write_the_same_computers(hosts, scale) -> None:
    """Eight writers on three nodes, all of the same four computers, are hardly ever refused."""
    load, before = Load(shared_only), conflicts(hosts)
    with load.on(hosts.servers):
        load.wait_for(scale(20, 500))

    submissions = len(load.acknowledged)
    again = (conflicts(hosts) - before) / submissions * 1_000
    _logger.warning("begun again: %.0f of 1,000 submissions of the same four computers", again)
    assert {(answer.status, bool(answer.retry_after)) for answer in load.refused} <= {(503, True)}
    assert len(load.refused) <= submissions / 100
    assert hosts.query(hosts.nodes[0], "SELECT count(*) FROM auditentry") == [(submissions,)]
    hosts.check_sound()


def test_writers_of_their_own_computers_hardly_collide(hosts, scale) -> None:
    """Eight writers on three nodes, each with a computer of its own, cause hardly any conflicts.

    The hosts share only what they write in the background: the counts of submissions, and the index of words.
    """
    load, before = Load(own_only), conflicts(hosts)
    with load.on(hosts.servers):
        load.wait_for(scale(20, 500))

    assert load.refused == []
    assert conflicts(hosts) - before <= len(load.acknowledged) / 20


def test_a_batch_meets_writers_on_other_nodes(hosts) -> None:
    """A batch is stored whole, though some of its computers are written without a pause on other nodes."""
    names = [f"pc-{number}" for number in range(60)] + [f"shared-{number}" for number in range(4)]
    lines = "\n".join(json.dumps({"hostname": name, "osversion": "batch"}) for name in names)
    load = Load(shared_only)
    with load.on(hosts.servers[1:]), hosts.servers[0].client() as client:
        load.wait_for(5)
        answer = client.post(
            "/api/collector/computers/_batch",
            content=lines,
            headers={"Content-Type": "application/x-ndjson"},
        )

    assert [each for each in map(json.loads, answer.text.splitlines()) if each["status"] != "ok"] == []
    assert load.refused == []
    hosts.check_sound()


@contextmanager
def frozen(node) -> Iterator[None]:
    """Keep a node from applying what the others commit."""
    connection = node.connect()
    try:
        connection.cursor().execute("FLUSH TABLES WITH READ LOCK")
        yield
    finally:
        connection.close()


def conflicts(hosts) -> int:
    """Return how many transactions have lost against one of another node, so far."""
    figures = ("wsrep_local_cert_failures", "wsrep_local_bf_aborts")
    return sum(int(node.status(figure)) for node in hosts.nodes for figure in figures)


def changes_of_version(hosts) -> list[tuple[str | None, str]]:
    """Return what each audit entry says of the one computer's version, in the order of the entries."""
    diffs = hosts.query(hosts.nodes[0], "SELECT diff FROM auditentry ORDER BY auditid")
    changes = [json.loads(diff)["osversion"] for (diff,) in diffs]
    return [(change["before"], change["after"]) for change in changes]
