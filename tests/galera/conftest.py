"""A cluster for all tests of this folder, and three hosts of one site on it, each with a node of its own."""

import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from galera import Cluster, running_cluster
from galeranode import Node, missing


@dataclass
class Hosts:
    """One site on three hosts: each names another node first, and serves."""

    cluster: Cluster
    database: str
    sites: list
    servers: list = field(default_factory=list)

    def serve(self) -> None:
        """Start a server on each host."""
        with ThreadPoolExecutor(len(self.sites)) as pool:
            self.servers = list(pool.map(lambda site: site.serve(), self.sites))

    def query(self, node: Node, sql: str) -> list[tuple]:
        """Return the rows of a query of the site's database on one node."""
        return node.query(sql, self.database)

    def check_sound(self) -> None:
        """Fail unless every node has the same rows, and an unbroken history."""
        self.cluster.wait_until_equal()
        for table in self.tables():
            contents = [sorted(map(repr, self.query(node, f"SELECT * FROM {table}"))) for node in self.nodes]
            assert contents[0] == contents[1] == contents[2], f"{table} is not the same on every node"
        with ThreadPoolExecutor(len(self.sites)) as pool:
            for verified in pool.map(lambda site: site.run("audit", "verify"), self.sites):
                assert verified.returncode == 0, verified.stdout + verified.stderr

    def tables(self) -> list[str]:
        """Return the tables that the first node has."""
        return [name for (name,) in self.query(self.nodes[0], "SHOW TABLES")]

    @property
    def nodes(self) -> list[Node]:
        """The cluster's nodes; the host of the same index names it first."""
        return self.cluster.nodes


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Return three running nodes; if they cannot be started, the test is skipped, or fails in CI."""
    if reason := missing():
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with running_cluster() as running:
        yield running


@pytest.fixture
def new_hosts(cluster: Cluster, make_site: Callable[..., object]) -> Iterator[Hosts]:
    """Return three hosts of a site whose database is empty; it is dropped afterwards."""
    name = f"shopdb_test_{secrets.token_hex(6)}"
    cluster.nodes[0].query(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    cluster.wait_until_equal()
    urls = [cluster.url(name, first) for first in range(len(cluster.nodes))]
    yield Hosts(cluster, name, [make_site(variables={"SHOPDB_DATABASE_URL": url}) for url in urls])
    cluster.nodes[0].query(f"DROP DATABASE {name}")


@pytest.fixture
def hosts(new_hosts: Hosts) -> Hosts:
    """Return three hosts of a site whose tables are up to date, each with a server."""
    new_hosts.sites[0].upgrade()
    new_hosts.serve()
    return new_hosts
