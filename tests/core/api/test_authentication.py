"""Every responder declares the role that it requires, and is refused without it."""

import re
from typing import ClassVar

import falcon
import falcon.inspect
import pytest

from shopdb_core.api.request import WebApp

TOKEN_ROLES = ["viewer", "editor"]
SAME_ROLE = {"HEAD": "GET"}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}


def responders(app: WebApp) -> dict[tuple[str, str], str]:
    """Return the role that each method of each address declares, by method and path."""
    found = {}
    for route in falcon.inspect.inspect_routes(app):
        path = re.sub(r"\{plugin\}", "computers", route.path)
        path = re.sub(r"\{name\}", "software", path)
        path = re.sub(r"\{\w+:id\}", "1", path)
        resource = app._router.find(path)[0]
        for method in route.methods:
            if not method.internal:
                found[method.method, path] = resource.roles[SAME_ROLE.get(method.method, method.method)]
    return found


def statuses(shop, headers: dict[str, str]) -> dict[tuple[str, str], int]:
    """Call every responder with an empty body, and return the status of each."""
    return {
        (method, path): shop.client.simulate_request(method, path, headers=headers).status_code
        for method, path in responders(shop.client.app)
    }


@pytest.fixture
def roles(shop):
    """Return the declared role of every responder."""
    return responders(shop.client.app)


def test_every_address_declares_a_role(roles):
    """Reading needs a viewer, writing an editor, submitting a collector's key; health is open."""
    assert len(roles) == 34
    assert {key for key, role in roles.items() if role == "open"} == {
        ("GET", "/api/health"),
        ("HEAD", "/api/health"),
    }
    assert {path for (_, path), role in roles.items() if role == "collector"} == {
        "/api/collector/computers",
        "/api/collector/computers/_batch",
    }
    for (method, _), role in roles.items():
        if role in TOKEN_ROLES:
            assert role == ("viewer" if method in {"GET", "HEAD"} else "editor")


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer x"}, {"X-API-Key": "x"}], ids=["nothing", "token", "key"]
)
def test_every_responder_but_health_refuses_without_credentials(shop, roles, headers):
    """401 with the scheme to authenticate by, before the path or the body is looked at."""
    assert statuses(shop, headers) == {key: 200 if role == "open" else 401 for key, role in roles.items()}


@pytest.mark.parametrize("held", TOKEN_ROLES)
def test_every_responder_refuses_a_token_of_a_lesser_role(shop, roles, held):
    """A viewer gets 403 from what needs an editor, and a token of any role is not a collector's key."""
    for key, status in statuses(shop, shop.bearer(held)).items():
        if roles[key] == "collector":
            assert status == 401
        elif roles[key] in TOKEN_ROLES:
            assert (status == 403) == (TOKEN_ROLES.index(held) < TOKEN_ROLES.index(roles[key])), key


def test_other_methods_answer_without_a_token(shop, roles):
    """OPTIONS lists the allowed methods, and every other method is 405 with the same list."""
    for path in {path for _, path in roles}:
        allowed = {method for method, other in roles if other == path}
        for method in METHODS - allowed:
            answer = shop.client.simulate_request(method, path)
            assert answer.status_code == (200 if method == "OPTIONS" else 405), (method, path)
            assert set(answer.headers["allow"].split(", ")) - {"OPTIONS"} == allowed


class Undeclared:
    """A resource without roles."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Answer."""
        resp.media = {}


class Forgotten(Undeclared):
    """A resource that declares one of its two methods."""

    roles: ClassVar = {"GET": "viewer"}

    def on_post_one(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Answer."""
        resp.media = {}


class Superfluous(Undeclared):
    """A resource that declares a method that it does not have."""

    roles: ClassVar = {"GET": "viewer", "DELETE": "editor"}


@pytest.mark.parametrize("resource", [Undeclared(), Forgotten(), Superfluous()])
def test_a_responder_without_a_role_is_not_routed(shop, resource):
    """The application raises when it is created, and at any later time."""
    with pytest.raises(TypeError, match=rf"{type(resource).__name__}\.roles must declare GET"):
        shop.client.app.add_route("/api/more", resource)

    assert shop.client.simulate_get("/api/more").status_code == 404


def test_a_token_is_checked_before_the_body_is_read(shop):
    """A malformed body is 401 all the same."""
    answer = shop.client.simulate_post("/api/assets", body=b"{", content_type="text/plain")

    assert answer.status_code == 401
