"""The relationships of an asset: list, show, create and delete them."""

from collections.abc import Sequence
from typing import ClassVar

import falcon

from shopdb_core.api import shapes
from shopdb_core.assets.relationships import get_relationship, list_relationships
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.edits.relating import Relate, Unrelate
from shopdb_core.plugins.discovery import NAME, NAME_LENGTH
from shopdb_core.site import Site
from shopdb_core.store import Connection
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.editing import editor
from shopdb_core.web.json_schema import page_of
from shopdb_core.web.operations import EDIT_ERRORS, Operation, Operations
from shopdb_core.web.parameters import PAGE, Queries
from shopdb_core.web.request import Roles, read_valid
from shopdb_core.web.responses import answer_list
from shopdb_hookspecs import JsonObject

_RELATIONSHIP = {
    "title": "NewRelationship",
    "type": "object",
    "required": ["relationshiptype", "targetassetid"],
    "additionalProperties": False,
    "properties": {
        "relationshiptype": {"type": "string", "pattern": f"^{NAME.pattern}$", "maxLength": NAME_LENGTH},
        "targetassetid": {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
    },
}


class RelationshipsResource:
    """The relationships of one asset, in both directions."""

    roles: ClassVar[Roles] = {"GET": "viewer", "POST": "editor"}
    queries: ClassVar[Queries] = {"on_get": PAGE}
    operations: ClassVar[Operations] = {
        "on_get": Operation(answer=page_of(shapes.RELATIONSHIP)),
        "on_post": Operation(
            answer=shapes.RELATIONSHIP,
            statuses=(201,),
            sends=("Location",),
            body=_RELATIONSHIP,
            errors=EDIT_ERRORS,
        ),
    }

    def __init__(self, site: Site) -> None:
        self._site = site
        self._store = site.store
        self._validator = SubmissionValidator(_RELATIONSHIP)

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """List the relationships from and to the asset."""

        def read(connection: Connection, **page: int) -> Sequence[JsonObject]:
            found = list_relationships(connection, assetid, **page)
            return [self._site.sitefields.named(each, assetid) for each in found]

        answer_list(req, resp, self._store, read, "relationshipid")

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Create a relationship from the asset to another."""
        content = read_valid(req, self._site.settings.max_body_bytes, self._validator)
        target, relationshiptype = int(content["targetassetid"]), content["relationshiptype"]
        self._site.sitefields.check_relationship(relationshiptype)
        relate = Relate(assetid, target, relationshiptype, editor(req, self._site))
        created = self._store.transaction(relate)
        resp.status = falcon.HTTP_201
        resp.set_header("Location", f"/api/assets/{assetid}/relationships/{created['relationshipid']}")
        resp.media = self._site.sitefields.named(created, assetid)


class RelationshipResource:
    """One relationship, addressed below either of its two assets."""

    roles: ClassVar[Roles] = {"GET": "viewer", "DELETE": "editor"}
    operations: ClassVar[Operations] = {
        "on_get": Operation(answer=shapes.RELATIONSHIP),
        "on_delete": Operation(statuses=(204,), errors=EDIT_ERRORS),
    }

    def __init__(self, site: Site) -> None:
        self._site = site
        self._store = site.store

    def on_get(self, _req: falcon.Request, resp: falcon.Response, assetid: int, relationshipid: int) -> None:
        """Show the relationship."""
        found = self._store.read(lambda connection: get_relationship(connection, assetid, relationshipid))
        resp.media = self._site.sitefields.named(found, assetid)

    def on_delete(
        self, req: falcon.Request, resp: falcon.Response, assetid: int, relationshipid: int
    ) -> None:
        """Delete the relationship; both assets stay."""
        self._store.transaction(Unrelate(assetid, relationshipid, editor(req, self._site)))
        resp.status = falcon.HTTP_204
