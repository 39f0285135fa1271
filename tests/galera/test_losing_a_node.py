"""A node is killed or cut off while all three are written."""

import logging
import statistics
import time

import pytest
from clusterload import Load

_logger = logging.getLogger("galera")


@pytest.fixture
def load() -> Load:
    """Return eight writers."""
    return Load()


def test_a_node_is_killed_and_comes_back(hosts, load, scale) -> None:
    """Nothing acknowledged is lost if a node is killed and brought back under load, however often.

    The host of that node goes on through the next one. No submission fails but for a short while, with 503,
    and every node ends with the same rows, though each counts in steps of three.
    """
    pauses, returns = [], []
    with load.on(hosts.servers):
        load.wait_for(10)
        for turn in range(scale(1, 20)):
            node = hosts.nodes[turn % len(hosts.nodes)]
            killed = time.monotonic()
            node.kill()
            load.wait_for(10)
            started = time.monotonic()
            pauses += [writer.longest_pause(killed, started) for writer in load.writers]
            hosts.cluster.join(node)
            returns.append(time.monotonic() - started)
            load.wait_for(10)

    log_times(pauses, returns)
    check_promises(hosts, load)
    assert max(pauses) < 30
    assert (
        len({auditid % 3 for (auditid,) in hosts.query(hosts.nodes[0], "SELECT auditid FROM auditentry")}) > 1
    )


def test_a_node_that_is_cut_off_is_not_written(hosts, load) -> None:
    """Submissions through a node that is cut off from the others go to another node, and none is lost."""
    node = hosts.nodes[0]
    with load.on(hosts.servers):
        load.wait_for(10)
        node.query("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")
        node.wait_for("wsrep_ready", "OFF")
        load.wait_for(10)
        node.query("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")
        node.wait_for("wsrep_local_state_comment", "Synced")
        load.wait_for(10)

    check_promises(hosts, load)


def test_the_last_node_alone_is_not_written(hosts) -> None:
    """With two of three nodes killed, answers are 503 and nothing is stored; later submissions succeed."""
    last, *others = hosts.nodes
    for node in others:
        node.kill()
    try:
        refused = [server.submit("computers", {"hostname": "pc-1"}) for server in hosts.servers]
        with hosts.servers[0].client() as client:
            health = client.get("/api/health")
    finally:
        last.query("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=1'")
        hosts.cluster.join(*others)

    assert [(answer.status_code, "Retry-After" in answer.headers) for answer in refused] == [(503, True)] * 3
    assert health.status_code == 503
    assert [server.submit("computers", {"hostname": "pc-1"}).status_code for server in hosts.servers] == [
        201,
        200,
        200,
    ]
    hosts.check_sound()


def check_promises(hosts, load) -> None:
    """Fail unless what was acknowledged is in the audit, and every refusal has a Retry-After."""
    assert {(answer.status, bool(answer.retry_after)) for answer in load.refused} <= {(503, True)}
    hosts.check_sound()
    audited = {requestid for (requestid,) in hosts.query(hosts.nodes[0], "SELECT requestid FROM auditentry")}
    assert {answer.requestid for answer in load.acknowledged} <= audited
    assets = hosts.query(hosts.nodes[0], "SELECT identitykey FROM asset")
    assert len(assets) == len({answer.hostname for answer in load.acknowledged})


def log_times(pauses: list[float], returns: list[float]) -> None:
    """Log how long no submission of a writer succeeded, and how long a node took to come back."""
    _logger.warning(
        "without success after kill -9: p50 %.1f s, max %.1f s; node back after p50 %.1f s, max %.1f s",
        statistics.median(pauses),
        max(pauses),
        statistics.median(returns),
        max(returns),
    )
