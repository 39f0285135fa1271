"""`POST /api/collector/<plugin>`: the endpoint of each installed collector."""

import falcon

from shopdb_core.access.keys import CollectorKeys
from shopdb_core.api.body import read_object
from shopdb_core.api.parameters import flag, only
from shopdb_core.collect import Answer, Origin, Submissions
from shopdb_core.errors import NotFound
from shopdb_core.plugins.registry import Plugins
from shopdb_hookspecs import Json

LENIENT = "handling=lenient"


class CollectorResource:
    """Takes one submission."""

    def __init__(
        self, keys: CollectorKeys, plugins: Plugins, submissions: Submissions, max_body_bytes: int
    ) -> None:
        self._keys = keys
        self._plugins = plugins
        self._submissions = submissions
        self._max_body_bytes = max_body_bytes

    def on_post(self, req: falcon.Request, resp: falcon.Response, plugin: str) -> None:
        """Authenticate from the headers, before the body is read; then read, submit, answer."""
        self._authenticate(plugin, req.get_header("X-API-Key"))
        only(req, "dryrun")
        dryrun, lenient = flag(req, "dryrun"), _prefers_lenient(req)
        body = read_object(req, self._max_body_bytes)
        origin = Origin(f"collector:{plugin}", req.context.requestid)
        answer = self._submissions.submit(plugin, body.content, origin, dryrun=dryrun, lenient=lenient)
        resp.media = _shown(answer, body.warnings)
        if dryrun:
            resp.media |= {"diff": answer.diff, "matchedby": answer.matchedby}
        elif answer.action == "created":
            resp.status = falcon.HTTP_201
            resp.set_header("Location", f"/api/assets/{answer.assetid}")
        if lenient:
            resp.set_header("Preference-Applied", LENIENT)

    def _authenticate(self, plugin: str, key: str | None) -> None:
        """Only the bearer of some valid key learns that a collector does not exist (contract 2)."""
        if self._plugins.has_endpoint(plugin):
            self._keys.check(plugin, key)
        else:
            self._keys.check_any(key)
            raise NotFound(f"There is no collector named {plugin[:40]!r}; `shopdb plugin list` shows them.")


def _shown(answer: Answer, warnings: tuple[str, ...]) -> dict[str, Json]:
    return {
        "status": "ok",
        "action": answer.action,
        "assetid": answer.assetid,
        "identityvalue": answer.identityvalue,
        "warnings": [*warnings, *answer.warnings],
    }


def _prefers_lenient(req: falcon.Request) -> bool:
    """Whether the client would rather lose a value than the machine (RFC 7240, section 4.4)."""
    preferences = (req.get_header("Prefer") or "").lower().replace('"', "").split(",")
    return any("".join(preference.split(";")[0].split()) == LENIENT for preference in preferences)
