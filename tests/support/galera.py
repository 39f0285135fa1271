"""A cluster of three MariaDB nodes on loopback, as processes of the test's own.

Needs MariaDB's server with its Galera library, and rsync, by which a node that joins is filled.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import MySQLdb
from MySQLdb.connections import Connection

LIBRARIES = (
    Path("/usr/lib/galera/libgalera_smm.so"),
    Path("/usr/lib64/galera-4/libgalera_smm.so"),
    Path("/usr/lib64/galera/libgalera_smm.so"),
)
PROGRAMS = ("mariadbd", "mariadb-install-db", "rsync")
NODES = 3
START_SECONDS = 90
STOP_SECONDS = 30


def missing() -> str | None:
    """Return what this machine lacks for a cluster; `None` where one can be started."""
    lacking = [program for program in PROGRAMS if not shutil.which(program)]
    if not any(library.is_file() for library in LIBRARIES):
        lacking.append("libgalera_smm.so")
    return f"a Galera cluster needs {', '.join(lacking)}" if lacking else None


@dataclass
class Node:
    """One node: its folder, its ports, and its process while it runs."""

    name: str
    folder: Path
    port: int
    group_port: int
    increment_port: int
    transfer_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def place(self) -> str:
        """The node as a URL's `host` names it."""
        return f"127.0.0.1:{self.port}"

    def connect(self, database: str = "") -> Connection:
        """Return a connection that commits each statement."""
        return MySQLdb.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            database=database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=5,
            read_timeout=60,
        )

    def query(self, sql: str, database: str = "") -> list[tuple]:
        """Return the rows of one statement, run on this node."""
        connection = self.connect(database)
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            return list(cursor.fetchall())
        finally:
            connection.close()

    def status(self, name: str) -> str:
        """Return one of the node's wsrep_… figures; empty where it does not answer."""
        with suppress(MySQLdb.Error):
            rows = self.query(f"SHOW STATUS LIKE '{name}'")
            return rows[0][1] if rows else ""
        return ""

    def wait_for(self, name: str, value: str, seconds: float = START_SECONDS) -> None:
        """Return once a figure has a value; fails where the node ends before, or the time does."""
        deadline = time.monotonic() + seconds
        while self.status(name) != value:
            ended = self.process is not None and self.process.poll() is not None
            assert not ended, f"{self.name} ended: {self.log_end()}"
            assert time.monotonic() < deadline, f"{self.name}: {name} is not {value}: {self.log_end()}"
            time.sleep(0.1)

    def log_end(self) -> str:
        """Return the last lines of the node's log."""
        return self.folder.with_suffix(".log").read_text(errors="replace")[-2000:]

    def kill(self) -> None:
        """End the node as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=STOP_SECONDS)

    def stop(self) -> None:
        """End the node, and whatever it had started to fill itself or another."""
        if self.process is None:
            return
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=STOP_SECONDS)


@dataclass
class Cluster:
    """Three nodes that know each other."""

    folder: Path
    nodes: list[Node] = field(default_factory=list)

    def start(self) -> None:
        """Make the first node's tables, found the cluster with it, and let the others join."""
        self.nodes = [self._node(number) for number in range(1, NODES + 1)]
        first, *others = self.nodes
        _install(first.folder)
        self.launch(first, "--wsrep-new-cluster")
        first.wait_for("wsrep_local_state_comment", "Synced")
        self.join(*others)

    def join(self, *nodes: Node) -> None:
        """Start nodes, and return once they have all that the others have."""
        for node in nodes:
            self.launch(node)
        for node in nodes:
            node.wait_for("wsrep_local_state_comment", "Synced")

    def launch(self, node: Node, *options: str) -> None:
        """Start a node's process, in a group of its own so that its helpers can be ended with it."""
        with node.folder.with_suffix(".log").open("ab") as log:
            node.process = subprocess.Popen(
                [*self._command(node), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

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

    def _node(self, number: int) -> Node:
        folder = self.folder / f"n{number}"
        folder.mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder, "mysql")
        return Node(f"n{number}", folder, *_free_ports(4))

    def _command(self, node: Node) -> list[str]:
        library = next(library for library in LIBRARIES if library.is_file())
        groups = ",".join(f"127.0.0.1:{each.group_port}" for each in self.nodes)
        provider = (
            f"gmcast.listen_addr=tcp://127.0.0.1:{node.group_port}",
            f"ist.recv_addr=127.0.0.1:{node.increment_port}",
            "gcache.size=32M",
        )
        return [
            "mariadbd",
            "--no-defaults",
            *_as_mysql(),
            f"--datadir={node.folder}",
            f"--socket={node.folder}.sock",
            f"--port={node.port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            "--binlog-format=ROW",
            "--default-storage-engine=InnoDB",
            "--innodb-autoinc-lock-mode=2",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
            "--wsrep-on=ON",
            f"--wsrep-provider={library}",
            "--wsrep-cluster-name=shopdb_test",
            f"--wsrep-cluster-address=gcomm://{groups}",
            f"--wsrep-node-name={node.name}",
            f"--wsrep-node-address=127.0.0.1:{node.group_port}",
            "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address=127.0.0.1:{node.transfer_port}",
            "--wsrep-slave-threads=2",
            f"--wsrep-provider-options={';'.join(provider)}",
        ]


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Run three nodes; their folder is a short one, since a socket's path may have no more than 107 bytes."""
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


def _install(folder: Path) -> None:
    """Make the system's tables; `root` needs no password."""
    subprocess.run(
        [
            "mariadb-install-db",
            "--no-defaults",
            *_as_mysql(),
            f"--datadir={folder}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=START_SECONDS,
    )


def _as_mysql() -> list[str]:
    """Return the option without which the server refuses to be run by root."""
    return ["--user=mysql"] if os.geteuid() == 0 else []


def _free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago, all different."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


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
