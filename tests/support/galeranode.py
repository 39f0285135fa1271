"""One MariaDB node of a Galera cluster on loopback, as a process of the test's own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import MySQLdb
from MySQLdb.connections import Connection

LIBRARIES = (
    Path("/usr/lib/galera/libgalera_smm.so"),
    Path("/usr/lib64/galera-4/libgalera_smm.so"),
    Path("/usr/lib64/galera/libgalera_smm.so"),
)
PROGRAMS = ("mariadbd", "mariadb-install-db", "rsync")
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

    def launch(self, groups: str, *options: str) -> None:
        """Start the process, in a group of its own so that its helpers can be ended with it."""
        with self.folder.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self._command(groups), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill the node and the processes that it started."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=STOP_SECONDS)

    def stop(self) -> None:
        """Stop the node, and the processes that it started to copy its data."""
        if self.process is None:
            return
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=STOP_SECONDS)

    def _command(self, groups: str) -> list[str]:
        library = next(library for library in LIBRARIES if library.is_file())
        provider = (
            f"gmcast.listen_addr=tcp://127.0.0.1:{self.group_port}",
            f"ist.recv_addr=127.0.0.1:{self.increment_port}",
            "gcache.size=32M",
        )
        return [
            "mariadbd",
            "--no-defaults",
            *_as_mysql(),
            f"--datadir={self.folder}",
            f"--socket={self.folder}.sock",
            f"--port={self.port}",
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
            f"--wsrep-node-name={self.name}",
            f"--wsrep-node-address=127.0.0.1:{self.group_port}",
            "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address=127.0.0.1:{self.transfer_port}",
            "--wsrep-slave-threads=2",
            f"--wsrep-provider-options={';'.join(provider)}",
        ]


def install(folder: Path) -> None:
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


def free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago, all different."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
