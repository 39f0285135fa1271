"""Every responder declares the role that it requires, and is refused without it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import falcon
import falcon.inspect
import jwt
import pytest
from people import OPERATOR, add_user, bearer, change, cookie, login
from shops import KEY, Shop

from shopdb_core.access.programs import create_token, revoke_tokens
from shopdb_core.access.users import disable_user
from shopdb_core.web.request import WebApp

METRICS_TOKEN = "a-token-for-the-metrics-0123456789-abcd"
ROLES = ["viewer", "editor", "admin"]
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}

ASSET = "/api/assets/{assetid:id}"
USER_PAGE = "/admin/users/{userid:id}"
ASSET_PAGE = "/assets/{assetid:id}"
RULES = {
    "GET /api/health": "open",
    "GET /api/ready": "open",
    "GET /metrics": "metrics",
    "POST /api/collector/{plugin}": "collector",
    "POST /api/collector/{plugin}/_batch": "collector",
    "POST /api/collector/pc": "collector",
    "GET /api/collector/_schemas": "viewer",
    "GET /api/collector/_schemas/{plugin}": "viewer",
    "GET /api/assets": "viewer",
    "GET /api/assets.csv": "viewer",
    "POST /api/assets": "editor",
    f"GET {ASSET}": "viewer",
    f"PATCH {ASSET}": "editor",
    f"POST {ASSET}/retire": "editor",
    f"POST {ASSET}/restore": "editor",
    f"POST {ASSET}/revert": "editor",
    f"DELETE {ASSET}": "admin",
    f"GET {ASSET}/diff": "viewer",
    f"POST {ASSET}/merge": "admin",
    "GET /api/merges": "viewer",
    "POST /api/merges/{mergeid:id}/undo": "admin",
    "POST /api/merges/{mergeid:id}/release": "admin",
    f"GET {ASSET}/history": "viewer",
    f"GET {ASSET}/relationships": "viewer",
    f"POST {ASSET}/relationships": "editor",
    f"GET {ASSET}/relationships/{{relationshipid:id}}": "viewer",
    f"DELETE {ASSET}/relationships/{{relationshipid:id}}": "editor",
    "GET /api/audit": "viewer",
    "GET /api/changes": "viewer",
    "GET /api/webhooks": "viewer",
    "GET /api/refusals": "viewer",
    "GET /api/counts": "viewer",
    "GET /api/duplicates": "viewer",
    "POST /api/duplicates/{duplicateid:id}/ignore": "editor",
    "POST /api/auth/login": "open",
    "POST /api/auth/refresh": "open",
    "POST /api/auth/logout": "viewer",
    "GET /api/auth/oidc/start": "open",
    "GET /api/auth/oidc/callback": "open",
    "GET /api/auth/me": "viewer",
    "GET /api/auth/sessions": "viewer",
    "DELETE /api/auth/sessions/{sessionid}": "viewer",
    "GET /api/access-events": "admin",
    "GET /api/reports": "viewer",
    "GET /api/reports/{plugin}/{name}": "viewer",
    "GET /api/openapi.json": "viewer",
    "GET /api/docs": "viewer",
    "GET /static/{digest}/{file}": "open",
    "GET /sign-in": "open",
    "POST /sign-in": "open",
    "GET /sign-in/link": "open",
    "POST /sign-out": "viewer",
    "POST /preferences": "open",
    "GET /": "viewer",
    f"GET {ASSET_PAGE}": "viewer",
    f"GET {ASSET_PAGE}/lists/{{field}}": "viewer",
    f"GET {ASSET_PAGE}/related": "viewer",
    f"POST {ASSET_PAGE}/related": "editor",
    f"POST {ASSET_PAGE}/related/{{relationshipid:id}}/remove": "editor",
    f"GET {ASSET_PAGE}/raw": "viewer",
    f"GET {ASSET_PAGE}/label": "viewer",
    f"GET {ASSET_PAGE}/edit": "editor",
    f"POST {ASSET_PAGE}/edit": "editor",
    f"GET {ASSET_PAGE}/retire": "editor",
    f"POST {ASSET_PAGE}/retire": "editor",
    "GET /assets": "viewer",
    "GET /assets/columns": "viewer",
    "GET /assets/columns/chosen": "viewer",
    "POST /assets/selection": "editor",
    "GET /assets/retire": "editor",
    "POST /assets/retire": "editor",
    f"GET {ASSET_PAGE}/restore": "editor",
    f"POST {ASSET_PAGE}/restore": "editor",
    f"GET {ASSET_PAGE}/rename": "editor",
    f"POST {ASSET_PAGE}/rename": "editor",
    f"GET {ASSET_PAGE}/erase": "admin",
    f"POST {ASSET_PAGE}/erase": "admin",
    f"GET {ASSET_PAGE}/past": "viewer",
    f"GET {ASSET_PAGE}/past/revert": "editor",
    f"POST {ASSET_PAGE}/past/revert": "editor",
    "GET /changes": "viewer",
    "GET /changes/{auditid:id}": "viewer",
    "GET /changes/day/{day}": "viewer",
    f"GET {ASSET_PAGE}/merge": "admin",
    f"POST {ASSET_PAGE}/merge": "admin",
    "GET /duplicates": "viewer",
    "GET /duplicates/{duplicateid:id}": "viewer",
    "POST /duplicates/{duplicateid:id}/ignore": "editor",
    "GET /merges": "viewer",
    "GET /merges/{mergeid:id}/undo": "admin",
    "POST /merges/{mergeid:id}/undo": "admin",
    "GET /merges/{mergeid:id}/release": "admin",
    "POST /merges/{mergeid:id}/release": "admin",
    "GET /account": "viewer",
    "POST /account/password": "viewer",
    "POST /account/sessions": "viewer",
    "GET /admin": "admin",
    "GET /admin/users": "admin",
    "POST /admin/users": "admin",
    f"GET {USER_PAGE}": "admin",
    f"POST {USER_PAGE}/role": "admin",
    f"POST {USER_PAGE}/disable": "admin",
    f"POST {USER_PAGE}/enable": "admin",
    f"POST {USER_PAGE}/password": "admin",
    f"POST {USER_PAGE}/link": "admin",
    f"POST {USER_PAGE}/sessions": "admin",
    "GET /admin/tokens": "admin",
    "POST /admin/tokens": "admin",
    "GET /admin/tokens/{tokenid:id}/revoke": "admin",
    "POST /admin/tokens/{tokenid:id}/revoke": "admin",
    "GET /admin/keys": "admin",
    "GET /admin/settings": "admin",
    "GET /admin/plugins": "admin",
    "GET /admin/backups": "admin",
    "GET /admin/webhooks": "admin",
    "POST /admin/webhooks/resume": "admin",
    "GET /admin/events": "admin",
    "GET /reports": "viewer",
    "GET /reports/{plugin}/{name}": "viewer",
    "GET /software": "viewer",
    "GET /software/program": "viewer",
    "GET /software/holders": "viewer",
    "GET /software/changes": "viewer",
    "GET /collectors": "viewer",
    "GET /collectors/{plugin}": "viewer",
    "POST /collectors/{plugin}": "editor",
    "GET /refusals": "viewer",
}
"""What each request needs; HEAD needs what GET does. A route that is not listed here fails the test."""


ENDS = ("/api/auth/logout", "/sign-out")
"""The routes that end the session of the caller, in alphabetical order."""


@dataclass(frozen=True)
class Route:
    """A method of an address, and a path that it serves."""

    method: str
    template: str

    @property
    def path(self) -> str:
        """Return the address with values for what it takes."""
        path = self.template.replace("{plugin}", "computers").replace("{name}", "software")
        return re.sub(r"\{\w+:id\}", "1", path)

    @property
    def rule(self) -> str | None:
        """Return what the request needs by the table."""
        return RULES.get(f"{'GET' if self.method == 'HEAD' else self.method} {self.template}")


@pytest.fixture
def shop(make_shop) -> Shop:
    """Return a site with everything that has an address, the metrics included."""
    return make_shop(metrics_token=METRICS_TOKEN)


def routes(app: WebApp) -> list[Route]:
    """Return every method of every address."""
    return [
        Route(method.method, route.path)
        for route in falcon.inspect.inspect_routes(app)
        for method in route.methods
        if not method.internal
    ]


def callers(shop: Shop, gone: str) -> dict[str, dict[str, str]]:
    """Return the headers of everybody who may call; `gone` is a user to add and disable."""
    tokens = {role: shop.bearer(role) for role in ROLES}
    key = shop.settings.secret_key
    past = {"iat": 1_000_000_000, "exp": 1_000_000_100}
    claims = {"sub": "tester", "aud": "shopdb-api", "iss": "shopdb", "role": "admin", **past}
    expired = jwt.encode(claims, key, algorithm="HS256", headers={"typ": "at+jwt"})
    cookies = {role: login(shop, role, cookies=True) for role in ROLES}
    others = {
        **people_without_access(shop, gone),
        **{f"cookie of {role} without CSRF token": cookie(cookies[role]) for role in ROLES},
        "nothing": {},
        "wrong token": {"Authorization": "Bearer x"},
        "wrong key": {"X-API-Key": "x"},
        "expired": {"Authorization": f"Bearer {expired}"},
        "collector": {"X-API-Key": KEY},
        "metrics": {"Authorization": f"Bearer {METRICS_TOKEN}"},
    }
    sessions = {f"session of {role}": bearer(login(shop, role)) for role in ROLES}
    browsers = {
        f"browser of {role}": {**cookie(answer), "X-CSRF-Token": answer.json["csrftoken"]}
        for role, answer in cookies.items()
    }
    return others | tokens | sessions | browsers


def people_without_access(shop: Shop, gone: str) -> dict[str, dict[str, str]]:
    """Return the headers of who had access: by a revoked token, as a disabled user, in an ended session."""
    at, hour = datetime.now(UTC), timedelta(hours=1)
    about = {"subject": "robot", "role": "admin", "ttl": hour}
    _, token = shop.store.transaction(
        lambda connection: create_token(connection, at, OPERATOR, shop.tokens, **about)
    )
    shop.store.transaction(lambda connection: revoke_tokens(connection, at, OPERATOR, "robot"))
    add_user(shop, gone, "admin")
    disabled = bearer(login(shop, gone)), cookie(login(shop, gone, cookies=True))
    change(shop, disable_user, gone)
    ended = bearer(login(shop, "admin"))
    shop.client.simulate_post("/api/auth/logout", headers=ended)
    return {
        "revoked": {"Authorization": f"Bearer {token}"},
        "disabled": disabled[0],
        "disabled, with a cookie": disabled[1],
        "ended": ended,
    }


def verdict(rule: str, caller: str, method: str) -> int | None:
    """Return the status by which a caller is refused, `None` if it is admitted."""
    if rule == "open":
        return None
    if (
        caller.endswith("without CSRF token")
        and rule not in ("collector", "metrics")
        and method not in ("GET", "HEAD")
    ):
        return 403
    caller = re.sub("^(cookie|session|browser) of (\\w+).*", r"\2", caller)
    if rule in ("collector", "metrics") or caller not in ROLES:
        return None if rule == caller else 401
    return None if ROLES.index(caller) >= ROLES.index(rule) else 403


def test_every_route_has_a_rule(shop):
    """Reading needs a viewer, writing an editor, submitting a collector's key; and no rule is left over."""
    found = routes(shop.client.app)

    assert {f"{route.method} {route.template}" for route in found if route.method != "HEAD"} == RULES.keys()


def test_every_route_admits_whom_its_rule_names(shop):
    """All others are refused before the path or the body is looked at, whoever calls whatever."""
    wrong = []
    for role in ROLES:
        add_user(shop, role, role)
    everybody = callers(shop, "gone")
    # Nobody has a session after signing out.
    found = sorted(routes(shop.client.app), key=lambda route: (route.template in ENDS, route.template))
    for route in found:
        if route.template == ENDS[-1]:
            everybody = callers(shop, "gone, too")
        for caller, headers in everybody.items():
            status = shop.client.simulate_request(route.method, route.path, headers=headers).status_code
            refused = status if status in (401, 403) else None
            if route.rule is None or refused != verdict(route.rule, caller, route.method):
                wrong.append((caller, route, status))

    assert wrong == []


def test_other_methods_answer_without_a_token(shop):
    """OPTIONS lists the allowed methods, and every other method is 405 with the same list."""
    found = routes(shop.client.app)
    for path in {route.path for route in found}:
        allowed = {route.method for route in found if route.path == path}
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
