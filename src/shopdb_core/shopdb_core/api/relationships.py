"""Relationships: list, make and delete them."""

from typing import ClassVar

import falcon

from shopdb_core.api.authentication import Roles
from shopdb_core.api.body import read_valid
from shopdb_core.api.parameters import LARGEST_ID, only, page, page_of
from shopdb_core.assets.relationships import get_relationship, list_relationships, relate, unrelate
from shopdb_core.plugins.candidates import NAME, NAME_LENGTH
from shopdb_core.plugins.validation import SubmissionValidator
from shopdb_core.store import Store

_RELATIONSHIP = {
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

    def __init__(self, store: Store, max_body_bytes: int) -> None:
        self._store = store
        self._max_body_bytes = max_body_bytes
        self._relationship = SubmissionValidator(_RELATIONSHIP)

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """List what points at or from the asset."""
        only(req, "limit", "after")
        after, limit = page_of(req)
        found = self._store.read(
            lambda connection: list_relationships(connection, assetid, after=after, limit=limit + 1)
        )
        resp.media = page(found, limit, "relationshipid")

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Make the asset point at another."""
        content = read_valid(req, self._max_body_bytes, self._relationship)
        made = self._store.transaction(
            lambda connection: relate(
                connection,
                source=assetid,
                target=int(content["targetassetid"]),
                relationshiptype=content["relationshiptype"],
            )
        )
        resp.status = falcon.HTTP_201
        resp.set_header("Location", f"/api/assets/{assetid}/relationships/{made['relationshipid']}")
        resp.media = made


class RelationshipResource:
    """One relationship, addressed at either of its ends."""

    roles: ClassVar[Roles] = {"GET": "viewer", "DELETE": "editor"}

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_get(self, _req: falcon.Request, resp: falcon.Response, assetid: int, relationshipid: int) -> None:
        """Show it."""
        resp.media = self._store.read(
            lambda connection: get_relationship(connection, assetid, relationshipid)
        )

    def on_delete(
        self, _req: falcon.Request, resp: falcon.Response, assetid: int, relationshipid: int
    ) -> None:
        """Delete it; both assets stay."""
        self._store.transaction(lambda connection: unrelate(connection, assetid, relationshipid))
        resp.status = falcon.HTTP_204
