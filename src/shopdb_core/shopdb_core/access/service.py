"""`Access`: who a request comes from, and how users sign in and out."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from shopdb_core.access.csrf import CsrfTokens
from shopdb_core.access.events import Action, Caller, delete_old_events, record_event
from shopdb_core.access.grants import Grants
from shopdb_core.access.oidc.provider import REFUSED, Provider, ProviderAnswer
from shopdb_core.access.oidc.users import ProviderUsers
from shopdb_core.access.programs import delete_expired_tokens
from shopdb_core.access.sessions import (
    ACCESS_TTL,
    OF_BROWSER,
    Begun,
    begin_session,
    delete_expired_sessions,
    end_session,
    list_sessions,
    renew_session,
)
from shopdb_core.access.sign_in.attempts import PasswordAttempts
from shopdb_core.access.sign_in.links import open_link, session_of_link
from shopdb_core.access.sign_in.passwords import Passwords
from shopdb_core.access.sign_in.throttle import delete_old_attempts
from shopdb_core.access.tokens import GRANT_ID, Bearer, Grant, Tokens, bearer_token
from shopdb_core.access.users import (
    User,
    change_password,
    find_user,
    lock_user,
    renew_hash,
    require_local,
    session_user,
    user_of_id,
)
from shopdb_core.clock import Clock, utc_now
from shopdb_core.errors import Conflict, NotFound, Unauthorized
from shopdb_core.settings import Settings
from shopdb_core.store import Store
from shopdb_hookspecs import JsonObject

WRONG = "The username or the password is wrong, or the user is disabled."
ENDED = "The refresh token is wrong, or its session has ended; sign in again."
LINK_ENDED = (
    "This link was opened before, or it has expired: it signs in once. `shopdb user link NAME` makes another."
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session with a new access token, valid for `ttl`; `refreshtoken` is `None` for a browser."""

    bearer: Bearer
    sessionid: str
    accesstoken: str
    ttl: timedelta
    refreshtoken: str | None


