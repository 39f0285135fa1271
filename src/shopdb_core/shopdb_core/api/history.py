"""The audit entries: of the whole site, and of one asset."""

from typing import ClassVar, get_args

import falcon

from shopdb_core.api.request import LARGEST_ID, Roles, only, page_of, whole_number
from shopdb_core.api.responses import page
from shopdb_core.assets.rows import require_asset
from shopdb_core.audit.entries import Action, list_entries
from shopdb_core.errors import InvalidParameter
from shopdb_core.store import Store


class AuditResource:
    """The entries of all assets, or of one."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List entries, of one plugin, one action or one asset."""
        only(req, "plugin", "action", "assetid", "limit", "after")
        after, limit = page_of(req)
        assetid = whole_number(req, "assetid", 0, smallest=1, largest=LARGEST_ID) or None
        found = self._store.read(
            lambda connection: list_entries(
                connection,
                plugin=req.get_param("plugin"),
                action=_action(req),
                assetid=assetid,
                after=after,
                limit=limit + 1,
            )
        )
        resp.media = page(found, limit, "auditid")

    def on_get_history(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """List the asset's entries, the oldest first."""
        only(req, "limit", "after")
        after, limit = page_of(req)
        self._store.read(lambda connection: require_asset(connection, assetid))
        found = self._store.read(
            lambda connection: list_entries(connection, assetid=assetid, after=after, limit=limit + 1)
        )
        resp.media = page(found, limit, "auditid")


def _action(req: falcon.Request) -> str | None:
    action = req.get_param("action")
    if action is not None and action not in get_args(Action):
        raise InvalidParameter(f"action must be one of {', '.join(get_args(Action))}.")
    return action
