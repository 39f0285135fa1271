"""Users and the tokens of programs in the console, and who is recorded as having changed them."""

import re
from html import unescape

import pytest
from browsing import HTML, Browsing, plain
from people import PASSWORD, add_user, bearer, change, login, me
from shops import Shop

from shopdb_core.access import users

NEW = {"password": "yellow-boat-candle-4", "again": "yellow-boat-candle-4"}
USER = {"username": "ann", "role": "editor", **NEW}
TOKEN = {"subject": "dashboard", "role": "viewer", "days": "7"}


@pytest.fixture
def admin(shop) -> Browsing:
    """Return the browser of the only admin, who is user 1."""
    return Browsing(shop, "admin")


def events(shop: Shop) -> list[tuple[object, ...]]:
    """Return the events of people and tokens that an admin makes."""
    return shop.rows(
        "SELECT action, actor, subject, detail FROM accessevent "
        "WHERE action NOT IN ('signed in', 'session ended') AND actor = 'user:browsing-admin'"
    )


@pytest.mark.every_database
def test_a_user_is_added(shop, admin):
    """The user may sign in at once, is in the list, and the event names the admin."""
    sent = admin.post("/admin/users", USER)

    assert (sent.status_code, sent.headers["location"]) == (303, "/admin/users/2")
    assert login(shop, "ann", NEW["password"]).json["role"] == "editor"
    assert "ann editor Enabled Password" in plain(admin.text("/admin/users"))
    assert "browsing-admin" not in admin.text("/admin/users?q=AN").partition("<main")[2]
    assert events(shop) == [("user added", "user:browsing-admin", "ann", "editor")]


@pytest.mark.parametrize(
    ("fields", "place", "reason"),
    [
        ({"username": "x" * 500}, "username", "A username has 1 to 100 printable characters."),
        ({"username": "\u202eann"}, "username", "printable"),
        ({"username": "Browsing-ADMIN"}, "username", "There is a user"),
        ({"role": "owner"}, "role", "The role is one of viewer, editor, admin."),
        ({"password": "short", "again": "short"}, "password", "12 to 128"),
        ({"again": "another"}, "again", "not what you typed above"),
    ],
)
def test_what_is_wrong_with_a_new_user_is_said_at_its_field(shop, admin, fields, place, reason):
    """The name that was typed stays, and no password does."""
    answer = admin.post("/admin/users", {**USER, **fields})

    assert answer.status_code == 422
    assert reason in plain(answer.text)
    assert f'id="{place}-fault"' in answer.text
    assert ('value="ann"' in answer.text) == ("username" not in fields)
    assert NEW["password"] not in answer.text
    assert shop.count("appuser") == 1


def test_a_user_is_changed(shop, admin):
    """Another role, another password, disabled, enabled: each ends the sessions and is an event."""
    add_user(shop, "ann")
    session = bearer(login(shop, "ann"))
    assert "1 session is in force" in plain(admin.text("/admin/users/2"))

    sent = [
        admin.post("/admin/users/2/role", {"role": "editor"}),
        admin.post("/admin/users/2/password", NEW),
        admin.post("/admin/users/2/disable", {}),
    ]
    refused = login(shop, "ann", NEW["password"]).status_code
    page = admin.text("/admin/users/2")
    sent.append(admin.post("/admin/users/2/enable", {}))

    assert [each.status_code for each in sent] == [303] * 4
    assert me(shop, session).status_code == 401
    assert refused == 401
    assert ">Disabled</span>" in page
    assert login(shop, "ann", NEW["password"]).json["role"] == "editor"
    assert [each[0] for each in events(shop)] == [
        "role changed",
        "password changed",
        "user disabled",
        "user enabled",
    ]


@pytest.mark.parametrize("path", ["role", "disable"])
def test_the_last_admin_stays(shop, admin, path):
    """The reason is said on the page; with another admin it is possible."""
    fields = {"role": "viewer"}
    refused = admin.post(f"/admin/users/1/{path}", fields)
    add_user(shop, "second", "admin")
    accepted = admin.post(f"/admin/users/1/{path}", fields)

    assert refused.status_code == 409
    assert "is the last enabled admin" in refused.text
    assert "Change the role" in refused.text
    assert accepted.status_code == 303


def test_a_user_of_the_provider_has_no_password_here(shop, admin):
    """The page says so, and a form that is sent all the same is refused."""
    change(shop, users.add_user, "oida", "viewer", providerkey=b"x" * 32)

    assert "Another password" not in admin.text("/admin/users/2")
    assert admin.post("/admin/users/2/password", NEW).status_code == 409


