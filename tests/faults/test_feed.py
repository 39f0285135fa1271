"""The feed while many write: readers miss nothing and read nothing twice, whatever is killed meanwhile."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from threading import Event

import httpx
import pytest
from writers import Writer, Writers

READERS = 3


@pytest.fixture
def token(site) -> dict[str, str]:
    """Return the header of a viewer."""
    return {"Authorization": f"Bearer {site.token()}"}


def follow(url: str, token: dict[str, str], enough: Event) -> list[dict]:
    """Follow the feed from its beginning until `enough` is set and nothing more comes."""
    entries, after = [], ""
    with httpx.Client(base_url=url, headers=token, timeout=60, trust_env=False) as client:
        while True:
            was_enough = enough.is_set()
            answer = client.get(f"/api/changes?limit=50&wait=1{after}")
            answer.raise_for_status()
            page = answer.json()
            entries += page["items"]
            at_end, after = after == f"&after={page['next']}", f"&after={page['next']}"
            if at_end and was_enough:
                return entries


@pytest.mark.every_database
def test_readers_miss_nothing_while_many_write(site, token, scale) -> None:
    """Sixteen writers and three readers, on two servers where the database is shared by processes."""
    servers = [site.serve(), site.serve()]
    writers = [Writers([Writer(f"pc-{turn}-{number}") for number in range(8)]) for turn in range(2)]
    enough = Event()
    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(follow, servers[number % 2].url, token, enough) for number in range(READERS)]
        with ExitStack() as writing:
            writing.callback(enough.set)  # the last of all, also after a failure
            for each, server in zip(writers, servers, strict=True):
                writing.enter_context(each.on(server))
            for each in writers:
                each.wait_for(scale(60, 10_000))
        found = [reader.result() for reader in readers]

    audited = {auditid for (auditid,) in site.database.query("SELECT auditid FROM auditentry")}
    for entries in found:
        assert len(entries) == len(audited)
        assert {entry["auditid"] for entry in entries} == audited
        positions = [entry["position"] for entry in entries]
        assert positions == sorted(positions)
        for asset in {entry["assetid"] for entry in entries}:
            ofasset = [entry["auditid"] for entry in entries if entry["assetid"] == asset]
            assert ofasset == sorted(ofasset)
    assert [entry["auditid"] for entry in found[0]] == [entry["auditid"] for entry in found[1]]


@pytest.mark.parametrize("options", [(), ("--workers", "2")])
def test_those_who_wait_neither_hold_others_nor_a_stop(site, token, options) -> None:
    """With as many waiting as may, others are answered; SIGTERM answers the waiting at once."""
    server = site.serve(options=options)
    waiting = 2 if options else 32
    with ThreadPoolExecutor(waiting) as pool, server.client() as client:
        client.headers.update(token)
        after = client.get("/api/changes?after=newest").json()["next"]

        def wait_for_changes() -> httpx.Response:
            return client.get(f"/api/changes?after={after}&wait=30", timeout=60)

        answers = [pool.submit(wait_for_changes) for _ in range(waiting)]
        time.sleep(1)
        started = time.monotonic()
        assert client.get("/api/assets").status_code == 200
        assert client.get(f"/api/changes?after={after}").json()["items"] == []
        assert time.monotonic() - started < 5

        assert server.stop() == 0

        assert time.monotonic() - started < 10
        assert {answer.result().status_code for answer in answers} <= {200, 503}
        assert 200 in {answer.result().status_code for answer in answers}


@pytest.mark.every_server
def test_a_killed_server_loses_no_position(site, token, writers, scale) -> None:
    """Whoever dies while it gives positions, the next one goes on."""
    for _ in range(scale(1, 20)):
        server = site.serve()
        with writers.on(server), ThreadPoolExecutor(1) as pool:
            reading = pool.submit(follow_until_killed, server.url, token)
            try:
                writers.wait_for(40)
            finally:
                server.kill()
            reading.result()
    server, enough = site.serve(), Event()
    enough.set()

    entries = follow(server.url, token, enough)

    audited = [auditid for (auditid,) in site.database.query("SELECT auditid FROM auditentry")]
    assert sorted(entry["auditid"] for entry in entries) == sorted(audited)


def follow_until_killed(url: str, token: dict[str, str]) -> None:
    with suppress(httpx.HTTPError):
        follow(url, token, Event())
