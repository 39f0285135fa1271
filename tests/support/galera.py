"""A cluster of three MariaDB nodes on loopback, as processes of the test's own.

Needs MariaDB's server with its Galera library, and rsync, by which a node that joins is filled.
"""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from galeranode import Node, free_ports, install, missing

NODES = 3


@dataclass
class Cluster:
    """A cluster of three nodes."""

    folder: Path
    nodes: list[Node] = field(default_factory=list)

    def start(self) -> None:
        """Make the first node's tables, found the cluster with it, and let the others join."""
        self.nodes = [self._node(number) for number in range(1, NODES + 1)]
        first, *others = self.nodes
        install(first.folder)
        first.launch(self._groups(), "--wsrep-new-cluster")
        first.wait_for("wsrep_local_state_comment", "Synced")
        self.join(*others)

    def join(self, *nodes: Node) -> None:
        """Start nodes, and return once they have all that the others have."""
        for node in nodes:
            node.launch(self._groups())
        for node in nodes:
            node.wait_for("wsrep_local_state_comment", "Synced")

    def stop(self) -> None:
        """End every node, the last one first."""
        for node in reversed(self.nodes):
            node.stop()

    def url(self, database: str, first: int = 0) -> str:
        """Return a URL that names every node, beginning with the one of that index."""
        turned = self.nodes[first:] + self.nodes[:first]
        return f"mysql://root@/{database}?" + "&".join(f"host={node.place}" for node in turned)

    def wait_until_equal(self, seconds: float = 60) -> None:
        """Return once every node has applied what the others had committed."""
        deadline = time.monotonic() + seconds
        while len({node.status("wsrep_last_committed") for node in self.nodes}) > 1:
            assert time.monotonic() < deadline, "the nodes do not come to the same state"
            time.sleep(0.1)

    def _groups(self) -> str:
        """Return the addresses of all nodes within the cluster."""
        return ",".join(f"127.0.0.1:{node.group_port}" for node in self.nodes)

    def _node(self, number: int) -> Node:
        folder = self.folder / f"n{number}"
        folder.mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder, "mysql")
        return Node(f"n{number}", folder, *free_ports(4))


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Run three nodes in a folder with a short path: that of a socket has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="galera-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(folder, "mysql")
        cluster = Cluster(folder)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


def main() -> None:
    """Run a cluster until it is interrupted, and print how each node is reached."""
    if reason := missing():
        sys.exit(reason)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with running_cluster() as cluster, suppress(KeyboardInterrupt):
        for node in cluster.nodes:
            print(f"mysql://root@{node.place}/mysql", flush=True)  # noqa: T201  # its purpose
        signal.pause()


if __name__ == "__main__":
    main()
