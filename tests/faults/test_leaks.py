"""Whatever fails, neither the log nor an answer tells a secret."""

import httpx
import pytest

PASSWORD = "hunter2-canary-in-the-payload"
OTHER_KEY = "a-wrong-collector-key-canary-0123456789"
FAILING_HOOKS = ["normalize", "store", "statement"]


@pytest.fixture
def blurting_site(make_site, install):
    """Return a site with the plugin that says out loud what it was given."""
    site = make_site(variables=install("blurter"))
    site.upgrade()
    return site


def submission(number: int, failin: str) -> dict[str, str]:
    return {"name": f"canary-host-{number}", "password": PASSWORD, "failin": failin}


def secrets_of(site) -> set[str]:
    return {site.variables["SECRET_KEY"], site.variables["COLLECTOR_API_KEY"], OTHER_KEY}


def told(secrets: set[str], text: str) -> set[str]:
    return {secret for secret in secrets if secret in text}


@pytest.mark.every_database
def test_failing_plugin_tells_nothing(blurting_site, scale) -> None:
    """A plugin that quotes the submission in its error tells it neither to the log nor to the client."""
    server = blurting_site.serve()
    with server.client() as client:
        answers = [
            client.post("/api/collector/blurter", json=submission(number, hook))
            for number in range(scale(70, 1_000))
            for hook in FAILING_HOOKS
        ]
    assert server.stop() == 0

    assert {answer.status_code for answer in answers} == {500}
    told_to_clients = "".join(f"{answer.headers}{answer.text}" for answer in answers)
    assert told(secrets_of(blurting_site) | {PASSWORD, "canary-host"}, told_to_clients) == set()
    log = server.log.read_text()
    assert log.count(" 500 ") == len(answers)
    assert told(secrets_of(blurting_site) | {PASSWORD, "canary-host"}, log) == set()


@pytest.mark.every_database
def test_failing_observer_tells_nothing(blurting_site) -> None:
    """An observer's error reaches the log without what it observed, and the client not at all."""
    server = blurting_site.serve()

    answer = server.submit("blurter", submission(1, "observe"))
    assert server.stop() == 0

    assert answer.status_code == 201
    log = server.log.read_text()
    assert "asset_changed raised RuntimeError" in log
    assert told(secrets_of(blurting_site) | {PASSWORD, "canary-host"}, log) == set()


@pytest.mark.every_database
def test_broken_database_tells_nothing(site) -> None:
    """An error that nobody foresaw is a 500 that names the request, and logs no value of it."""
    server = site.serve()
    site.database.query("ALTER TABLE auditentry RENAME TO elsewhere")

    answer = server.submit("computers", {"hostname": "canary-host", "osname": PASSWORD})
    assert server.stop() == 0

    assert answer.status_code == 500
    log = server.log.read_text()
    assert answer.json()["requestid"] in log
    assert told(secrets_of(site) | {PASSWORD, "canary-host"}, log + answer.text) == set()


def test_refusals_tell_no_key(site) -> None:
    """Wrong keys, tokens in the wrong place and refused bodies leave no credential in log and answer."""
    server, token = site.serve(), site.token()
    collector = "/api/collector/computers"
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        answers = [
            client.post(collector, headers={"X-API-Key": OTHER_KEY}, json={}),
            client.post(collector, headers={"X-API-Key": token}, json={}),
            client.post(collector, headers={"Authorization": f"Bearer {token}"}, json={}),
            client.post(collector, headers={"X-API-Key": server.key}, json={"osname": PASSWORD}),
            client.post(collector, headers={"X-API-Key": server.key}, content=f'{{"osname": "{PASSWORD}"'),
            client.get("/api/assets", headers={"Authorization": f"Bearer {OTHER_KEY}"}),
            client.get("/api/assets", headers={"Authorization": f"Bearer {server.key}"}),
            client.get("/api/assets", params={"key": server.key, "token": token}),
        ]
    assert server.stop() == 0

    assert [answer.status_code for answer in answers] == [401, 401, 401, 422, 415, 401, 401, 401]
    log = server.log.read_text()
    assert told(secrets_of(site) | {token, PASSWORD}, log) == set()
    shown = "".join(f"{answer.headers}{answer.text}" for answer in answers)
    assert told(secrets_of(site) | {token}, shown) == set()
