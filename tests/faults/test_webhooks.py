"""Webhooks while receiver or server are killed: nothing is lost, and the order of each asset is kept."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import receiver as receivers
from database_servers import free_port
from receiver import SECRET

SOON = """
from datetime import timedelta
from shopdb_core.webhooks import delivery, state
delivery.FIRST_PAUSE = timedelta(milliseconds=200)
delivery.LONGEST_PAUSE = timedelta(seconds=1)
delivery.IDLE_SECONDS = 0.2
state.HELD = timedelta(seconds=2)
"""


class ReceiverProcess:
    """A receiver in a process of its own, with the file that it keeps messages in."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "received"
        self.file.touch()
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        command = [sys.executable, receivers.__file__, str(self.file), str(self.port)]
        self.process = subprocess.Popen(command)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.process.kill()
        self.process.wait(20)

    def received(self) -> list[list]:
        """Return the id, asset and entry of each message."""
        lines = self.file.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def wait_for(self, number: int) -> None:
        """Return once it has so many different messages."""
        deadline = time.monotonic() + 60
        while len({each[0] for each in self.received()}) < number:
            assert time.monotonic() < deadline, f"{len(self.received())} messages arrived"
            time.sleep(0.05)


@pytest.fixture
def receiver(tmp_path) -> Iterator[ReceiverProcess]:
    """Return a receiver that is not started."""
    made = ReceiverProcess(tmp_path)
    yield made
    if made.process is not None:
        made.kill()


@pytest.fixture
def hooked(site, receiver, tmp_path):
    """Return a site with a webhook to the receiver, whose pauses are short."""
    file = site.directory / "webhooks.toml"
    url = f"http://127.0.0.1:{receiver.port}/"
    file.write_text(f'[[webhook]]\nname = "tickets"\nurl = "{url}"\nsecret = "{SECRET}"\nnoops = true\n')
    file.chmod(0o600)
    (tmp_path / "sitecustomize.py").write_text(SOON)
    site.variables |= {"SHOPDB_WEBHOOKS": file.name, "PYTHONPATH": str(tmp_path)}
    return site


def wait_until_registered(site) -> None:
    deadline = time.monotonic() + 20
    while site.database.query("SELECT count(*) FROM webhook") == [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def check_received(site, receiver) -> None:
    """Fail unless every entry arrived, and each asset's first arrivals are in the order of its entries."""
    entries = site.database.query("SELECT auditid, assetid FROM auditentry ORDER BY auditid")
    receiver.wait_for(len(entries))
    first = list(dict.fromkeys((assetid, auditid) for _, assetid, auditid in receiver.received()))
    for asset in {assetid for _, assetid in entries}:
        arrived = [auditid for assetid, auditid in first if assetid == asset]
        assert arrived == [auditid for auditid, assetid in entries if assetid == asset]


def test_a_receiver_that_dies_gets_everything(hooked, receiver, writers, scale) -> None:
    """Whenever it is killed, it has everything in the end."""
    server = hooked.serve()
    wait_until_registered(hooked)
    with writers.on(server):
        for _ in range(scale(3, 20)):
            receiver.start()
            writers.wait_for(30)
            receiver.kill()
    receiver.start()

    check_received(hooked, receiver)

    assert server.stop() == 0


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_a_server_that_is_killed_delivers_everything(hooked, receiver, writers, scale) -> None:
    """What was accepted before the kill comes again at most, with the same id."""
    receiver.start()
    server = hooked.serve()
    wait_until_registered(hooked)
    for _ in range(scale(2, 20)):
        with writers.on(server):
            writers.wait_for(30)
            server.kill()
        server = hooked.serve()

    check_received(hooked, receiver)

    ids = {(messageid, auditid) for messageid, _, auditid in receiver.received()}
    assert len(ids) == len({auditid for _, auditid in ids})
    assert SECRET[6:] not in server.log.read_text()
