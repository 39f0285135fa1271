"""`LateResource`: a resource whose module is imported with the first request for it."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import falcon

from shopdb_core.web.parameters import Queries, QueryParameter, Responder

Parameters: TypeAlias = Sequence[QueryParameter]


class LateResource:
    """Stands for the resource that `make` returns, at an address with these HTTP methods.

    Falcon, the middleware and `Router` find what they look for: responders by name, `roles` and `queries`.
    Two first requests at the same time may make it twice.
    """

    def __init__(self, methods: Sequence[str], make: Callable[[], Any]) -> None:
        self._beginnings = tuple(f"on_{method.lower()}" for method in methods)
        self._make = make

    @cached_property
    def resource(self) -> Any:
        """The resource; raises `TypeError` if it is not one that can be routed."""
        made = self._make()
        check_resource(made)
        return made

    @property
    def roles(self) -> Any:
        """The role of each of its methods."""
        return self.resource.roles

    @cached_property
    def queries(self) -> Queries:
        """The parameters of its responders."""
        declared: Queries = getattr(self.resource, "queries", {})
        return {name: self._bound(each) if callable(each) else each for name, each in declared.items()}

    def _bound(self, declared: Callable[..., Parameters]) -> Callable[..., Parameters]:
        """Return a method of the resource that gives the parameters, as one of this object."""

        def parameters(_self: object, **path: Any) -> Parameters:
            return declared(self.resource, **path)

        return parameters

    def __getattr__(self, name: str) -> Responder:
        """Return a responder of one of the methods, which passes a request on."""
        if not any(name == each or name.startswith(f"{each}_") for each in self._beginnings):
            raise AttributeError(name)

        def respond(req: falcon.Request, resp: falcon.Response, **path: Any) -> None:
            getattr(self.resource, name)(req, resp, **path)

        respond.__name__ = name
        return respond


def check_resource(resource: object) -> None:
    """Raise `TypeError` for a resource that cannot be routed.

    It does not declare a role for each method, or declares something for a responder that it does not have.
    """
    kind = type(resource).__name__
    responders = {name for name in dir(resource) if name.startswith("on_")}
    offered = {name.split("_")[1].upper() for name in responders}
    declared = set(getattr(resource, "roles", ()))
    if offered != declared:
        raise TypeError(
            f"{kind}.roles must declare {', '.join(sorted(offered))}, its responders' methods, not "
            f"{', '.join(sorted(declared)) or 'none'}: give each method a role, or 'open'"
        )
    for declaration in ("queries", "operations"):
        if unknown := sorted(set(getattr(resource, declaration, ())) - responders):
            raise TypeError(f"{kind}.{declaration} names {unknown[0]}, which it does not have")
