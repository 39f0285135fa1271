"""The audit is pruned under every server, by one process at a time."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ageing import let_time_pass

PATIENCE_SECONDS = 30

PRUNE_NOW = """
from shopdb_core.server.background import housekeeping
from shopdb_core.audit import prune as pruning
pruning.LEAST_SHARE = 1.0  # a day's share is tested elsewhere
housekeeping.Housekeeping.__init__.__kwdefaults__.update(first=0, interval=0.2)
"""

PRUNE_SLOWLY = """
import os
from pathlib import Path
batches = housekeeping.prune
def prune(*arguments):
    for batch in batches(*arguments):
        Path(f"pruning-{os.getpid()}").touch()
        yield batch
        if not Path("go-on").exists():
            arguments[-1](600)
housekeeping.prune = prune
"""


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def count(site) -> int:
    ((entries,),) = site.database.query("SELECT count(*) FROM auditentry")
    return entries


@pytest.fixture
def old(site, tmp_path: Path):
    """Return a function that gives a site with 250 noops to prune, whose servers begin with some code."""

    def make(code: str):
        server = site.serve()
        with server.client() as client:
            for _ in range(252):
                client.post("/api/collector/computers", json={"hostname": "PC-1"}).raise_for_status()
        server.stop()
        let_time_pass(site.database.url, site.variables["SECRET_KEY"], 31)
        server = site.serve()
        server.submit("computers", {"hostname": "PC-2"})
        server.stop()
        (tmp_path / "sitecustomize.py").write_text(code)
        site.variables["PYTHONPATH"] = str(tmp_path)
        return site

    return make


def test_every_server_prunes(old, other_server) -> None:
    """Other WSGI servers prune as `shopdb serve` does."""
    site = old(PRUNE_NOW)
    server = site.serve_by(other_server)

    wait_until(lambda: count(site) == 3, "nothing is pruned")

    assert server.stop() == 0
    assert server.log.read_text().count("pruned 250 audit entries") == 1


@pytest.mark.every_database
def test_one_worker_prunes_and_another_takes_over(old) -> None:
    """As long as a worker prunes, no other one does; when it is killed, one of the others goes on."""
    site = old(PRUNE_NOW + PRUNE_SLOWLY)
    server = site.serve(options=["--workers", "2"])

    def pruning() -> list[int]:
        return [int(each.name.rpartition("-")[2]) for each in site.directory.glob("pruning-*")]

    wait_until(pruning, "no process prunes")
    (first,) = pruning()
    time.sleep(1)
    assert pruning() == [first]
    assert count(site) > 100
    (site.directory / "go-on").touch()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: count(site) == 3, "no process takes over")
    assert len(pruning()) > 1

    assert server.stop() == 0
