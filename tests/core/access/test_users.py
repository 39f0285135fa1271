"""Users: their names, their changes, and the last admin."""

import threading

import pytest
from people import add_user, bearer, change, login, me

from shopdb_core.access import users
from shopdb_core.errors import Conflict, InvalidParameter, NotFound


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "a\nb", "x" * 101, "\ud800", "a\u200bb", "\u202eann"])
def test_a_name_is_short_and_printable(name):
    """A control character, a mark without width, or half a surrogate pair is refused."""
    with pytest.raises(InvalidParameter):
        users.checked_username(name)


@pytest.mark.every_database
def test_two_spellings_are_one_user(shop):
    """Names are compared case-folded and composed on every database, and shown as they were given."""
    add_user(shop, " Jürgen Groß ")

    assert shop.store.read(users.list_users)[0]["username"] == "Jürgen Groß"
    for spelling in ("JÜRGEN GROSS", "ju\u0308rgen groß"):
        with pytest.raises(Conflict):
            add_user(shop, spelling)
    add_user(shop, "Jurgen Gross")


@pytest.mark.every_database
@pytest.mark.parametrize(
    "taken",
    [
        (users.disable_user, "ann"),
        (users.change_role, "ann", "viewer"),
        (users.change_password, "ann", "$another"),
    ],
)
def test_a_change_ends_the_sessions(shop, taken):
    """Of the changed user at once in the process that asks the database, and of nobody else."""
    headers = {}
    for name in ("ann", "bob"):
        add_user(shop, name, "admin")
        headers[name] = bearer(login(shop, name))

    change(shop, *taken)

    assert me(shop, headers["ann"]).status_code == 401
    assert me(shop, headers["bob"]).status_code == 200


def test_a_disabled_user_may_sign_in_when_enabled(shop):
    """Until then the answer is that of a wrong password."""
    add_user(shop, "ann")
    change(shop, users.disable_user, "ann")
    refused, unknown = login(shop, "ann"), login(shop, "nobody")

    change(shop, users.enable_user, "ann")

    assert refused.status_code == unknown.status_code == 401
    assert refused.json["detail"] == unknown.json["detail"]
    assert login(shop, "ann").status_code == 200


def test_the_last_admin_stays(shop):
    """Disabling or demoting is refused unless it is forced, or another enabled admin is left."""
    add_user(shop, "ann", "admin")
    add_user(shop, "bob", "admin")
    change(shop, users.disable_user, "bob")
    for refused in ((users.disable_user, "ann"), (users.change_role, "ann", "editor")):
        with pytest.raises(Conflict, match="last enabled admin"):
            change(shop, *refused)

    change(shop, users.change_role, "ann", "editor", force=True)

    with pytest.raises(NotFound, match="shopdb user list"):
        change(shop, users.enable_user, "carl")


@pytest.mark.every_database
def test_two_admins_are_not_disabled_at_once(shop):
    """Of two commands that each find another admin, one is refused."""
    names = ("ann", "bob")
    for name in names:
        add_user(shop, name, "admin")
    start, refused = threading.Barrier(2), []

    def disable(name: str) -> None:
        start.wait(10)
        try:
            change(shop, users.disable_user, name)
        except Conflict as error:
            refused.append(error)

    threads = [threading.Thread(target=disable, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(refused) == 1


@pytest.mark.every_database
def test_users_are_listed_in_pages_by_name(shop):
    """The page after a name begins behind it in any spelling, and a prefix is folded like a name."""
    for name in ("Zoe", "ann", "Änne", "ANNA", "bob"):
        add_user(shop, name)

    def names(**page):
        return [each["username"] for each in shop.store.read(lambda c: users.list_users(c, **page))]

    assert names() == ["ann", "ANNA", "bob", "Zoe", "Änne"]
    assert names(limit=2) == ["ann", "ANNA"]
    assert names(after="anna", limit=2) == ["bob", "Zoe"]
    assert names(prefix="An") == ["ann", "ANNA"]
    assert names(prefix="än") == ["Änne"]


def test_an_admin_ends_the_sessions_of_a_user(shop):
    """One or all, those of this user alone; each is an event, and one that is not there is not found."""
    user = add_user(shop, "ann")
    add_user(shop, "bob")
    headers = {name: bearer(login(shop, name)) for name in ("ann", "bob")}
    other = bearer(login(shop, "ann"))
    first = me(shop, headers["ann"]).json["sessionid"]

    change(shop, users.end_sessions_of, user.userid, first)
    after_one = shop.count("accesssession")
    with pytest.raises(NotFound):
        change(shop, users.end_sessions_of, user.userid, first)
    after_one = shop.count("accesssession")
    with pytest.raises(NotFound):
        change(shop, users.end_sessions_of, 99)
    change(shop, users.end_sessions_of, user.userid)

    assert (after_one, shop.count("accesssession")) == (2, 1)
    assert me(shop, headers["bob"]).status_code == 200
    assert me(shop, other).status_code == 401
    found = shop.rows("SELECT subject FROM accessevent WHERE action = 'session ended'")
    assert found == [("ann",), ("ann",)]
