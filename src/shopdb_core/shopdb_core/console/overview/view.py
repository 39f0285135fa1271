"""The first page."""

from typing import ClassVar

import falcon

from shopdb_core.console.framework.pages import PageResource
from shopdb_core.web.request import Roles


class OverviewPage(PageResource):
    """The site at a glance."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the site at a glance."""
        self._pages.render(req, resp, "overview/page.html")
