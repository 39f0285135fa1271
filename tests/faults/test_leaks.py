"""Neither the log nor an answer contains a secret, whichever part fails."""

import httpx
import pytest

PASSWORD = "hunter2-canary-in-the-payload"
OTHER_KEY = "a-wrong-collector-key-canary-0123456789"
FAILING_HOOKS = ["normalize", "store", "statement"]


@pytest.fixture
def blurting_site(make_site, install):
    """Return a site with a plugin whose errors quote the submission."""
    site = make_site(variables=install("blurter"))
    site.upgrade()
    return site


def submission(number: int, failin: str) -> dict[str, str]:
    return {"name": f"canary-host-{number}", "password": PASSWORD, "failin": failin}


def secrets_of(site) -> set[str]:
    return {site.variables["SECRET_KEY"], site.variables["COLLECTOR_API_KEY"], OTHER_KEY}


def leaked(secrets: set[str], text: str) -> set[str]:
    return {secret for secret in secrets if secret in text}


@pytest.mark.every_database
def test_failing_plugin_leaks_nothing(blurting_site, scale) -> None:
    """If a plugin's error quotes the submission, neither the log nor the answer contains it."""
    server = blurting_site.serve()
    with server.client() as client:
        answers = [
            client.post("/api/collector/blurter", json=submission(number, hook))
            for number in range(scale(70, 1_000))
            for hook in FAILING_HOOKS
        ]
    assert server.stop() == 0

    assert {answer.status_code for answer in answers} == {500}
    answered = "".join(f"{answer.headers}{answer.text}" for answer in answers)
    assert leaked(secrets_of(blurting_site) | {PASSWORD, "canary-host"}, answered) == set()
    log = server.log.read_text()
    assert log.count(" 500 ") == len(answers)
    assert leaked(secrets_of(blurting_site) | {PASSWORD, "canary-host"}, log) == set()


@pytest.mark.every_database
def test_failing_observer_leaks_nothing(blurting_site) -> None:
    """An observer's error is logged without the submission; the answer is not affected."""
    server = blurting_site.serve()

    answer = server.submit("blurter", submission(1, "observe"))
    assert server.stop() == 0

    assert answer.status_code == 201
    log = server.log.read_text()
    assert "asset_changed raised RuntimeError" in log
    assert leaked(secrets_of(blurting_site) | {PASSWORD, "canary-host"}, log) == set()


@pytest.mark.every_database
def test_broken_database_leaks_nothing(site) -> None:
    """An unexpected error is a 500 with the request's id, and its log contains no submitted value."""
    server = site.serve()
    site.database.query("ALTER TABLE auditentry RENAME TO elsewhere")

    answer = server.submit("computers", {"hostname": "canary-host", "osname": PASSWORD})
    assert server.stop() == 0

    assert answer.status_code == 500
    log = server.log.read_text()
    assert answer.json()["requestid"] in log
    assert leaked(secrets_of(site) | {PASSWORD, "canary-host"}, log + answer.text) == set()


def test_refusals_leak_no_key(site) -> None:
    """With wrong keys, misplaced tokens or refused bodies, neither log nor answer contains a credential."""
    server, token = site.serve(), site.token()
    collector = "/api/collector/computers"
    with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as client:
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
    assert leaked(secrets_of(site) | {token, PASSWORD}, log) == set()
    shown = "".join(f"{answer.headers}{answer.text}" for answer in answers)
    assert leaked(secrets_of(site) | {token}, shown) == set()
