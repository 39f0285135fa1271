"""`POST /api/collector/<plugin>`: the endpoint of each installed collector."""

from typing import ClassVar

import falcon

from shopdb_core.api.authentication import Roles
from shopdb_core.api.body import read_json
from shopdb_core.api.submitting import Entrance, shown
from shopdb_core.collect import Submissions


class CollectorResource:
    """Takes one submission."""

    roles: ClassVar[Roles] = {}  # a key of the collector instead

    def __init__(self, entrance: Entrance, submissions: Submissions, max_body_bytes: int) -> None:
        self._entrance = entrance
        self._submissions = submissions
        self._max_body_bytes = max_body_bytes

    def on_post(self, req: falcon.Request, resp: falcon.Response, plugin: str) -> None:
        """Authenticate from the headers, before the body is read; then read, submit, answer."""
        wish = self._entrance.admit(req, plugin)
        body = read_json(req, self._max_body_bytes)
        answer = self._submissions.submit_body(
            plugin, body, wish.origin, dryrun=wish.dryrun, lenient=wish.lenient
        )
        resp.media = shown(answer, (), dryrun=wish.dryrun)
        if answer.action == "created" and not wish.dryrun:
            resp.status = falcon.HTTP_201
            resp.set_header("Location", f"/api/assets/{answer.assetid}")
        wish.confirm(resp)
