"""`/api/duplicates`: assets that may be one device, and one that may be two; people ignore what is not so."""

from typing import ClassVar, get_args

import falcon

from shopdb_core.api.request import Roles, only, page_of
from shopdb_core.api.responses import page
from shopdb_core.assets.duplicates import Kind, ignore_duplicate, list_duplicates
from shopdb_core.errors import InvalidParameter
from shopdb_core.store import Store


class DuplicatesResource:
    """The findings that nobody ignored."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the findings, of all kinds or of one."""
        only(req, "kind", "limit", "after")
        kind, (after, limit) = _kind(req), page_of(req)
        found = self._store.read(
            lambda connection: list_duplicates(connection, kind=kind, after=after, limit=limit + 1)
        )
        resp.media = page(found, limit, "duplicateid")


class IgnoredDuplicateResource:
    """A finding that people have looked at."""

    roles: ClassVar[Roles] = {"POST": "editor"}

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_post(self, req: falcon.Request, resp: falcon.Response, duplicateid: int) -> None:
        """Ignore the finding; ignoring it again changes nothing."""
        only(req)
        actor = f"user:{req.context.bearer.subject}"
        resp.media = self._store.transaction(
            lambda connection: ignore_duplicate(connection, duplicateid, actor)
        )


def _kind(req: falcon.Request) -> str | None:
    kind = req.get_param("kind")
    if kind is not None and kind not in get_args(Kind):
        raise InvalidParameter(f"kind must be one of {', '.join(get_args(Kind))}.")
    return kind
