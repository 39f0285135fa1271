"""The own account: another password, and the sessions, which can be ended."""

from collections.abc import Mapping
from typing import ClassVar

import falcon

from shopdb_core.access.users import find_user
from shopdb_core.console.account.passwords import RULES, password_faults
from shopdb_core.console.framework.pages import PageResource
from shopdb_core.errors import Throttled, Unauthorized
from shopdb_core.web.authentication import caller_of
from shopdb_core.web.browsers.cookies import SESSION, set_cookie, unset_cookie
from shopdb_core.web.browsers.forms import read_form
from shopdb_core.web.request import Roles

ADDRESS = "/account"


class AccountResource(PageResource):
    """A resource that shows the account of who is signed in."""

    def show(self, req: falcon.Request, resp: falcon.Response, faults: Mapping[str, str]) -> None:
        """Answer with the page; `faults` are what is wrong with the form, by the name of the field."""
        bearer = req.context.bearer
        user = self._site.store.read(lambda connection: find_user(connection, bearer.subject))
        self._pages.render(
            req,
            resp,
            "account/page.html",
            faults=faults,
            rules=RULES,
            haspassword=user is not None and user.passwordhash is not None,
            sessions=self._site.access.sessions(bearer),
        )


class AccountPage(AccountResource):
    """The own account."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show it."""
        self.show(req, resp, {})


class AccountChanges(AccountResource):
    """What everybody changes about the own account."""

    roles: ClassVar[Roles] = {"POST": "viewer"}

    def on_post_password(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Change the password, which needs the current one; this session goes on under a new cookie."""
        form, bearer = read_form(req), req.context.bearer
        if faults := password_faults(form, bearer.subject):
            self.show(req, resp, faults)
            resp.status = falcon.HTTP_422
            return
        try:
            signed_in = self._site.access.change_password(
                bearer, form.get("current", ""), form["password"], caller_of(req)
            )
        except (Unauthorized, Throttled) as error:
            self.show(req, resp, {"current": str(error)})
            resp.status = falcon.HTTP_429 if isinstance(error, Throttled) else falcon.HTTP_422
            return
        set_cookie(req, resp, SESSION, signed_in.accesstoken, signed_in.ttl)
        self._pages.go_on(req, resp, ADDRESS, "passwordchanged")

    def on_post_sessions(self, req: falcon.Request, resp: falcon.Response) -> None:
        """End one session, or without `sessionid` all but this one."""
        form, bearer, access = read_form(req), req.context.bearer, self._site.access
        given = form.get("sessionid")
        sessions = access.sessions(bearer)
        others = [each["sessionid"] for each in sessions if not each["current"]]
        for sessionid in others if given is None else [given]:
            access.sign_out(bearer, caller_of(req), sessionid)
        if any(each["current"] and each["sessionid"] == given for each in sessions):
            unset_cookie(req, resp, SESSION)
        self._pages.go_on(req, resp, ADDRESS, "sessionsended")
