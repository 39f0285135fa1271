"""Merging two assets after a look at the effect, and the merges of the site, which can be undone."""

from collections.abc import Callable
from typing import ClassVar, TypeVar

import falcon

from shopdb_core.assets.merges import get_merge, newest_merges
from shopdb_core.console.asset.frame import read_frame
from shopdb_core.console.asset.inputs import read_version
from shopdb_core.console.framework.pages import N_, PageResource
from shopdb_core.console.merges.previews import preview_merge, preview_undo
from shopdb_core.edits.merges.merging import Merging
from shopdb_core.edits.merges.unmerging import Releasing, Unmerging
from shopdb_core.errors import Conflict, Gone, InvalidParameter, NotFound, PreconditionFailed
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.browsers.forms import read_form
from shopdb_core.web.editing import editor
from shopdb_core.web.parameters import Queries, whole_number
from shopdb_core.web.request import Roles
from shopdb_core.web.responses import page

ROWS = 100
T = TypeVar("T")

CHANGED = N_("Someone changed the kept asset meanwhile. Look at the effect again, then repeat the merge.")

_REFUSALS = (Conflict, Gone, NotFound)


class MergePage(PageResource):
    """The merge of another asset into one."""

    roles: ClassVar[Roles] = {"GET": "admin", "POST": "admin"}
    queries: ClassVar[Queries] = {"on_get": (whole_number("gone", 1, LARGEST_ID),)}

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Show what the merge would do; without `gone`, ask which asset it is."""
        self._show(req, resp, assetid, req.context.query["gone"])

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Merge into the version that was shown."""
        form = read_form(req)
        gone, version = _number(form.get("gone", "")), read_version(form)
        try:
            self._site.store.transaction(Merging(assetid, gone, editor(req, self._site), version))
        except PreconditionFailed:
            self._show(req, resp, assetid, gone, CHANGED)
            resp.status = falcon.HTTP_412
        except _REFUSALS as error:
            self._show(req, resp, assetid, gone, str(error))
            resp.status = falcon.HTTP_409
        else:
            self._pages.go_on(req, resp, f"/assets/{assetid}", "merged")

    def _show(
        self, req: falcon.Request, resp: falcon.Response, assetid: int, gone: int | None, problem: str = ""
    ) -> None:
        site = self._site
        kept = site.store.read(lambda connection: read_frame(connection, site.plugins, assetid))
        effect = None
        if gone is not None:
            merging = Merging(assetid, gone, editor(req, site))
            effect, refusal = _tried(
                lambda: site.store.dry_run(lambda connection: preview_merge(connection, site, merging))
            )
            problem = problem or refusal
        self._pages.render(
            req,
            resp,
            "merges/merge.html",
            frame=effect.kept if effect else kept,
            effect=effect,
            gone=gone,
            problem=problem,
        )


class MergesPage(PageResource):
    """The merges of the site."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": (whole_number("before", 1, LARGEST_ID),)}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List them, the newest first."""
        before = req.context.query["before"]
        found = self._site.store.read(
            lambda connection: newest_merges(connection, before=before or LARGEST_ID, limit=ROWS + 1)
        )
        self._pages.render(
            req, resp, "merges/page.html", isfirst=before is None, **page(found, ROWS, "mergeid")
        )


class UndoPage(PageResource):
    """The undoing of a merge."""

    roles: ClassVar[Roles] = {"GET": "admin", "POST": "admin"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, mergeid: int) -> None:
        """Show what it would do."""
        self._show(req, resp, mergeid)

    def on_post(self, req: falcon.Request, resp: falcon.Response, mergeid: int) -> None:
        """Undo the merge."""
        read_form(req)
        unmerging = Unmerging(mergeid, editor(req, self._site))
        try:
            self._site.store.transaction(unmerging)
        except Conflict:
            self._show(req, resp, mergeid)
            resp.status = falcon.HTTP_409
        else:
            self._pages.go_on(req, resp, "/merges", "undone")

    def _show(self, req: falcon.Request, resp: falcon.Response, mergeid: int) -> None:
        site, unmerging = self._site, Unmerging(mergeid, editor(req, self._site))
        merge = site.store.read(lambda connection: get_merge(connection, mergeid))
        effect, problem = _tried(
            lambda: site.store.dry_run(lambda connection: preview_undo(connection, site, unmerging))
        )
        self._pages.render(req, resp, "merges/undo.html", merge=merge, effect=effect, problem=problem)


class ReleasePage(PageResource):
    """The release of the identity of an asset that was merged."""

    roles: ClassVar[Roles] = {"GET": "admin", "POST": "admin"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, mergeid: int) -> None:
        """Show what it would do."""
        self._show(req, resp, mergeid)

    def on_post(self, req: falcon.Request, resp: falcon.Response, mergeid: int) -> None:
        """Free the identity, so that its next submission creates an asset."""
        read_form(req)
        try:
            self._site.store.transaction(Releasing(mergeid, editor(req, self._site)))
        except Conflict:
            self._show(req, resp, mergeid)
            resp.status = falcon.HTTP_409
        else:
            self._pages.go_on(req, resp, "/merges", "released")

    def _show(self, req: falcon.Request, resp: falcon.Response, mergeid: int) -> None:
        site, releasing = self._site, Releasing(mergeid, editor(req, self._site))
        merge = site.store.read(lambda connection: get_merge(connection, mergeid))
        _, problem = _tried(lambda: site.store.dry_run(releasing))
        self._pages.render(req, resp, "merges/release.html", merge=merge, problem=problem)


def _tried(call: Callable[[], T]) -> tuple[T | None, str]:
    """Return what a dry run returns, or why the edit is refused."""
    try:
        return call(), ""
    except _REFUSALS as error:
        return None, str(error)


def _number(text: str) -> int:
    """Return the id in a form; raises `InvalidParameter`."""
    if not (text.isascii() and text.isdigit() and 0 < int(text[:20]) <= LARGEST_ID):
        raise InvalidParameter("`gone` must be the number of the asset that goes.")
    return int(text)
