"""What people do to one asset beside changing its fields: retire and restore it."""

from collections.abc import Callable
from typing import ClassVar

import falcon

from shopdb_core.api.assets import editor, write_asset
from shopdb_core.api.parameters import Queries, flag
from shopdb_core.api.request import Roles, read_valid
from shopdb_core.declarations.validator import SubmissionValidator
from shopdb_core.edits.retiring import Restore, Retire
from shopdb_core.site import Site
from shopdb_core.store import Connection
from shopdb_core.store.tables import REASON_LENGTH
from shopdb_hookspecs import JsonObject

Edit = Callable[[Connection], JsonObject]

_REASON = {
    "type": "object",
    "required": ["reason"],
    "additionalProperties": False,
    "properties": {"reason": {"type": "string", "maxLength": REASON_LENGTH, "pattern": r"\S"}},
}


class EditResource:
    """A resource whose POST edits an asset, or with `dryrun=true` shows what it would do."""

    roles: ClassVar[Roles] = {"POST": "editor"}
    queries: ClassVar[Queries] = {"on_post": (flag("dryrun"),)}

    def __init__(self, site: Site) -> None:
        self._site = site

    def run(self, req: falcon.Request, resp: falcon.Response, edit: Edit) -> None:
        """Run the edit, and answer with the asset, what changed, and warnings."""
        store = self._site.store
        write_asset(resp, store.dry_run(edit) if req.context.query["dryrun"] else store.transaction(edit))


class RetireResource(EditResource):
    """Takes an asset out of lists, searches and reports."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._validator = SubmissionValidator(_REASON)

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Retire the asset for a reason."""
        content = read_valid(req, self._site.settings.max_body_bytes, self._validator)
        self.run(req, resp, Retire(assetid, content["reason"].strip(), editor(req, self._site)))


class RestoreResource(EditResource):
    """Makes a retired asset active again."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Restore the asset."""
        self.run(req, resp, Restore(assetid, editor(req, self._site)))
