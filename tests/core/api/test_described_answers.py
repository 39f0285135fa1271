"""Answers that schemathesis does not get, as they need a session or a past, fit the OpenAPI document."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator
from people import PASSWORD, add_user, bearer, cookie, login

from shopdb_core.feed.cursor import Cursor
from shopdb_core.webhooks.state import add_webhook

LOGIN = "/api/auth/login"


@pytest.fixture
def faults(shop):
    """Return a function that returns what about an answer does not fit the document."""
    document = shop.get("/api/openapi.json").json

    def find(answer, method: str, address: str) -> list[str]:
        described = document["paths"][address][method]["responses"][str(answer.status_code)]
        missing = {"set-cookie", "location"} & answer.headers.keys() - {*map(str.lower, described["headers"])}
        mediatype = answer.headers["content-type"].partition(";")[0]
        schema = described["content"][mediatype]["schema"]
        validator = Draft202012Validator({**schema, "components": document["components"]})
        return [*missing, *(error.message for error in validator.iter_errors(answer.json))]

    return find


def test_what_signing_in_answers(shop, faults):
    """A program gets tokens, a browser a cookie, and a form is led to a page."""
    add_user(shop, "ann")
    form = urlencode({"username": "ann", "password": PASSWORD, "next": "/api/docs"})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answers = [
        login(shop, "ann"),
        login(shop, "ann", cookies=True),
        shop.client.simulate_post(LOGIN, body=form, headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 303]
    assert [faults(answer, "post", LOGIN) for answer in answers] == [[], [], []]


def test_what_a_session_answers(shop, faults):
    """Who asks, that user's sessions, and new tokens."""
    add_user(shop, "ann")
    program, browser = login(shop, "ann"), login(shop, "ann", cookies=True)
    body = {"refreshtoken": program.json["refreshtoken"]}

    sessions = shop.client.simulate_get("/api/auth/sessions", headers=bearer(program))
    refreshed = shop.client.simulate_post("/api/auth/refresh", json=body)

    for headers in (bearer(program), cookie(browser), shop.bearer()):
        assert faults(shop.client.simulate_get("/api/auth/me", headers=headers), "get", "/api/auth/me") == []
    assert len(sessions.json["items"]) == 2
    assert faults(sessions, "get", "/api/auth/sessions") == []
    assert faults(refreshed, "post", "/api/auth/refresh") == []


def test_what_users_did(shop, faults):
    """An event of a request, and one of the command line, which has fewer members that are not null."""
    add_user(shop, "ann")
    login(shop, "ann")
    login(shop, "nobody")

    answer = shop.edit("GET", "/api/access-events", role="admin")

    assert [each["action"] for each in answer.json["items"]] == ["user added", "signed in", "sign-in failed"]
    assert faults(answer, "get", "/api/access-events") == []


def test_what_an_asset_was(shop, faults):
    """As of a time, with a relationship; and what changed between two times."""
    begun = datetime.now(UTC)
    for hostname in ("PC-1", "PC-2"):
        shop.submit("computers", {"hostname": hostname, "osname": "Debian"})
    body = {"relationshiptype": "controls", "targetassetid": 2}
    assert shop.edit("POST", "/api/assets/1/relationships", body).status_code == 201
    now = datetime.now(UTC)

    was = shop.get(f"/api/assets/1?{urlencode({'at': now.isoformat()})}")
    times = urlencode({"from": begun.isoformat(), "to": now.isoformat()})
    changed = shop.get(f"/api/assets/1/diff?{times}")

    assert len(was.json["relationships"]) == 1
    assert changed.json["diff"]
    assert faults(was, "get", "/api/assets/{assetid}") == []
    assert faults(changed, "get", "/api/assets/{assetid}/diff") == []


def test_what_was_committed_and_sent_on(shop, faults):
    """The feed, and a webhook that has not delivered anything yet."""
    shop.submit("computers", {"hostname": "PC-1"})
    shop.store.transaction(lambda connection: add_webhook(connection, "tickets", Cursor("f", 0)))

    changes, webhooks = shop.get("/api/changes"), shop.get("/api/webhooks")

    assert [len(answer.json["items"]) for answer in (changes, webhooks)] == [1, 1]
    assert faults(changes, "get", "/api/changes") == []
    assert faults(webhooks, "get", "/api/webhooks") == []


def test_what_a_server_that_is_not_ready_answers(shop, faults):
    """Its checks, with the status 503."""
    older = "UPDATE alembic_version_core SET version_num = '0011'"
    shop.store.transaction(lambda connection: connection.exec_driver_sql(older))

    answer = shop.client.simulate_get("/api/ready")

    assert answer.status_code == 503
    assert faults(answer, "get", "/api/ready") == []
