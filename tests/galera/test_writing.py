"""Writers on three nodes at once: one row for each computer, and a true history."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

NEW = [f"pc-{number}" for number in range(20)]


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
    """A submission through one node, and the next at once through another, that may not have the first yet:
    each `before` is the `after` of the one before, and whoever reads next finds the newest."""
    clients = [server.client() for server in hosts.servers]
    token = {"Authorization": f"Bearer {hosts.sites[0].token()}"}
    seen = []
    for number in range(scale(60, 1_000)):
        writing, reading = clients[number % 3], clients[(number + 1) % 3]
        submission = {"hostname": "pc-1", "osversion": str(number)}
        assetid = writing.post("/api/collector/computers", json=submission).json()["assetid"]
        asset = reading.get(f"/api/assets/{assetid}", headers=token)
        seen.append(asset.json()["attributes"]["osversion"])
    for client in clients:
        client.close()

    diffs = hosts.query(hosts.nodes[0], "SELECT diff FROM auditentry ORDER BY auditid")
    changes = [json.loads(diff)["osversion"] for (diff,) in diffs]
    assert seen == [str(number) for number in range(len(changes))]
    assert [change["before"] for change in changes] == [None, *seen[:-1]]
    hosts.check_sound()


def test_every_table_suits_a_cluster(hosts) -> None:
    """Every table, of the core, of the plugins and of their migrations, has a primary key and is InnoDB's."""
    found = hosts.query(
        hosts.nodes[0],
        "SELECT t.table_name, t.engine, count(k.column_name) FROM information_schema.tables t"
        " LEFT JOIN information_schema.key_column_usage k ON k.table_schema = t.table_schema"
        "  AND k.table_name = t.table_name AND k.constraint_name = 'PRIMARY'"
        " WHERE t.table_schema = database() GROUP BY t.table_name, t.engine",
    )

    assert {"asset", "auditentry", "computers_installation", "alembic_version_core"} <= {
        name for name, _, _ in found
    }
    assert [(name, engine) for name, engine, keys in found if engine != "InnoDB" or not keys] == []
