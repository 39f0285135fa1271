"""Reverting an asset to one of its entries: a page with what that would do, and the button that does it."""

from typing import ClassVar

import falcon

from shopdb_core.audit.browsing.pages import read_entry
from shopdb_core.console.asset.frame import read_frame
from shopdb_core.console.changes.presenting import KINDS, Presenter
from shopdb_core.console.framework.pages import PageResource
from shopdb_core.edits.reverting import Revert
from shopdb_core.errors import InvalidParameter, PreconditionFailed
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.browsers.forms import read_form
from shopdb_core.web.editing import answer_of, editor
from shopdb_core.web.parameters import Queries, whole_number
from shopdb_core.web.request import Roles
from shopdb_hookspecs import JsonObject

_NUMBERS = {name: whole_number(name, 1, LARGEST_ID) for name in ("auditid", "version")}


class RevertPage(PageResource):
    """Gives an asset the attributes that it had."""

    roles: ClassVar[Roles] = {"GET": "editor", "POST": "editor"}
    queries: ClassVar[Queries] = {"on_get": (_NUMBERS["auditid"],)}

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Show what reverting the asset to an entry would change."""
        self._preview(req, resp, assetid, _given(req.context.query["auditid"]))

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Revert it; if it changed since the page was read, show again what that would do."""
        form = read_form(req)
        auditid, version = (_number(form, name) for name in ("auditid", "version"))
        try:
            self._revert(req, assetid, auditid, version, dryrun=False)
        except PreconditionFailed:
            self._preview(req, resp, assetid, auditid, haschanged=True)
            resp.status = falcon.HTTP_412
        else:
            self._pages.go_on(req, resp, f"/assets/{assetid}", "saved")

    def _revert(
        self, req: falcon.Request, assetid: int, auditid: int, version: int | None, *, dryrun: bool
    ) -> JsonObject:
        edit = Revert(assetid, version, auditid, editor(req, self._site))
        return answer_of(self._site.store, edit, dryrun=dryrun)

    def _preview(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        assetid: int,
        auditid: int,
        *,
        haschanged: bool = False,
    ) -> None:
        frame, entry = self._site.store.read(
            lambda connection: (
                read_frame(connection, self._site.plugins, assetid),
                read_entry(connection, auditid),
            )
        )
        effect = self._revert(req, assetid, auditid, None, dryrun=True)
        self._pages.render(
            req,
            resp,
            "past/revert.html",
            frame=frame,
            entry=entry,
            lines=Presenter(frame.declaration, self._site.sitefields).lines(effect["diff"]),
            warnings=effect["warnings"],
            haschanged=haschanged,
            kinds=KINDS,
        )


def _number(form: dict[str, str], name: str) -> int:
    try:
        return _given(_NUMBERS[name].read(form.get(name, "")))
    except ValueError as error:
        raise InvalidParameter(f"{name} must {_NUMBERS[name].rule}.") from error


def _given(auditid: int | None) -> int:
    if auditid is None:
        raise InvalidParameter("auditid is missing: it must be the number of an audit entry of the asset.")
    return auditid
