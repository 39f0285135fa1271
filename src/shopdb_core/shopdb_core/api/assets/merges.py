"""Merging assets, undoing a merge, and releasing an identity."""

from typing import ClassVar

import falcon

from shopdb_core.api import shapes
from shopdb_core.api.assets.edits import run_edit
from shopdb_core.assets.merges import list_merges
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.edits.merges.merging import Merging
from shopdb_core.edits.merges.unmerging import Releasing, Unmerging
from shopdb_core.site import Site
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.editing import answer_of, editor
from shopdb_core.web.json_schema import page_of
from shopdb_core.web.operations import EDIT_ERRORS, Operation, Operations
from shopdb_core.web.parameters import PAGE, Queries, flag, whole_number
from shopdb_core.web.request import Roles, given_version, read_valid
from shopdb_core.web.responses import answer_list

_MERGE = {
    "title": "NewMerge",
    "type": "object",
    "required": ["gone"],
    "additionalProperties": False,
    "properties": {"gone": {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}},
}

DRY_RUN = (flag("dryrun"),)


class MergeResource:
    """The merging of another asset into one."""

    roles: ClassVar[Roles] = {"POST": "admin"}
    queries: ClassVar[Queries] = {"on_post": DRY_RUN}
    operations: ClassVar[Operations] = {
        "on_post": Operation(
            answer=shapes.MERGED_ASSET, sends=("ETag",), body=_MERGE, version="optional", errors=EDIT_ERRORS
        )
    }

    def __init__(self, site: Site) -> None:
        self._site = site
        self._validator = SubmissionValidator(_MERGE)

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Merge the asset `gone` into this one."""
        content = read_valid(req, self._site.settings.max_body_bytes, self._validator)
        gone, version = int(content["gone"]), given_version(req)
        merging = Merging(assetid, gone, editor(req, self._site), version)
        run_edit(req, resp, self._site.store, merging)


class MergesResource:
    """The merges of the site."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": (whole_number("assetid", 1, LARGEST_ID), *PAGE)}
    operations: ClassVar[Operations] = {"on_get": Operation(answer=page_of(shapes.MERGE))}

    def __init__(self, site: Site) -> None:
        self._store = site.store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the merges, of all assets or of one, the oldest first."""
        answer_list(req, resp, self._store, list_merges, "mergeid")


class MergeEndResource:
    """The end of a merge: it is undone, or it releases the identity of the asset that went."""

    roles: ClassVar[Roles] = {"POST": "admin"}
    queries: ClassVar[Queries] = {"on_post_undo": DRY_RUN, "on_post_release": DRY_RUN}
    operations: ClassVar[Operations] = {
        "on_post_undo": Operation(answer=shapes.UNDONE_MERGE, errors=EDIT_ERRORS),
        "on_post_release": Operation(answer=shapes.MERGE, errors=EDIT_ERRORS),
    }

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_post_undo(self, req: falcon.Request, resp: falcon.Response, mergeid: int) -> None:
        """Undo the merge."""
        unmerging = Unmerging(mergeid, editor(req, self._site))
        resp.media = answer_of(self._site.store, unmerging, dryrun=req.context.query["dryrun"])

    def on_post_release(self, req: falcon.Request, resp: falcon.Response, mergeid: int) -> None:
        """Free the identity, so that its next submission creates an asset."""
        releasing = Releasing(mergeid, editor(req, self._site))
        resp.media = answer_of(self._site.store, releasing, dryrun=req.context.query["dryrun"])
