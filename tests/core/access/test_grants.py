"""What is ended or revoked is refused within five seconds in every process, and requests cost no query."""

from datetime import UTC, datetime, timedelta

import pytest
from people import OPERATOR, Clock, add_user, bearer, login

from shopdb_core.access.grants import FRESH_SECONDS, Grants
from shopdb_core.access.programs import create_token, list_tokens, revoke_tokens
from shopdb_core.errors import NotFound, Unauthorized


class CountingStore:
    """Counts what is read."""

    def __init__(self, store) -> None:
        self.reads = 0
        self._store = store
        self.transaction = store.transaction

    def read(self, work):
        """Read, and count."""
        self.reads += 1
        return self._store.read(work)


class Timer:
    """Seconds that the test counts."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def make_token(shop):
    """Return a function that makes a token as the command line does."""

    def make(subject: str = "dashboard", role: str = "editor"):
        return shop.store.transaction(
            lambda connection: create_token(
                connection,
                datetime.now(UTC),
                OPERATOR,
                shop.tokens,
                subject=subject,
                role=role,
                ttl=timedelta(hours=1),
            )
        )[1]

    return make


def revoke(shop, which: str):
    at = datetime.now(UTC)
    return shop.store.transaction(lambda connection: revoke_tokens(connection, at, OPERATOR, which))


def test_the_database_is_asked_once_in_four_seconds(shop, make_token):
    """Another process learns of a revocation at its next question."""
    timer, store = Timer(), CountingStore(shop.store)
    grants, token = Grants(store, timer=timer), shop.tokens.verify(make_token())
    for _ in range(1000):
        grants.check(token)
    assert store.reads == 1

    revoke(shop, "dashboard")
    grants.check(token)
    timer.now += FRESH_SECONDS + 0.01

    assert FRESH_SECONDS < 5
    for _ in range(2):
        with pytest.raises(Unauthorized):
            grants.check(token)
    assert store.reads == 2
    grants.close()


def test_a_token_without_a_row_is_refused(shop, make_token):
    """As after an older backup was put back; a token of an earlier release has no row, and is valid."""
    token, earlier = make_token(), shop.bearer("editor")
    shop.store.transaction(lambda connection: connection.exec_driver_sql("DELETE FROM programtoken"))

    for headers, status in (({"Authorization": f"Bearer {token}"}, 401), (earlier, 200)):
        assert shop.client.simulate_get("/api/assets", headers=headers).status_code == status


@pytest.mark.every_database
def test_tokens_are_revoked_by_id_or_name(shop, make_token):
    """A name means all of its tokens; blanks and letters' case count."""
    for name in ("a", "a", "A", "a ", "7"):
        make_token(name)

    assert [each["tokenid"] for each in revoke(shop, "a")] == [1, 2]
    assert [each["tokenid"] for each in revoke(shop, "3")] == [3]
    assert [each["tokenid"] for each in revoke(shop, "7")] == [5]
    assert revoke(shop, "1") == []
    for unknown in ("b", "9", str(2**70), "\u0663"):
        with pytest.raises(NotFound):
            revoke(shop, unknown)
    listed = shop.store.read(lambda connection: list_tokens(connection, after=0, limit=10))
    assert [each["name"] for each in listed if each["revokedat"] is None] == ["a "]


@pytest.mark.every_database
def test_the_last_use_is_written_afterwards(shop, make_token):
    """Not in the request; of tokens and of sessions."""
    clock = Clock()
    grants = Grants(shop.store, clock=clock)
    token = shop.tokens.verify(make_token())
    add_user(shop, "ann")
    session = shop.tokens.bearer(bearer(login(shop, "ann"))["Authorization"])

    for each in (token, session):
        grants.check(each)
    query = "SELECT count(*) FROM {} WHERE lastusedat BETWEEN '2026-11-27 11:59:59' AND '2026-11-27 12:00:01'"
    before = [shop.rows(query.format(table)) for table in ("programtoken", "accesssession")]
    grants.close()

    after = [shop.rows(query.format(table)) for table in ("programtoken", "accesssession")]
    assert (before, after) == ([[(0,)], [(0,)]], [[(1,)], [(1,)]])


def test_a_user_of_another_role_has_no_old_token(shop):
    """The role of a token is compared with that of the user."""
    add_user(shop, "ann", "admin")
    headers = bearer(login(shop, "ann"))

    shop.store.transaction(
        lambda connection: connection.exec_driver_sql("UPDATE appuser SET role = 'viewer'")
    )

    assert shop.client.simulate_get("/api/auth/me", headers=headers).status_code == 401
