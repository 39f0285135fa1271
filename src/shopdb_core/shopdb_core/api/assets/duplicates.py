"""What may be one device twice: the findings that submissions made, and ignoring one."""

from typing import ClassVar, get_args

import falcon

from shopdb_core.api import shapes
from shopdb_core.assets.duplicates.findings import Kind, ignore_duplicate, list_duplicates
from shopdb_core.store import Store
from shopdb_core.web.json_schema import page_of
from shopdb_core.web.operations import Operation, Operations
from shopdb_core.web.parameters import PAGE, Queries, choice
from shopdb_core.web.request import Roles
from shopdb_core.web.responses import answer_list


class DuplicatesResource:
    """The findings that nobody ignored."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": (choice("kind", get_args(Kind)), *PAGE)}
    operations: ClassVar[Operations] = {"on_get": Operation(answer=page_of(shapes.DUPLICATE))}

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the findings, of all kinds or of one."""
        answer_list(req, resp, self._store, list_duplicates, "duplicateid")


class IgnoredDuplicateResource:
    """A finding that people have looked at."""

    roles: ClassVar[Roles] = {"POST": "editor"}
    operations: ClassVar[Operations] = {"on_post": Operation(answer=shapes.DUPLICATE)}

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_post(self, req: falcon.Request, resp: falcon.Response, duplicateid: int) -> None:
        """Ignore the finding; ignoring it again changes nothing."""
        actor = f"user:{req.context.bearer.subject}"
        resp.media = self._store.transaction(
            lambda connection: ignore_duplicate(connection, duplicateid, actor)
        )
