"""What people do to one asset beside changing its fields: retire, restore and revert it.

`run_edit` and `write_asset` are what every other edit shares with these.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import falcon

from shopdb_core.api import shapes
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.edits.retiring import Restore, Retire
from shopdb_core.edits.reverting import Revert
from shopdb_core.site import Site
from shopdb_core.store import Connection, Store
from shopdb_core.store.tables import LARGEST_ID, REASON_LENGTH
from shopdb_core.web.editing import answer_of, editor
from shopdb_core.web.operations import EDIT_ERRORS, Operation, Operations
from shopdb_core.web.parameters import Queries, flag
from shopdb_core.web.request import Roles, given_version, read_valid, required_version
from shopdb_hookspecs import JsonObject

_REASON = {
    "title": "Retirement",
    "type": "object",
    "required": ["reason"],
    "additionalProperties": False,
    "properties": {"reason": {"type": "string", "maxLength": REASON_LENGTH, "pattern": r"\S"}},
}


_ENTRY = {
    "title": "Reversion",
    "type": "object",
    "required": ["auditid"],
    "additionalProperties": False,
    "properties": {"auditid": {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}},
}


_EDIT = Operation(answer=shapes.EDITED_ASSET, sends=("ETag",), errors=EDIT_ERRORS)


class EditResource:
    """A resource whose POST edits an asset, or with `dryrun=true` shows what it would do."""

    roles: ClassVar[Roles] = {"POST": "editor"}
    queries: ClassVar[Queries] = {"on_post": (flag("dryrun"),)}

    def __init__(self, site: Site) -> None:
        self._site = site


class RetireResource(EditResource):
    """Takes an asset out of lists, searches and reports."""

    operations: ClassVar[Operations] = {
        "on_post": replace(_EDIT, body=_REASON, version="optional"),
    }

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._validator = SubmissionValidator(_REASON)

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Retire the asset for a reason."""
        content = read_valid(req, self._site.settings.max_body_bytes, self._validator)
        edit = Retire(assetid, content["reason"].strip(), editor(req, self._site), given_version(req))
        run_edit(req, resp, self._site.store, edit)


class RestoreResource(EditResource):
    """Makes a retired asset active again."""

    operations: ClassVar[Operations] = {"on_post": replace(_EDIT, version="optional")}

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Restore the asset."""
        edit = Restore(assetid, editor(req, self._site), given_version(req))
        run_edit(req, resp, self._site.store, edit)


class RevertResource(EditResource):
    """Gives an asset the attributes that it had."""

    operations: ClassVar[Operations] = {
        "on_post": replace(_EDIT, body=_ENTRY, version="required"),
    }

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._validator = SubmissionValidator(_ENTRY)

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Revert the asset to one of its audit entries."""
        version = required_version(req)
        content = read_valid(req, self._site.settings.max_body_bytes, self._validator)
        edit = Revert(assetid, version, int(content["auditid"]), editor(req, self._site))
        run_edit(req, resp, self._site.store, edit)


def write_asset(resp: falcon.Response, asset: JsonObject) -> None:
    """Answer with an asset and its version."""
    resp.set_header("ETag", f'"{asset["version"]}"')
    resp.media = asset


def run_edit(
    req: falcon.Request, resp: falcon.Response, store: Store, edit: Callable[[Connection], JsonObject]
) -> None:
    """Run an edit, or with `dryrun=true` roll it back, and answer with the asset and what changed."""
    dryrun = req.context.query["dryrun"]
    answer = answer_of(store, edit, dryrun=dryrun)
    if dryrun:
        resp.media = answer  # without an ETag: nobody can read that version
    else:
        write_asset(resp, answer)
