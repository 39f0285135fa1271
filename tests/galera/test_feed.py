"""The feed on a cluster: each node numbers in steps of its own, and readers miss nothing on any of them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

import httpx
from clusterload import Load, everything


def follow(url: str, token: str, enough: Event) -> list[dict]:
    """Follow the feed until `enough` is set and nothing more comes."""
    entries, after = [], ""
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        while True:
            was_enough = enough.is_set()
            answer = client.get(f"/api/changes?limit=100&wait=1{after}")
            if answer.status_code == 503:
                continue
            page = answer.raise_for_status().json()
            entries += page["items"]
            at_end, after = after == f"&after={page['next']}", f"&after={page['next']}"
            if at_end and was_enough:
                return entries


def test_readers_on_every_node_read_the_same(hosts, scale) -> None:
    """Each entry once, in one order, while eight writers write on three nodes and one node is killed."""
    load, enough, token = Load(everything), Event(), hosts.sites[0].token()
    with ThreadPoolExecutor(len(hosts.servers)) as pool:
        readers = [pool.submit(follow, server.url, token, enough) for server in hosts.servers]
        with ExitStack() as writing:
            writing.callback(enough.set)  # the last of all, also after a failure
            writing.enter_context(load.on(hosts.servers))
            for _ in range(scale(1, 10)):
                load.wait_for(10)
                hosts.nodes[2].kill()
                load.wait_for(10)
                hosts.cluster.join(hosts.nodes[2])
                load.wait_for(10)
        found = [[entry["auditid"] for entry in reader.result()] for reader in readers]

    audited = [auditid for (auditid,) in hosts.query(hosts.nodes[0], "SELECT auditid FROM auditentry")]
    assert sorted(found[0]) == sorted(audited)
    assert found[0] == found[1] == found[2]
    hosts.check_sound()
