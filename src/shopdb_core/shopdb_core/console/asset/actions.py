"""What people do to a whole asset: retire, restore, rename and erase it, after a look at the effect.

A page first runs the edit as a dry run, so that it shows what would change, or why the edit is refused.
"""

from collections.abc import Callable
from typing import ClassVar

import falcon

from shopdb_core.console.asset.frame import Frame, read_frame
from shopdb_core.console.asset.inputs import read_version
from shopdb_core.console.framework.pages import N_, PageResource
from shopdb_core.edits.changing import Change, Changes
from shopdb_core.edits.erasing import Erasing
from shopdb_core.edits.retiring import Restore, Retire
from shopdb_core.errors import Conflict, InvalidSubmission, PreconditionFailed
from shopdb_core.store import Connection
from shopdb_core.store.tables import IDENTITY_LENGTH, REASON_LENGTH
from shopdb_core.web.browsers.forms import read_form
from shopdb_core.web.editing import answer_of, editor
from shopdb_core.web.parameters import Queries, short_text
from shopdb_core.web.request import Roles
from shopdb_hookspecs import JsonObject

Edit = Callable[[Connection], JsonObject]

CHANGED = N_("Someone else changed this asset meanwhile. Look at it again, then repeat what you did.")


class ActionPage(PageResource):
    """One action: GET shows what it would do, POST does it; a subclass makes the edit and names the template.

    `given` is what the person enters: the reason of retiring, or the new name. `done` is the key of the text
    that the following page shows.
    """

    roles: ClassVar[Roles] = {"GET": "editor", "POST": "editor"}
    template: ClassVar[str]
    given: ClassVar[str] = ""
    needs: ClassVar[str] = ""
    longest: ClassVar[int] = 0
    tries_empty: ClassVar[bool] = True

    def edit(self, req: falcon.Request, assetid: int, version: int, text: str) -> Edit:
        """Return the transaction."""
        raise NotImplementedError

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Show what the action would do."""
        self._show(req, resp, assetid, req.context.query.get(self.given) or "" if self.given else "")

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Do it to the version that was shown."""
        form = read_form(req)
        text, version = form.get(self.given, "").strip(), read_version(form)
        try:
            self._check(text)
            answer_of(self._site.store, self.edit(req, assetid, version, text), dryrun=False)
        except (InvalidSubmission, Conflict) as error:
            self._show(req, resp, assetid, text, str(error))
            resp.status = falcon.HTTP_422 if isinstance(error, InvalidSubmission) else falcon.HTTP_409
        except PreconditionFailed:
            self._show(req, resp, assetid, text, CHANGED)
            resp.status = falcon.HTTP_412
        else:
            self._pages.go_on(req, resp, self.following(assetid), "saved")

    def _check(self, text: str) -> None:
        if self.given and not 0 < len(text) <= self.longest:
            raise InvalidSubmission(self.needs)

    def following(self, assetid: int) -> str:
        """Return the address of the page after the action."""
        return f"/assets/{assetid}"

    def _show(
        self, req: falcon.Request, resp: falcon.Response, assetid: int, text: str, problem: str = ""
    ) -> None:
        plugins = self._site.plugins
        frame = self._site.store.read(lambda connection: read_frame(connection, plugins, assetid))
        effect, refusal = self._try(req, frame, text) if text or self.tries_empty else (None, "")
        self._pages.render(
            req,
            resp,
            self.template,
            frame=frame,
            text=text,
            effect=effect,
            problem=problem or refusal,
            isrefused=bool(refusal),
            longest=self.longest,
        )

    def _try(self, req: falcon.Request, frame: Frame, text: str) -> tuple[JsonObject | None, str]:
        """Return what the edit would answer, or why it is refused."""
        asset = frame.asset
        try:
            edit = self.edit(req, asset["assetid"], asset["version"], text or "…")
            return answer_of(self._site.store, edit, dryrun=True), ""
        except (Conflict, InvalidSubmission, PreconditionFailed) as error:
            return None, str(error)


class RetirePage(ActionPage):
    """Retires an asset for a reason."""

    template = "asset/retire.html"
    given, longest = "reason", REASON_LENGTH
    needs = f"Say why, for those who look for the asset. It has 1 to {REASON_LENGTH} characters."
    queries: ClassVar[Queries] = {"on_get": (short_text("reason"),)}

    def edit(self, req: falcon.Request, assetid: int, version: int, text: str) -> Edit:
        """Return the transaction."""
        return Retire(assetid, text, editor(req, self._site), version)


class RestorePage(ActionPage):
    """Makes a retired asset active again."""

    template = "asset/restore.html"

    def edit(self, req: falcon.Request, assetid: int, version: int, text: str) -> Edit:  # noqa: ARG002
        """Return the transaction."""
        return Restore(assetid, editor(req, self._site), version)


class RenamePage(ActionPage):
    """Gives an asset another identity."""

    template = "asset/rename.html"
    given, longest = "identityvalue", IDENTITY_LENGTH
    needs = f"Enter the new identity. It has 1 to {IDENTITY_LENGTH} characters."
    tries_empty = False
    queries: ClassVar[Queries] = {"on_get": (short_text("identityvalue"),)}

    def edit(self, req: falcon.Request, assetid: int, version: int, text: str) -> Edit:
        """Return the transaction."""
        return Change(assetid, version, Changes.read({"identityvalue": text}), editor(req, self._site))


class ErasePage(ActionPage):
    """Erases an asset with its past, and those that were merged into it."""

    roles: ClassVar[Roles] = {"GET": "admin", "POST": "admin"}
    template = "asset/erase.html"

    def edit(self, req: falcon.Request, assetid: int, version: int, text: str) -> Edit:  # noqa: ARG002
        """Return the transaction."""
        return Erasing(assetid, editor(req, self._site), version)

    def following(self, assetid: int) -> str:  # noqa: ARG002
        """Return the address of the list: the asset has no page any more."""
        return "/assets"
