"""The own account: the password, and the sessions."""

import pytest
from browsing import FORM, HTML, Browsing, plain
from people import PASSWORD, add_user, bearer, login, me

NEW = "yellow-boat-candle-4"
NAME = "browsing-viewer"


@pytest.fixture
def viewer(shop) -> Browsing:
    return Browsing(shop, "viewer")


def passwords(**fields: str) -> dict[str, str]:
    return {"current": PASSWORD, "password": NEW, "again": NEW, **fields}


def test_a_password_is_changed_by_its_owner(shop, viewer):
    """Other sessions end, and this browser goes on with the cookie of the answer."""
    other = bearer(login(shop, NAME))

    sent = viewer.post("/account/password", passwords())

    renewed = {**HTML, "Cookie": f"shopdb-session={sent.cookies['shopdb-session'].value}"}
    assert (sent.status_code, sent.headers["location"]) == (303, "/account")
    assert shop.client.simulate_get("/account", headers=renewed).status_code == 200
    assert me(shop, other).status_code == 401
    assert login(shop, NAME, NEW).status_code == 200
    assert login(shop, NAME).status_code == 401


@pytest.mark.parametrize(
    ("fields", "place", "reason"),
    [
        ({"current": "wrong-horse-battery"}, "current", "The current password is wrong."),
        ({"password": "short", "again": "short"}, "password", "A password has 12 to 128 characters"),
        ({"password": NAME * 2, "again": NAME * 2}, "password", "contains the username"),
        ({"again": "yellow-boat-candle-5"}, "again", "not what you typed above"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(shop, viewer, fields, place, reason):
    """And nothing that was typed is in the page."""
    answer = viewer.post("/account/password", passwords(**fields))

    assert answer.status_code == 422
    assert reason in plain(answer.text)
    assert f'id="{place}-fault"' in answer.text
    assert f'{place}-fault" aria-invalid="true"' in answer.text
    assert NEW not in answer.text
    assert login(shop, NAME).status_code == 200


def test_sessions_are_listed_and_ended(shop, viewer):
    """All others at once; one, as the own one, which also takes the cookie."""
    others = [bearer(login(shop, NAME)) for _ in range(2)]
    assert viewer.text("/account").count('name="sessionid"') == 3

    viewer.post("/account/sessions", {})
    left = viewer.text("/account")
    sessionid = left.partition('name="sessionid" value="')[2].partition('"')[0]
    ended = viewer.post("/account/sessions", {"sessionid": sessionid})

    assert [me(shop, each).status_code for each in others] == [401, 401]
    assert left.count('name="sessionid"') == 1
    assert ended.cookies["shopdb-session"].value == ""
    assert viewer.open("/account").status_code == 303


def test_the_sessions_of_others_stay(shop, viewer):
    """Their ids lead to 404."""
    add_user(shop, "ann")
    theirs = bearer(login(shop, "ann"))
    sessionid = me(shop, theirs).json["sessionid"]

    assert viewer.post("/account/sessions", {"sessionid": sessionid}).status_code == 404
    assert me(shop, theirs).status_code == 200


def test_the_name_in_the_heading_leads_to_the_account(viewer):
    """On every page."""
    assert f'href="/account" title="viewer"><bdi>{NAME}</bdi>' in viewer.text("/")


def test_a_program_has_no_account(shop):
    """It has a token and no session: the page says what ends it."""
    answer = shop.client.simulate_get("/account", headers={**HTML, **shop.bearer()})

    assert answer.status_code == 409
    assert "shopdb token revoke" in answer.text


def test_a_password_that_was_typed_into_an_ended_session_is_not_kept(shop):
    """The page to sign in keeps what was typed, but no password."""
    headers = {**HTML, **FORM}
    body = "&".join(f"{name}={value}" for name, value in passwords().items())

    answer = shop.client.simulate_post("/account/password", headers=headers, body=body)

    assert "/account/password" in answer.text
    assert NEW not in answer.text
    assert PASSWORD not in answer.text