class Access:
    """The users, sessions and tokens of an open site; safe to share between threads, until `close`.

    `passwords` checks and hashes, `csrf` issues and checks the tokens of forms. Every method raises
    `Unavailable` if the database does not answer.
    """

    def __init__(self, settings: Settings, store: Store, tokens: Tokens, *, clock: Clock = utc_now) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self.passwords = Passwords()
        self._attempts = PasswordAttempts(store, self.passwords, clock)
        self._grants = Grants(store, clock=clock)
        self._refresh_key = hmac.digest(settings.secret_key.encode(), b"shopdb refresh", "sha256")
        self._provider = Provider(settings.oidc, settings.secret_key) if settings.oidc else None
        self._provider_users = ProviderUsers(store, clock)
        self.csrf = CsrfTokens(*settings.secret_keys)

    def bearer(self, authorization: str | None) -> Bearer:
        """Return the bearer of the token in an `Authorization` header; raises `Unauthorized`.

        For a token of the identity provider also `Forbidden` if it gives no role.
        """
        token = bearer_token(authorization)
        if self._provider is not None and self._provider.has_signed(token):
            return self._provider_users.bearer(self._provider.identify(token))
        return self._in_force(self._tokens.verify(token))

    def check_signature(self, authorization: str | None) -> None:
        """Raise `Unauthorized` if `bearer` would, as far as that shows without database and network."""
        token = bearer_token(authorization)
        if self._provider is None or not self._provider.may_accept(token):
            self._tokens.verify(token)

    def bearer_of_cookie(self, cookie: str) -> Bearer:
        """Return the bearer of a browser's cookie; raises `Unauthorized`."""
        return self._in_force(self._tokens.verify(cookie))

    def _in_force(self, bearer: Bearer) -> Bearer:
        self._grants.check(bearer)
        return bearer

    def sign_in(self, username: str, password: str, caller: Caller, *, browser: bool = False) -> SignedIn:
        """Begin a session of a user.

        Raises `Unauthorized`, with one message and after the same time, for a wrong password and for an
        unknown or disabled user, and `Throttled` after many of these.
        """
        right = self._attempts.check(
            lambda connection: (username, find_user(connection, username)), password, caller, WRONG
        )
        renewed = self._renewed_hash(password, right.user)

        def begin(connection: Connection) -> Begun:
            self._attempts.forgive(connection, right)
            return self._begin(connection, right.user, caller, renewed, browser=browser)

        return self._signed_in(self._store.transaction(begin), right.user, browser=browser)

    def change_password(self, bearer: Bearer, current: str, password: str, caller: Caller) -> SignedIn:
        """Give the bearer's user another password, end every session, and begin one for the browser.

        `password` has been checked. Raises `Unauthorized` if `current` is wrong and `Throttled` after many of
        these, as `sign_in` does, and `Conflict` for the token of a program and a user of the provider.
        """
        sessionid = _sessionid(bearer)

        def find(connection: Connection) -> tuple[str, User]:
            user = require_local(connection, _user_of(connection, sessionid).username)
            return user.username, user

        right = self._attempts.check(find, current, caller, "The current password is wrong.")
        user, passwordhash = right.user, self.passwords.hash(password)

        def change(connection: Connection) -> Begun:
            if lock_user(connection, user.userid) != user:
                raise Unauthorized(ENDED)
            self._attempts.forgive(connection, right)
            change_password(connection, self._clock(), caller, user.username, passwordhash)
            return self._begin(connection, lock_user(connection, user.userid), caller, None, browser=True)

        changed = self._signed_in(self._store.transaction(change), user, browser=True)
        self._grants.forget(Grant("sid", sessionid))
        return changed

    def _renewed_hash(self, password: str, user: User) -> str | None:
        """Return the hash of the password with today's parameters, if the stored one has others."""
        is_outdated = user.passwordhash is not None and self.passwords.is_outdated(user.passwordhash)
        return self.passwords.hash(password) if is_outdated else None

    def _begin(
        self, connection: Connection, user: User, caller: Caller, renewed: str | None, *, browser: bool
    ) -> Begun:
        """Begin the session of a user who is still the one whose password was checked."""
        if lock_user(connection, user.userid) != user:
            raise Unauthorized(WRONG)
        if renewed is not None:
            renew_hash(connection, user, renewed)
        at = self._clock()
        begun = begin_session(connection, at, user.userid, caller.clientaddress, browser=browser)
        self._record_sign_in(connection, at, user, caller, "browser" if browser else None)
        return begun

    def _record_sign_in(
        self, connection: Connection, at: datetime, user: User, caller: Caller, detail: str | None
    ) -> None:
        signed_in = Caller(f"user:{user.username}", caller.clientaddress, caller.requestid)
        record_event(connection, at, "signed in", signed_in, subject=user.username, detail=detail)

    def _signed_in(self, begun: Begun, user: User, *, browser: bool) -> SignedIn:
        ttl = OF_BROWSER.longest if browser else ACCESS_TTL
        return self._issue(user, begun.sessionid, ttl, begun.refreshtoken)

    def _issue(self, user: User, sessionid: str, ttl: timedelta, refreshtoken: str | None) -> SignedIn:
        bearer = Bearer(user.username, user.role, Grant("sid", sessionid))
        accesstoken = self._tokens.issue(user.username, user.role, ttl, bearer.grant)
        return SignedIn(bearer, sessionid, accesstoken, ttl, refreshtoken)

    @property
    def provider(self) -> Provider:
        """The site's identity provider; raises `NotFound` if it has none."""
        if self._provider is None:
            raise NotFound("This site has no identity provider; sign in with a password.")
        return self._provider

    def sign_in_by_provider(self, kept: str, answer: ProviderAnswer, caller: Caller) -> tuple[SignedIn, str]:
        """Begin a session of the user whom the provider names, and return the page that follows.

        `kept` is what the provider's `begin` returned. Raises as its `finish` does, `Unauthorized` for a
        disabled user, and `Conflict` or `InvalidParameter` for the name of a new one.
        """
        identity, following = self.provider.finish(kept, answer)

        def begin(connection: Connection) -> tuple[User, Begun] | None:
            user = self._provider_users.admitted(connection, identity)
            return (user, self._begin(connection, user, caller, None, browser=True)) if user else None

        begun = self._store.transaction(begin)
        if begun is None:
            raise Unauthorized(REFUSED)
        return self._signed_in(begun[1], begun[0], browser=True), following

    def sign_in_by_link(self, token: str, caller: Caller) -> SignedIn:
        """Begin the session of a link, for a browser; raises `Unauthorized` unless it is opened first now."""

        def begin(connection: Connection) -> User | None:
            at, sessionid = self._clock(), session_of_link(token)
            user = session_user(connection, sessionid) if sessionid else None
            if user is not None:
                # Before the session, in the order of who disables a user.
                user = lock_user(connection, user.userid)
                if open_link(connection, at, token, caller.clientaddress):
                    self._record_sign_in(connection, at, user, caller, "link")
                    return user
            self._attempts.record_failure(connection, caller, user, "link used or expired")
            return None

        user = self._store.transaction(begin)
        if user is None:
            raise Unauthorized(LINK_ENDED)
        return self._issue(user, token.partition(".")[0], OF_BROWSER.longest, None)

    def refresh(self, refreshtoken: str, caller: Caller) -> SignedIn:
        """Go on with a session; raises `Unauthorized`, also for a used token, which ends the session."""

        def renew(connection: Connection) -> tuple[User, str, str | None] | None:
            at = self._clock()
            renewal = renew_session(connection, at, refreshtoken, self._refresh_key)
            if renewal is None:
                return None
            user = user_of_id(connection, renewal.userid)
            if renewal.refreshtoken is None:
                record_event(connection, at, "refresh reused", caller, subject=user.username)
            return user, renewal.sessionid, renewal.refreshtoken

        renewed = self._store.transaction(renew)
        if renewed is None:
            raise Unauthorized(ENDED)
        user, sessionid, successor = renewed
        if successor is None:
            self._grants.forget(Grant("sid", sessionid))
            raise Unauthorized(ENDED)
        return self._issue(user, sessionid, ACCESS_TTL, successor)

    def sessions(self, bearer: Bearer) -> Sequence[JsonObject]:
        """Return the bearer's sessions that are in force; `current` is the one that asks."""
        current = _sessionid(bearer)

        def work(connection: Connection) -> Sequence[JsonObject]:
            return list_sessions(connection, self._clock(), _user_of(connection, current).userid)

        return [{**each, "current": each["sessionid"] == current} for each in self._store.read(work)]

    def sign_out(self, bearer: Bearer, caller: Caller, sessionid: str | None = None) -> None:
        """End the bearer's session, or another one of the same user; raises `NotFound`."""
        current = _sessionid(bearer)
        ended = sessionid or current

        def work(connection: Connection) -> None:
            user = _user_of(connection, current)
            if not (GRANT_ID.fullmatch(ended) and end_session(connection, ended, user.userid)):
                raise NotFound("You have no such session; GET /api/auth/sessions lists them.")
            action: Action = "signed out" if ended == current else "session ended"
            record_event(connection, self._clock(), action, caller, subject=user.username)

        self._store.transaction(work)
        self._grants.forget(Grant("sid", ended))

    def clean(self) -> None:
        """Delete what has expired long ago: sessions, tokens, attempts to sign in, events."""

        def work(connection: Connection) -> None:
            now = self._clock()
            delete_expired_sessions(connection, now)
            delete_expired_tokens(connection, now)
            delete_old_attempts(connection, now)
            delete_old_events(connection, now)

        self._store.transaction(work)

    def close(self) -> None:
        """Write when tokens were used last, for which it waits some seconds at most."""
        self._grants.close()


def _sessionid(bearer: Bearer) -> str:
    """Return the id of the bearer's session; raises `Conflict` for the token of a program."""
    if bearer.grant is None or bearer.grant.kind != "sid":
        raise Conflict(
            "This token is not that of a session; `shopdb token revoke` ends the token of a program."
        )
    return bearer.grant.id


def _user_of(connection: Connection, sessionid: str) -> User:
    """Return the user of a session; raises `Unauthorized` if it was ended meanwhile."""
    user = session_user(connection, sessionid)
    if user is None:
        raise Unauthorized(ENDED)
    return user
