"""Signing in, refreshing and signing out over HTTP."""

import json

import pytest
from people import PASSWORD, add_user, bearer, login, me

LOGIN = "/api/auth/login"


def test_a_program_gets_tokens(shop):
    """An access token for a quarter of an hour, and a refresh token that gives another one."""
    add_user(shop, "Ann", "editor")

    answer = login(shop, "ann")

    assert answer.status_code == 200
    assert (answer.json["role"], answer.json["tokentype"], answer.json["expiresin"]) == (
        "editor",
        "Bearer",
        900,
    )
    assert "set-cookie" not in answer.headers
    asked = me(shop, bearer(answer)).json
    assert (asked["subject"], asked["role"], asked["csrftoken"]) == ("Ann", "editor", None)
    refreshed = shop.client.simulate_post(
        "/api/auth/refresh", json={"refreshtoken": answer.json["refreshtoken"]}
    )
    assert refreshed.json.keys() == answer.json.keys()
    assert me(shop, bearer(refreshed)).status_code == 200


def test_signing_out_ends_the_session(shop):
    """Its tokens are refused at once; the user's other sessions go on."""
    add_user(shop, "ann")
    first, other = login(shop, "ann"), login(shop, "ann")

    answer = shop.client.simulate_post("/api/auth/logout", headers=bearer(first))

    assert (answer.status_code, answer.content) == (204, b"")
    assert [me(shop, bearer(each)).status_code for each in (first, other)] == [401, 200]
    body = {"refreshtoken": first.json["refreshtoken"]}
    assert shop.client.simulate_post("/api/auth/refresh", json=body).status_code == 401


def test_a_user_sees_and_ends_own_sessions_alone(shop):
    """Another user's session does not exist for them."""
    add_user(shop, "ann")
    add_user(shop, "bob")
    ann, lost, bob = login(shop, "ann"), login(shop, "ann"), login(shop, "bob")
    ids = [me(shop, bearer(each)).json["sessionid"] for each in (ann, lost, bob)]

    listed = shop.client.simulate_get("/api/auth/sessions", headers=bearer(ann)).json["items"]
    ended = [
        shop.client.simulate_delete(f"/api/auth/sessions/{each}", headers=bearer(ann)).status_code
        for each in (ids[1], ids[2], "0" * 32, "%00")
    ]

    assert {each["sessionid"] for each in listed} == {*ids[:2]}
    assert [each["sessionid"] for each in listed if each["current"]] == ids[:1]
    assert ended == [204, 404, 404, 404]
    assert [me(shop, bearer(each)).status_code for each in (ann, lost, bob)] == [200, 401, 200]


def test_a_program_s_token_has_no_session(shop):
    """It is revoked by the command line."""
    for method, path in (("POST", "/api/auth/logout"), ("GET", "/api/auth/sessions")):
        answer = shop.client.simulate_request(method, path, headers=shop.bearer())
        assert answer.status_code == 409
        assert "shopdb token revoke" in answer.json["detail"]


ODD = {
    "no password": {"username": "ann"},
    "a number": {"username": "ann", "password": 1},
    "a list": {"username": ["ann"], "password": PASSWORD},
    "null": {"username": None, "password": PASSWORD},
    "another field": {"username": "ann", "password": PASSWORD, "role": "admin"},
    "cookies as text": {"username": "ann", "password": PASSWORD, "cookies": "yes"},
    "10 kB of name": {"username": "a" * 10_000, "password": PASSWORD},
    "129 characters": {"username": "ann", "password": "canary-" + "x" * 122},
    "half a surrogate pair": {"username": "\ud800", "password": PASSWORD},
    "half in the password": {"username": "ann", "password": "canary-\udfff"},
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_odd_credentials_are_422(shop, body):
    """Before anything is hashed or counted; the answer does not repeat what may be a password."""
    answer = shop.client.simulate_post(LOGIN, body=json.dumps(body), content_type="application/json")

    assert answer.status_code == 422
    assert "canary" not in answer.text
    assert PASSWORD not in answer.text
    assert shop.count("signinattempt") == 0


@pytest.mark.every_database
@pytest.mark.parametrize(
    "username", ["\0", "a\0b", "\U0001f600" * 100, "\u202e", "' OR 1=1--", "", "ß" * 100]
)
def test_odd_names_are_wrong_ones(shop, username):
    """On every database, and none is kept: it may be a password."""
    add_user(shop, "ann")

    assert login(shop, username, "\0").status_code == 401

    assert shop.rows("SELECT subject FROM accessevent WHERE action = 'sign-in failed'") == [(None,)]


BODIES = {
    "not JSON": (b"{", 400),
    "a list": (b"[]", 400),
    "twice": (b'{"username": "ann", "password": "canary-1", "password": "canary-2"}', 400),
    "deep": (b'{"username": ' + b"[" * 30 + b"]" * 30 + b"}", 400),
    "a megabyte": (b'{"username": "ann", "password": "' + b"x" * 1_000_000 + b'"}', 413),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
def test_odd_bodies_are_refused(shop, body, status):
    """As on every other address, and from fewer bytes on."""
    answer = shop.client.simulate_post(LOGIN, body=body, content_type="application/json")

    assert answer.status_code == status
    assert "canary" not in answer.text


def test_failures_are_throttled(shop):
    """429 with Retry-After; an unknown user as well as a known one."""
    for name in ("nobody", "ann"):
        shop.store.transaction(lambda connection: connection.exec_driver_sql("DELETE FROM signinattempt"))
        statuses = [login(shop, name, "wrong").status_code for _ in range(10)]
        answer = login(shop, name, PASSWORD)

        assert statuses == [401] * 10
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 30


def test_events_say_who_signed_in(shop):
    """For an admin alone, of all actions or one; without any secret."""
    add_user(shop, "ann", "admin")
    login(shop, "ann", "canary-password")
    headers = bearer(login(shop, "ann"))

    answer = shop.client.simulate_get("/api/access-events", headers=headers)
    failed = shop.client.simulate_get("/api/access-events?action=sign-in%20failed", headers=headers)

    assert [item["action"] for item in answer.json["items"]] == ["user added", "sign-in failed", "signed in"]
    assert [item["actor"] for item in answer.json["items"]] == ["cli:tester", None, "user:ann"]
    (item,) = failed.json["items"]
    assert (item["subject"], item["detail"]) == ("ann", "wrong password")
    assert "canary" not in answer.text
