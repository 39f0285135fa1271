"""The tokens of programs: the list, a new one, whose value is shown once, and revoking one."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, cast

import falcon

from shopdb_core.access.programs import create_token, get_token, list_tokens, revoke_tokens
from shopdb_core.access.tokens import ROLES, Role
from shopdb_core.console.admin.users import role_faults
from shopdb_core.console.framework.pages import N_, PageResource
from shopdb_core.errors import InvalidParameter
from shopdb_core.store import Connection
from shopdb_core.store.tables import LARGEST_ID, SUBJECT_LENGTH
from shopdb_core.web.authentication import caller_of
from shopdb_core.web.browsers.forms import read_form
from shopdb_core.web.parameters import Queries, whole_number
from shopdb_core.web.request import Roles
from shopdb_core.web.responses import page

ROWS = 100
ADDRESS = "/admin/tokens"

LIFETIMES: dict[str, str] = {
    "1": N_("1 day"),
    "7": N_("7 days"),
    "30": N_("30 days"),
    "90": N_("90 days"),
    "365": N_("1 year"),
}
"""How long a new token may be valid, by the number of days."""

DEFAULT_DAYS = "90"


class TokensPage(PageResource):
    """The tokens, by their ids."""

    roles: ClassVar[Roles] = {"GET": "admin", "POST": "admin"}
    queries: ClassVar[Queries] = {"on_get": (whole_number("after", 0, LARGEST_ID, 0),)}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List them, also revoked ones, and those that expired lately."""
        self._show(req, resp, {}, {}, req.context.query["after"])

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Create a token, and show its value: nothing keeps it, so that no other page can."""
        form = read_form(req)
        subject, role, days = form.get("subject", "").strip(), form.get("role", ""), form.get("days", "")
        if faults := _faults(role, days):
            self._refuse(req, resp, faults, form)
            return
        ttl, at, caller = timedelta(days=int(days)), self._site.clock(), caller_of(req)
        try:
            tokenid, value = self._site.store.transaction(
                lambda connection: create_token(
                    connection,
                    at,
                    caller,
                    self._site.tokens,
                    subject=subject,
                    role=cast("Role", role),
                    ttl=ttl,
                )
            )
        except InvalidParameter as error:
            self._refuse(req, resp, {"subject": str(error)}, form)
            return
        self._pages.render(
            req,
            resp,
            "admin/token_created.html",
            tokenid=tokenid,
            value=value,
            subject=subject,
            role=role,
            expiresat=at + ttl,
        )

    def _refuse(
        self, req: falcon.Request, resp: falcon.Response, faults: Mapping[str, str], form: Mapping[str, str]
    ) -> None:
        self._show(req, resp, faults, form)
        resp.status = falcon.HTTP_422

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        faults: Mapping[str, str],
        form: Mapping[str, str],
        after: int = 0,
    ) -> None:
        found = self._site.store.read(lambda connection: list_tokens(connection, after=after, limit=ROWS + 1))
        self._pages.render(
            req,
            resp,
            "admin/tokens.html",
            isfirst=after == 0,
            now=self._site.clock(),
            faults=faults,
            form=form,
            roles=ROLES,
            lifetimes=LIFETIMES,
            defaultdays=DEFAULT_DAYS,
            longest=SUBJECT_LENGTH,
            **page([*found], ROWS, "tokenid"),
        )


class RevokedTokenPage(PageResource):
    """The end of a token."""

    roles: ClassVar[Roles] = {"GET": "admin", "POST": "admin"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, tokenid: int) -> None:
        """Show which token it is, and when it was used last."""
        token = self._site.store.read(lambda connection: get_token(connection, tokenid))
        self._pages.render(req, resp, "admin/token.html", token=token, now=self._site.clock())

    def on_post(self, req: falcon.Request, resp: falcon.Response, tokenid: int) -> None:
        """Revoke it."""
        read_form(req)
        at, caller = self._site.clock(), caller_of(req)

        def work(connection: Connection) -> None:
            get_token(connection, tokenid)  # so that the number is never taken for a name
            revoke_tokens(connection, at, caller, str(tokenid))

        self._site.store.transaction(work)
        self._pages.go_on(req, resp, ADDRESS, "tokenrevoked")


def _faults(role: str, days: str) -> dict[str, str]:
    wrong_days = {} if days in LIFETIMES else {"days": N_("Choose how long it is valid.")}
    return {**role_faults(role), **wrong_days}
