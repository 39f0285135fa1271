"""The findings of `shopdb doctor` about this site, with the next steps."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import falcon

from shopdb_core.console.admin.facts import FactsPage
from shopdb_core.console.framework.pages import Pages
from shopdb_core.operations.health.doctor import LONGER, examine, examine_open
from shopdb_core.web.parameters import Queries, flag

PLACES = {
    "backups": "/admin/backups",
    "collectors": "/collectors",
    "declarations": "/admin/plugins",
    "duplicates": "/duplicates",
    "heads": "/admin/backups",
    "keys": "/admin/keys",
    "migrations": "/admin/plugins",
    "plugins": "/admin/plugins",
    "refusals": "/refusals",
    "settings": "/admin/settings",
    "webhooks": "/admin/webhooks",
}
"""The page on which more of a check is."""

ORDER = ("problem", "warning", "ok")


class HealthPage(FactsPage):
    """The checks of the doctor."""

    queries: ClassVar[Queries] = {"on_get": (flag("all"),)}

    def __init__(self, pages: Pages) -> None:
        super().__init__(pages)
        self._environ: Mapping[str, str] = os.environ
        self._directory = Path()

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show what is quickly found out, or if asked to, everything that the command finds."""
        site, isall = self._site, req.context.query["all"]
        if isall:
            results = [*examine(self._environ, self._directory)]
        else:
            results = [*examine_open(site.settings, site.store, site.plugins)]
        self._pages.render(
            req,
            resp,
            "admin/health.html",
            results=sorted(results, key=lambda each: ORDER.index(each.status)),
            isall=isall,
            leftout=LONGER,
            places=PLACES,
            at=site.clock(),
        )
