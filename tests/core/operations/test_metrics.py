"""Metrics: what is counted, for whom it is shown, and that all workers count together."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from database_servers import free_port
from prometheus_client.parser import text_string_to_metric_families

from shopdb_core.server.metrics import new_folder

TOKEN = "a-token-for-the-metrics-0123456789-abcd"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Return each sample by its name and the values of its labels, in the order of their names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def counting(make_shop):
    """Return a site with metrics."""
    return make_shop(metrics_token=TOKEN)


def read(shop) -> dict[tuple[str, ...], float]:
    """Return the samples of a site in this process."""
    return samples(shop.client.simulate_get("/metrics", headers=BEARER).text)


def test_submissions_and_refusals_are_counted(counting):
    """Once, by plugin, source and action or reason; a dry run is not one."""
    for osname in ("A", "A", "B"):
        counting.post("computers", {"hostname": "PC-1", "osname": osname})
    counting.post("computers", {"hostname": 7})
    counting.post("computers", {"hostname": "PC-2"}, "?dryrun=true")
    counting.client.simulate_post("/api/collector/computers", headers={"X-API-Key": "wrong"})
    counting.post("pc", {"PCName": "PC-1", "osname": "B"})

    found = read(counting)

    assert {key[1:]: value for key, value in found.items() if key[0] == "shopdb_submissions_total"} == {
        ("created", "computers", ""): 1,
        ("noop", "computers", ""): 2,
        ("updated", "computers", ""): 1,
    }
    assert found["shopdb_legacy_submissions_total", "noop", ""] == 1
    assert {key[1:]: value for key, value in found.items() if key[0] == "shopdb_refusals_total"} == {
        ("computers", "422 type", ""): 1,
        ("computers", "401", ""): 1,
    }
    assert found["shopdb_audit_entries_total",] == 4
    assert found["shopdb_database_up",] == 1
    assert found["shopdb_database_bytes",] > 0


def test_what_clients_write_is_not_a_label(counting):
    """A hundred addresses, plugins and identities are a handful of series."""
    for number in range(100):
        counting.client.simulate_get(f"/nowhere/{number}")
        counting.client.simulate_post(f"/api/collector/p{number}", headers={"X-API-Key": "wrong"})
        counting.post("computers", {"hostname": f"PC-{number}", f"field{number}": 1})
        counting.get(f"/api/assets/{number + 1}")

    found = read(counting)

    timed = [key[1:] for key in found if key[0] == "shopdb_request_seconds_count"]
    assert sorted(timed) == [
        ("/api/assets/{assetid:id}", "2xx"),
        ("/api/collector/{plugin}", "2xx"),
        ("/api/collector/{plugin}", "4xx"),
        ("none", "4xx"),
    ]
    assert len(found) < 150


def test_the_database_may_be_away(counting):
    """Then the metrics say so, and still have all that is counted in memory."""
    counting.post("computers", {"hostname": "PC-1"})
    path = counting.settings.database_url.removeprefix("sqlite:///")
    Path(path).rename(f"{path}.away")

    found = read(counting)

    assert found["shopdb_database_up",] == 0
    assert ("shopdb_database_bytes",) not in found
    assert found["shopdb_submissions_total", "created", "computers", ""] == 1


def test_without_a_setting_there_are_no_metrics(shop):
    """The address does not exist."""
    assert shop.client.simulate_get("/metrics").status_code == 404


@pytest.fixture
def pair(site):
    """Return a running server of two workers, whose metrics have an address of their own."""
    site.variables |= {"SHOPDB_METRICS_LISTEN": f"127.0.0.1:{free_port()}", "SHOPDB_WORKERS": "2"}
    server = site.serve()
    server.metrics = f"http://{site.variables['SHOPDB_METRICS_LISTEN']}/metrics"
    return server


def read_from(url: str) -> dict[tuple[str, ...], float]:
    """Return the samples at an address."""
    answer = httpx.get(url, trust_env=False, timeout=30)
    assert answer.status_code == 200
    return samples(answer.text)


def created(found: dict[tuple[str, ...], float]) -> float:
    return found["shopdb_submissions_total", "created", "computers", ""]


def test_the_sum_over_workers_is_exact(pair):
    """Whichever worker answers, and after one was killed and replaced."""

    def submit(number: int) -> int:
        return pair.submit("computers", {"hostname": f"PC-{number}"}).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = [*pool.map(submit, range(40))]
    found = [read_from(pair.metrics) for _ in range(8)]
    assert statuses == [201] * 40
    assert {created(each) for each in found} == {40}
    assert {each["shopdb_request_seconds_count", "/api/collector/{plugin}", "2xx"] for each in found} == {40}
    assert found[0]["shopdb_database_connections", "limit"] in (10, 20)

    first, *_ = workers = children(pair.process.pid)
    folder = counters_of(pair.process.pid)
    os.kill(int(first), signal.SIGKILL)
    deadline = time.monotonic() + 30
    while not {*children(pair.process.pid)} - {*workers}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for number in range(40, 50):
        submit(number)

    assert created(read_from(pair.metrics)) == 50
    assert pair.stop() == 0
    assert not folder.exists()


HOLDER = """
import os, pathlib, sys
from shopdb_core.server.metrics import new_folder
print(new_folder(pathlib.Path(sys.argv[1])), flush=True)
os.execv("/bin/sleep", ["sleep", "60"])
"""


def test_the_folder_of_a_killed_master_is_removed(tmp_path):
    """By the next one that starts; that of a master that runs is left, also if `exec` replaced it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as master:
        folder = Path(master.stdout.readline().strip())
        (folder / "counter_1.db").write_bytes(b"1")
        while not Path(f"/proc/{master.pid}/cmdline").read_text().startswith("sleep"):
            assert master.poll() is None
        other = new_folder(tmp_path)
        assert folder.exists()
        master.kill()

    newest = new_folder(tmp_path)

    assert {*tmp_path.iterdir()} == {other, newest}


def children(pid: int) -> list[str]:
    """Return the processes that a process has started."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def counters_of(pid: int) -> Path:
    """Return the folder in which the workers of a master count."""
    arguments = Path(f"/proc/{pid}/cmdline").read_text()
    return Path(re.findall("PROMETHEUS_MULTIPROC_DIR=([^\0]+)", arguments)[0])


def test_the_listener_has_nothing_but_metrics(site):
    """It needs no token; on the site's own address there are none without one."""
    site.variables["SHOPDB_METRICS_LISTEN"] = f"127.0.0.1:{free_port()}"
    server = site.serve()
    metrics = f"http://{site.variables['SHOPDB_METRICS_LISTEN']}"

    assert read_from(f"{metrics}/metrics")["shopdb_database_up",] == 1
    assert httpx.get(f"{metrics}/api/health", timeout=30, trust_env=False).status_code == 404
    assert httpx.post(f"{metrics}/metrics", content=b"x" * 10, timeout=30, trust_env=False).status_code in (
        404,
        413,
    )
    assert httpx.get(f"{server.url}/metrics", timeout=30, trust_env=False).status_code == 404
    assert server.stop() == 0


def test_an_address_in_use_is_named(site):
    """The error has the setting, and the server does not start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        site.variables["SHOPDB_METRICS_LISTEN"] = f"127.0.0.1:{taken.getsockname()[1]}"
        done = site.run("serve")

    assert done.returncode == 1
    assert f"SHOPDB_METRICS_LISTEN={site.variables['SHOPDB_METRICS_LISTEN']} cannot be used" in done.stderr
