"""Browsers: the session's cookie, and requests that other sites make them send."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_network

import pytest
from people import PASSWORD, add_user, bearer, cookie, login, me
from shops import KEY

from shopdb_core.access.csrf import CsrfTokens

ASSET = {"assettype": "cell", "identityvalue": "Cell 7"}
PROXY = (ip_network("127.0.0.1"),)
HOST = "falconframework.org"  # that of Falcon's test client


@pytest.fixture
def browser(shop):
    """Return the headers of a signed-in browser: its cookie, and the token that its changes need."""
    add_user(shop, "ann", "editor")
    answer = login(shop, "ann", cookies=True)
    assert answer.json.keys() == {"role", "expiresin", "csrftoken"}
    return {**cookie(answer), "X-CSRF-Token": answer.json["csrftoken"]}


def create(shop, headers: dict[str, str], **more: object) -> int:
    return shop.client.simulate_post("/api/assets", json=ASSET, headers=headers, **more).status_code


def test_the_cookie_is_for_this_site_and_no_script(shop):
    """Over plain HTTP without `Secure`, which would make browsers drop it."""
    add_user(shop, "ann")

    answer = login(shop, "ann", cookies=True).headers["set-cookie"]

    name, expires, *attributes = answer.split("; ")
    assert name.startswith("shopdb-session=ey")
    left = parsedate_to_datetime(expires.removeprefix("expires=")) - datetime.now(UTC)
    assert timedelta(hours=11) < left <= timedelta(hours=12)
    assert attributes == ["HttpOnly", "Path=/", "SameSite=Lax"]


@pytest.mark.parametrize("settings", [{"public_url": "https://shopdb.example"}, {"trusted_proxies": PROXY}])
def test_with_tls_the_cookie_is_of_this_host_alone(make_shop, settings):
    """If the site's address says so, or a trusted proxy; another client's header says nothing."""
    shop = make_shop(**settings)
    add_user(shop, "ann")
    headers = {"X-Forwarded-Proto": "https"}
    body = {"username": "ann", "password": PASSWORD, "cookies": True}

    answer, stranger = (
        shop.client.simulate_post("/api/auth/login", json=body, headers=headers, remote_addr=peer)
        for peer in ("127.0.0.1", "203.0.113.9")
    )

    assert answer.headers["set-cookie"].startswith("__Host-shopdb-session=ey")
    assert "; Secure" in answer.headers["set-cookie"]
    assert ("; Secure" in stranger.headers["set-cookie"]) == ("public_url" in settings)
    own = {**cookie(answer), **headers}
    asked = shop.client.simulate_get("/api/auth/me", headers=own, remote_addr="127.0.0.1")
    assert asked.status_code == 200


def test_a_cookie_reads_and_with_its_token_writes(shop, browser):
    """The token stands in a header; that of /api/auth/me is as good as the first."""
    own = {"Cookie": browser["Cookie"]}
    again = me(shop, own).json["csrftoken"]

    assert again != browser["X-CSRF-Token"]
    assert create(shop, own) == 403
    assert create(shop, browser) == 201
    assert create(shop, {**own, "X-CSRF-Token": again}) == 409


def test_a_change_needs_the_token_as_well(shop, browser):
    """Not only a POST."""
    assert create(shop, browser) == 201
    own = {"Cookie": browser["Cookie"]}

    assert shop.client.simulate_patch("/api/assets/1", json={}, headers=own).status_code == 403


@pytest.mark.parametrize("token", ["", ".", "x", "a.b", "ä.ö", "0" * 10_000])
def test_a_wrong_token_is_refused(shop, browser, token):
    """So is that of another session, and that of a site with another key."""
    other = CsrfTokens("another-secret-key-for-tests-0123456789").issue(me(shop, browser).json["sessionid"])
    add_user(shop, "bob", "editor")

    for wrong in (token, other, login(shop, "bob", cookies=True).json["csrftoken"]):
        assert create(shop, {**browser, "X-CSRF-Token": wrong}) == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": f"http://{HOST}.evil.example"}, 403),
        ({"Origin": f"http://{HOST}"}, 201),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": f"http://{HOST}"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
    ],
)
def test_another_site_cannot_write(shop, browser, headers, status):
    """Even with the token: the browser says where the request comes from."""
    assert create(shop, {**browser, **headers}) == status


def test_another_site_cannot_sign_a_browser_in(shop):
    """Neither by a form nor by a script."""
    add_user(shop, "ann")
    foreign = {"Origin": "https://evil.example"}
    body = {"username": "ann", "password": PASSWORD, "cookies": True}

    answer = shop.client.simulate_post("/api/auth/login", json=body, headers=foreign)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert form(shop, f"username=ann&password={PASSWORD}", **foreign).status_code == 403


def form(shop, content: str, path: str = "/api/auth/login", **headers: str):
    return shop.client.simulate_post(
        path, body=content, headers={**headers, "Content-Type": "application/x-www-form-urlencoded"}
    )


def test_a_form_signs_in_and_goes_on(shop):
    """To a page of this site."""
    add_user(shop, "ann")

    answer = form(shop, f"username=ann&password={PASSWORD}&next=/assets%3Fq=a")

    assert (answer.status_code, answer.headers["location"]) == (303, "/assets?q=a")
    assert me(shop, cookie(answer)).status_code == 200


@pytest.mark.parametrize(
    "following", ["https://evil.example", "//evil.example", "/%5Cevil.example", "", "/%0D%0Ax"]
)
def test_a_form_goes_on_to_no_other_site(shop, following):
    """400, and nobody is signed in."""
    add_user(shop, "ann")

    answer = form(shop, f"username=ann&password={PASSWORD}&next={following}")

    assert answer.status_code == 400
    assert shop.count("accesssession") == 0


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("username=ann&username=bob&password=x", 400),
        ("%FF=%FF", 400),
        ("a=1&" * 200, 400),
        ("a=" + "x" * 70_000, 413),
    ],
)
def test_odd_forms_are_refused(shop, content, status):
    """A field twice, no UTF-8, many fields, many bytes."""
    assert form(shop, content).status_code == status


def test_a_form_may_have_the_token_in_a_field(shop, browser):
    """Pages without scripts can sign out."""
    own = {"Cookie": browser["Cookie"]}

    assert form(shop, "csrftoken=wrong", "/api/auth/logout", **own).status_code == 403
    answer = form(shop, f"csrftoken={browser['X-CSRF-Token']}", "/api/auth/logout", **own)

    assert answer.status_code == 204
    assert 'shopdb-session=""; expires=Thu, 01 Jan 1970' in answer.headers["set-cookie"]
    assert me(shop, own).status_code == 401


def test_a_cookie_opens_no_collector(shop, browser):
    """And a collector's key nothing that a cookie opens."""
    submission = {"hostname": "PC-1"}
    answer = shop.client.simulate_post("/api/collector/computers", json=submission, headers=browser)

    assert answer.status_code == 401
    assert me(shop, {"X-API-Key": KEY}).status_code == 401


def test_a_token_in_the_header_counts_before_the_cookie(shop, browser):
    """Without the session's token, since no other site can make a browser send it; a wrong one is refused."""
    add_user(shop, "bob", "editor")
    headers = {"Cookie": browser["Cookie"], **bearer(login(shop, "bob"))}

    assert me(shop, headers).json["subject"] == "bob"
    assert create(shop, headers) == 201
    assert me(shop, {**browser, "Authorization": "Bearer x"}).status_code == 401


def test_two_cookies_of_one_name_are_none(shop, browser):
    """One of them was set by another host of the domain."""
    assert me(shop, {"Cookie": f"{browser['Cookie']}; {browser['Cookie']}"}).status_code == 401
