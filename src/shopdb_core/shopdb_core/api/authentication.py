"""Who may ask for what: the role that each resource requires of a bearer token."""

from collections.abc import Mapping
from typing import ClassVar, Protocol, TypeAlias, cast

import falcon

from shopdb_core.access.tokens import Role, Tokens

Roles: TypeAlias = Mapping[str, Role]
"""The role that each HTTP method requires; one that is missing requires no token."""


class Guarded(Protocol):
    """A resource of this API."""

    roles: ClassVar[Roles]


class Authentication:
    """Lets in the bearers whose role suffices, before their body is read."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, resource: object, _params: Mapping[str, object]
    ) -> None:
        """Set `req.context.bearer`; raises `Unauthorized`, or `Forbidden` for a lesser role.

        Falcon calls this for every path that exists, before the method of the resource.
        """
        if role := cast("Guarded", resource).roles.get(req.method):
            bearer = self._tokens.bearer(req.auth)
            bearer.require(role)
            req.context.bearer = bearer
