"""What becomes of submissions is recorded by real servers: every status, in all processes, to the end."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

WRONG = "a-wrong-collector-key-canary-0123456789"
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


def recorded(site) -> dict[tuple[str, str], int]:
    """Return every count in the database, by plugin and outcome."""
    found: Counter[tuple[str, str]] = Counter()
    for plugin, outcome, number in site.database.query("SELECT plugin, outcome, count FROM submissioncount"):
        found[plugin, outcome] += int(number)
    return dict(found)


def refusals(site) -> list[tuple]:
    return site.database.query(
        "SELECT plugin, status, identityvalue, clientaddress FROM refusal ORDER BY refusalid"
    )


@pytest.fixture
def failing_site(make_site, install):
    """Return a site with a plugin that fails to store, and one that is quarantined."""
    installed = [install(name)["PYTHONPATH"] for name in ("blurter", "nowhere")]
    site = make_site(variables={"PYTHONPATH": os.pathsep.join(installed)})
    site.upgrade()
    return site


@pytest.mark.every_database
def test_every_status_is_recorded(failing_site) -> None:
    """Once over HTTP, each with what is known of it; a dry run is not."""
    server = failing_site.serve()
    posts = [
        (201, "computers", {"json": {"hostname": "PC-1"}}),
        (200, "computers", {"json": {"hostname": "PC-1"}}),
        (400, "computers", {"content": b"{", "headers": JSON}),
        (401, "computers", {"json": {}, "headers": {"X-API-Key": WRONG}}),
        (404, "nosuch", {"json": {}}),
        (413, "computers", {"content": b"x" * 2_000_000, "headers": JSON}),
        (415, "computers", {"content": b"{}", "headers": {"Content-Type": "text/plain"}}),
        (422, "computers", {"json": {"hostname": "PC-7", "osname": 7}}),
        (500, "blurter", {"json": {"name": "one", "failin": "store"}}),
        (503, "nowhere", {"json": {"name": "one"}}),
        (422, "computers?dryrun=true", {"json": {"hostname": "PC-8", "osname": 7}}),
        (200, "computers/_batch", {"content": b'{"hostname": "PC-1"}\n{}', "headers": NDJSON}),
    ]  # fmt: skip
    with server.client() as client:
        for status, path, options in posts:
            assert client.post(f"/api/collector/{path}", **options).status_code == status
        wrong = {"X-API-Key": WRONG}
        throttled = [client.post("/api/collector/computers", headers=wrong).status_code for _ in range(20)]

    assert server.stop() == 0

    assert throttled == [401] * 19 + [429]
    assert recorded(failing_site) == {
        ("computers", "created"): 1,
        ("computers", "noop"): 2,
        ("computers", "400"): 1,
        ("computers", "401"): 20,
        ("", "404"): 1,
        ("computers", "413"): 1,
        ("computers", "415"): 1,
        ("computers", "422 type"): 1,
        ("blurter", "500"): 1,
        ("nowhere", "503"): 1,
        ("computers", "422 required"): 1,
        ("computers", "429"): 1,
    }
    listed = [(plugin, status, identity) for plugin, status, identity, _ in refusals(failing_site)]
    assert listed == [
        ("computers", 400, None),
        ("computers", 401, None),
        (None, 404, None),
        ("computers", 413, None),
        ("computers", 415, None),
        ("computers", 422, "PC-7"),
        ("blurter", 500, None),
        ("nowhere", 503, None),
        ("computers", 422, None),
        *[("computers", 401, None)] * 19,
        ("computers", 429, None),
    ]
    assert {address for *_, address in refusals(failing_site)} == {"127.0.0.1"}


@pytest.mark.every_database
def test_a_flood_of_wrong_keys_pushes_out_nothing(site) -> None:
    """It is counted, a part of it is listed, and what was refused before it stays."""
    server = site.serve()
    assert server.submit("computers", {"hostname": "PC-7", "osname": 7}).status_code == 422

    def flood(_number: int) -> int:
        with server.client() as client:
            path, headers = "/api/collector/computers", {"X-API-Key": WRONG}
            statuses = [client.post(path, headers=headers).status_code for _ in range(300)]
        return len([status for status in statuses if status in (401, 429)])

    with ThreadPoolExecutor(4) as pool:
        refused = sum(pool.map(flood, range(4)))

    assert server.submit("computers", {"hostname": "PC-8", "osname": 7}).status_code == 422
    assert server.stop() == 0
    counts = recorded(site)
    assert refused == counts["computers", "401"] + counts["computers", "429"] == 1200
    assert [identity for *_, identity, _ in refusals(site) if identity] == ["PC-7", "PC-8"]
    assert 100 <= len(refusals(site)) < 1200


@pytest.mark.every_database
@pytest.mark.servers_nightly
def test_workers_add_up(site) -> None:
    """Each process writes its own outcomes to the same counts, the last ones when it ends."""
    server = site.serve(options=("--workers", "2"))

    def submit(number: int) -> None:
        for repeated in range(5):
            hostname = f"PC-{number}" if repeated else 7
            server.submit("computers", {"hostname": hostname})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(submit, range(40)))

    assert server.stop() == 0
    assert recorded(site) == {
        ("computers", "created"): 40,
        ("computers", "noop"): 120,
        ("computers", "422 type"): 40,
    }


def test_other_servers_write_the_last_outcomes(site, other_server) -> None:
    """At SIGTERM, whichever server runs the application."""
    server = site.serve_by(other_server)
    assert server.submit("computers", {"hostname": "PC-1"}).status_code == 201
    assert server.submit("computers", {"hostname": 7}).status_code == 422

    server.stop()

    assert recorded(site) == {("computers", "created"): 1, ("computers", "422 type"): 1}


def test_a_running_server_shows_them_within_seconds(site) -> None:
    """Nobody has to stop it; the answer and the command show the same."""
    server = site.serve()
    server.submit("computers", {"hostname": "PC-7", "osname": 7})
    headers = {"Authorization": f"Bearer {site.token()}"}
    items: list[dict] = []
    for _ in range(60):
        if items := httpx.get(f"{server.url}/api/refusals", headers=headers, timeout=30).json()["items"]:
            break
        site.run("refusals")  # takes about a quarter of a second

    assert [each["identityvalue"] for each in items] == ["PC-7"]