def test_sessions_of_a_user_are_ended(shop, admin):
    """One or all; the others go on."""
    add_user(shop, "ann")
    first, second = bearer(login(shop, "ann")), bearer(login(shop, "ann"))
    third = bearer(login(shop, "ann"))

    admin.post("/admin/users/2/sessions", {"sessionid": me(shop, first).json["sessionid"]})
    after_one = shop.count("accesssession")
    admin.post("/admin/users/2/sessions", {})

    assert after_one == 3
    assert shop.count("accesssession") == 1
    assert [me(shop, each).status_code for each in (second, third)] == [401, 401]


def test_a_link_signs_a_user_in_once(shop, admin):
    """It is shown once, and an event names the admin; a disabled user has none."""
    add_user(shop, "ann")

    sent = admin.post("/admin/users/2/link", {})
    path = unescape(re.findall(r'id="link">[^<]*(/sign-in/link[^<]+)<', sent.text)[0])
    opened = [shop.client.simulate_get(path, headers=HTML).status_code for _ in range(2)]
    change(shop, users.disable_user, "ann")
    refused = admin.post("/admin/users/2/link", {})

    assert opened == [303, 401]
    assert [each[:3] for each in events(shop)] == [("link created", "user:browsing-admin", "ann")]
    assert refused.status_code == 409
    assert "Make a link" not in refused.text


def test_users_are_listed_in_pages(shop, admin, monkeypatch):
    """By name; the next page begins behind the last one."""
    monkeypatch.setattr("shopdb_core.console.admin.users.ROWS", 2)
    for name in ("cem", "dora", "eve"):
        add_user(shop, name)

    first = admin.text("/admin/users")

    assert 'href="/admin/users?after=cem"' in first
    assert ">eve<" not in first
    assert ">eve<" in admin.text("/admin/users?after=cem")
    assert "No user has such a name." in admin.text("/admin/users?q=zoe")


def test_an_unknown_user_has_a_page_that_says_so(admin):
    """For reading and for changing."""
    assert "There is no user with the number 99" in plain(admin.open("/admin/users/99").text)
    assert admin.post("/admin/users/99/disable", {}).status_code == 404


@pytest.mark.every_database
def test_the_value_of_a_token_is_shown_once(shop, admin):
    """It works, the list has it without its value, and the event names the admin."""
    sent = admin.post("/admin/tokens", TOKEN)
    value = re.findall(r'id="token">([^<]+)<', sent.text)[0]

    assert sent.status_code == 200
    assert sent.headers["cache-control"] == "no-store"
    assert me(shop, {"Authorization": f"Bearer {value}"}).json["subject"] == "dashboard"
    assert "dashboard viewer In force" in plain(admin.text("/admin/tokens"))
    assert value not in admin.text("/admin/tokens")
    assert [each[:3] for each in events(shop)] == [("token created", "user:browsing-admin", "dashboard")]


@pytest.mark.parametrize(
    ("fields", "place"),
    [({"subject": "  "}, "subject"), ({"role": "owner"}, "role"), ({"days": "9999"}, "days")],
)
def test_what_is_wrong_with_a_new_token_is_said_at_its_field(shop, admin, fields, place):
    """Nothing is created."""
    answer = admin.post("/admin/tokens", {**TOKEN, **fields})

    assert answer.status_code == 422
    assert f'id="{place}-fault"' in answer.text
    assert shop.count("programtoken") == 0


def test_a_token_is_revoked(shop, admin):
    """After a page that names it; a name that is a number does not count as one."""
    value = re.findall(r'id="token">([^<]+)<', admin.post("/admin/tokens", TOKEN).text)[0]
    admin.post("/admin/tokens", {**TOKEN, "subject": "7"})

    assert "Revoke the token of dashboard?" in plain(admin.text("/admin/tokens/1/revoke"))
    assert admin.post("/admin/tokens/7/revoke", {}).status_code == 404
    assert admin.post("/admin/tokens/1/revoke", {}).status_code == 303
    assert me(shop, {"Authorization": f"Bearer {value}"}).status_code == 401
    assert "It was revoked at" in admin.text("/admin/tokens/1/revoke")
    assert "dashboard viewer Revoked" in plain(admin.text("/admin/tokens"))
    assert shop.rows("SELECT tokenid FROM programtoken WHERE revokedat IS NULL") == [(2,)]


def test_passwords_are_in_no_page_and_no_event(admin):
    """Also after all that an admin did."""
    admin.post("/admin/users", USER)
    admin.post("/admin/users/2/password", {"password": PASSWORD, "again": PASSWORD})

    for path in ("/admin/users", "/admin/users/2", "/admin/events"):
        assert PASSWORD not in admin.text(path)
        assert NEW["password"] not in admin.text(path)
