"""Upgrades of a cluster, and the tables that they create."""

from concurrent.futures import ThreadPoolExecutor


def test_two_upgrades_through_two_nodes(new_hosts) -> None:
    """One migrates; the other finds nothing to do, or fails in one line without an effect."""
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda site: site.run("db", "upgrade"), new_hosts.sites[:2]))

    assert 0 in [each.returncode for each in done]
    for each in done:
        refused = each.returncode == 1 and each.stderr.count("\n") == 1 and "already exists" in each.stderr
        assert refused or each.returncode == 0, each.stderr
    new_hosts.serve()
    answers = [server.submit("computers", {"hostname": "pc-1"}) for server in new_hosts.servers]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    new_hosts.check_sound()


def test_every_table_suits_a_cluster(new_hosts) -> None:
    """Every table has a primary key and the engine InnoDB, also those of plugins and of Alembic."""
    new_hosts.sites[0].upgrade()

    found = new_hosts.query(
        new_hosts.nodes[0],
        "SELECT t.table_name, t.engine, count(k.column_name) FROM information_schema.tables t"
        " LEFT JOIN information_schema.key_column_usage k ON k.table_schema = t.table_schema"
        "  AND k.table_name = t.table_name AND k.constraint_name = 'PRIMARY'"
        " WHERE t.table_schema = database() GROUP BY t.table_name, t.engine",
    )

    assert {"asset", "auditentry", "computers_inventory", "alembic_version_core"} <= {
        name for name, _, _ in found
    }
    assert [(name, engine) for name, engine, keys in found if engine != "InnoDB" or not keys] == []
