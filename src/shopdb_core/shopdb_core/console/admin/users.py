"""The users of the site: the list, one with role, password and sessions, and adding one.

What is wrong with a form is said at its field; a change that the site refuses, beside the form.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, cast

import falcon

from shopdb_core.access import users
from shopdb_core.access.events import Caller
from shopdb_core.access.sessions import list_sessions
from shopdb_core.access.sign_in.links import LINK_PATH, create_link
from shopdb_core.access.tokens import ROLES, Role
from shopdb_core.console.account.passwords import RULES, password_faults
from shopdb_core.console.framework.pages import PageResource, absolute
from shopdb_core.errors import Conflict, InvalidParameter
from shopdb_core.store import Connection
from shopdb_core.web.authentication import caller_of
from shopdb_core.web.browsers.forms import read_form
from shopdb_core.web.parameters import Queries, short_text
from shopdb_core.web.request import Roles

ROWS = 100
ADDRESS = "/admin/users"
LINK_TTL = timedelta(hours=1)
NOTHING: Mapping[str, str] = {}

Change = Callable[[Connection, datetime, Caller, str], users.User]


class UsersPage(PageResource):
    """The users by name."""

    roles: ClassVar[Roles] = {"GET": "admin", "POST": "admin"}
    queries: ClassVar[Queries] = {"on_get": (short_text("q"), short_text("after"))}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List them; `q` is how their names begin."""
        query = req.context.query
        self._show(req, resp, prefix=query["q"] or "", after=query["after"])

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Add a user."""
        form = read_form(req)
        name, role = form.get("username", ""), form.get("role", "")
        if faults := {**self._name_faults(name), **role_faults(role), **password_faults(form, name.strip())}:
            self._show(req, resp, faults=faults, form=form)
            resp.status = falcon.HTTP_422
            return
        passwordhash = self._site.access.passwords.hash(form["password"])
        at, caller = self._site.clock(), caller_of(req)
        added = self._site.store.transaction(
            lambda connection: users.add_user(
                connection, at, caller, name, cast("Role", role), passwordhash=passwordhash
            )
        )
        self._pages.go_on(req, resp, f"{ADDRESS}/{added.userid}", "useradded")

    def _name_faults(self, name: str) -> dict[str, str]:
        try:
            checked = users.checked_username(name)
            self._site.store.read(lambda connection: users.check_free(connection, checked))
        except (InvalidParameter, Conflict) as error:
            return {"username": str(error)}
        return {}

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        *,
        prefix: str = "",
        after: str | None = None,
        faults: Mapping[str, str] = NOTHING,
        form: Mapping[str, str] = NOTHING,
    ) -> None:
        found = self._site.store.read(
            lambda connection: users.list_users(connection, after=after, prefix=prefix, limit=ROWS + 1)
        )
        self._pages.render(
            req,
            resp,
            "admin/users.html",
            users=found[:ROWS],
            next=found[ROWS - 1]["username"] if len(found) > ROWS else None,
            isfirst=after is None,
            prefix=prefix,
            faults=faults,
            form=form,
            roles=ROLES,
            rules=RULES,
        )


class UserResource(PageResource):
    """A resource that shows one user."""

    def show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        userid: int,
        faults: Mapping[str, str] = NOTHING,
    ) -> None:
        """Answer with the page of the user; `faults` are what is wrong, by the name of the field."""
        at = self._site.clock()
        user, sessions = self._site.store.read(
            lambda connection: (
                users.user_of_id(connection, userid),
                list_sessions(connection, at, userid),
            )
        )
        self._pages.render(
            req,
            resp,
            "admin/user.html",
            user=user,
            sessions=sessions,
            faults=faults,
            roles=ROLES,
            rules=RULES,
        )


class UserPage(UserResource):
    """One user."""

    roles: ClassVar[Roles] = {"GET": "admin"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, userid: int) -> None:
        """Show role, state and sessions."""
        self.show(req, resp, userid)


class UserChanges(UserResource):
    """What an admin changes about a user; each ends in the page of the user."""

    roles: ClassVar[Roles] = {"POST": "admin"}

    def on_post_role(self, req: falcon.Request, resp: falcon.Response, userid: int) -> None:
        """Give the user another role; the sessions end."""
        role = read_form(req).get("role", "")
        if faults := role_faults(role):
            self.show(req, resp, userid, faults)
            resp.status = falcon.HTTP_422
            return

        def change(connection: Connection, at: datetime, caller: Caller, username: str) -> users.User:
            return users.change_role(connection, at, caller, username, cast("Role", role))

        self._change(req, resp, userid, "role", change)

    def on_post_disable(self, req: falcon.Request, resp: falcon.Response, userid: int) -> None:
        """Keep the user from signing in; the sessions end."""
        read_form(req)
        self._change(req, resp, userid, "state", users.disable_user)

    def on_post_enable(self, req: falcon.Request, resp: falcon.Response, userid: int) -> None:
        """Let the user sign in again, also one who failed too often."""
        read_form(req)
        self._change(req, resp, userid, "state", users.enable_user)

    def on_post_password(self, req: falcon.Request, resp: falcon.Response, userid: int) -> None:
        """Give the user another password; the sessions end."""
        form = read_form(req)
        user = self._site.store.read(lambda connection: users.user_of_id(connection, userid))
        if faults := password_faults(form, user.username):
            self.show(req, resp, userid, faults)
            resp.status = falcon.HTTP_422
            return
        passwordhash = self._site.access.passwords.hash(form["password"])

        def change(connection: Connection, at: datetime, caller: Caller, username: str) -> users.User:
            return users.change_password(connection, at, caller, username, passwordhash)

        self._change(req, resp, userid, "password", change)

    def on_post_link(self, req: falcon.Request, resp: falcon.Response, userid: int) -> None:
        """Make a link that signs the user in once, and show it, which no page can do again."""
        read_form(req)
        at, caller = self._site.clock(), caller_of(req)

        def work(connection: Connection) -> tuple[users.User, str]:
            user = users.user_of_id(connection, userid)
            return user, create_link(connection, at, caller, user.username, LINK_TTL)

        try:
            user, token = self._site.store.transaction(work)
        except Conflict as error:
            self.show(req, resp, userid, {"state": str(error)})
            resp.status = falcon.HTTP_409
            return
        address = absolute(req, f"{LINK_PATH}?token={token}")
        self._pages.render(req, resp, "admin/link.html", user=user, link=address, expiresat=at + LINK_TTL)

    def on_post_sessions(self, req: falcon.Request, resp: falcon.Response, userid: int) -> None:
        """End one session of the user, or without `sessionid` all."""
        sessionid, at, caller = read_form(req).get("sessionid"), self._site.clock(), caller_of(req)
        self._site.store.transaction(
            lambda connection: users.end_sessions_of(connection, at, caller, userid, sessionid)
        )
        self._pages.go_on(req, resp, f"{ADDRESS}/{userid}", "sessionsended")

    def _change(
        self, req: falcon.Request, resp: falcon.Response, userid: int, field: str, change: Change
    ) -> None:
        """Change the user in a transaction; a refusal, as of the last admin, is shown at `field`."""
        at, caller = self._site.clock(), caller_of(req)

        def work(connection: Connection) -> users.User:
            return change(connection, at, caller, users.user_of_id(connection, userid).username)

        try:
            self._site.store.transaction(work)
        except Conflict as error:
            self.show(req, resp, userid, {field: str(error)})
            resp.status = falcon.HTTP_409
        else:
            self._pages.go_on(req, resp, f"{ADDRESS}/{userid}", "userchanged")


def role_faults(role: str) -> dict[str, str]:
    """Return what is wrong with the role of a form, by the name of the field."""
    return {} if role in ROLES else {"role": f"The role is one of {', '.join(ROLES)}."}
