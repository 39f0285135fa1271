"""What the addresses for submissions share: who may send, how it is to be taken, how it is answered."""

from dataclasses import dataclass

import falcon

from shopdb_core.access.keys import CollectorKeys
from shopdb_core.api.parameters import flag, only
from shopdb_core.collect import Answer, Origin
from shopdb_core.errors import NotFound
from shopdb_core.plugins.registry import Plugins
from shopdb_hookspecs import JsonObject

LENIENT = "handling=lenient"


@dataclass(frozen=True, slots=True)
class Wish:
    """Who submits, and how the submissions of this request are to be taken."""

    origin: Origin
    dryrun: bool
    lenient: bool

    def confirm(self, resp: falcon.Response) -> None:
        """Say in the answer which preference was followed (RFC 7240, section 3)."""
        if self.lenient:
            resp.set_header("Preference-Applied", LENIENT)


class Entrance:
    """Lets in the bearers of a collector's key."""

    def __init__(self, keys: CollectorKeys, plugins: Plugins) -> None:
        self._keys = keys
        self._plugins = plugins

    def admit(self, req: falcon.Request, plugin: str) -> Wish:
        """Authenticate from the headers, before the body is read.

        Raises `Unauthorized`, `NotFound`, or `InvalidParameter` for an odd query.
        """
        self._authenticate(plugin, req.get_header("X-API-Key"))
        only(req, "dryrun")
        origin = Origin(f"collector:{plugin}", req.context.requestid)
        return Wish(origin, flag(req, "dryrun"), _prefers_lenient(req))

    def _authenticate(self, plugin: str, key: str | None) -> None:
        """Only the bearer of some valid key learns that a collector does not exist (contract 2)."""
        if self._plugins.has_endpoint(plugin):
            self._keys.check(plugin, key)
        else:
            self._keys.check_any(key)
            raise NotFound(f"There is no collector named {plugin[:40]!r}; `shopdb plugin list` shows them.")


def shown(answer: Answer, warnings: tuple[str, ...], *, dryrun: bool) -> JsonObject:
    """Return the answer as the contract words it; `warnings` are those about the encoding."""
    body: JsonObject = {
        "status": "ok",
        "action": answer.action,
        "assetid": answer.assetid,
        "identityvalue": answer.identityvalue,
        "warnings": [*warnings, *answer.warnings],
    }
    return {**body, "diff": answer.diff, "matchedby": answer.matchedby} if dryrun else body


def _prefers_lenient(req: falcon.Request) -> bool:
    """Whether the client would rather lose a value than the machine (RFC 7240, section 4.4)."""
    preferences = (req.get_header("Prefer") or "").lower().replace('"', "").split(",")
    return any("".join(preference.split(";")[0].split()) == LENIENT for preference in preferences)
