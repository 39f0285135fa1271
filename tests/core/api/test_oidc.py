"""Signing in with an identity provider, and its tokens on the API: it lies, changes keys, is away."""

import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import jwt
import pytest
from lyingprovider import AUDIENCE, CLIENT_ID, CLIENT_SECRET, lying_provider
from people import add_user, change, login, me

from shopdb_core.access import users
from shopdb_core.errors import Unauthorized
from shopdb_core.settings import OidcSettings

START, CALLBACK = "/api/auth/oidc/start", "/api/auth/oidc/callback"
HOST = "http://falconframework.org"
ROLES = {"shop-admins": "admin", "shop-editors": "editor"}


@pytest.fixture
def provider():
    """Return a provider that is honest until a test changes it."""
    with lying_provider() as running:
        yield running


@pytest.fixture
def shop(make_shop, provider):
    """Return a site of the provider."""
    settings = OidcSettings(
        issuer=provider.issuer,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        audience=AUDIENCE,
        roles=ROLES,
    )
    return make_shop(oidc=settings)


def start(shop, query: str = "") -> tuple[str, dict[str, str]]:
    """Return where the browser is sent, and its cookie."""
    answer = shop.client.simulate_get(START, query_string=query)
    assert answer.status_code == 303, answer.text
    assert "HttpOnly" in answer.headers["set-cookie"]
    return answer.headers["location"], {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def come_back(shop, query: dict[str, str], headers: dict[str, str]):
    return shop.client.simulate_get(CALLBACK, query_string=urlencode(query), headers=headers)


def sign_in(shop, provider):
    address, cookie = start(shop)
    return come_back(shop, provider.authorize(address), cookie)


def session(answer) -> dict[str, str]:
    return {"Cookie": re.search("shopdb-session=[^;]+", answer.headers["set-cookie"])[0]}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_person_signs_in_and_goes_on(shop, provider):
    """With PKCE, to the page that was asked for; the user is added, in the highest role of the claim."""
    address, cookie = start(shop, "next=/assets")
    query = parse_qs(urlsplit(address).query)
    assert (query["code_challenge_method"], query["redirect_uri"]) == (["S256"], [HOST + CALLBACK])

    answer = come_back(shop, provider.authorize(address), cookie)

    assert (answer.status_code, answer.headers["location"]) == (303, "/assets")
    asked = me(shop, session(answer)).json
    assert (asked["subject"], asked["role"]) == ("ann", "editor")
    assert login(shop, "ann", "no-password-here").status_code == 401


@pytest.mark.every_database
def test_the_same_person_is_the_same_user(shop, provider):
    """By the subject, whatever the name is now; a new role of the provider ends the older sessions."""
    first = sign_in(shop, provider)
    provider.claims = {"preferred_username": "anna", "roles": "shop-admins"}

    second = sign_in(shop, provider)

    assert me(shop, session(second)).json["role"] == "admin"
    assert me(shop, session(second)).json["subject"] == "ann"
    assert me(shop, session(first)).status_code == 401
    assert shop.count("appuser") == 1


LIES = {
    "another issuer": {"iss": "https://elsewhere.example"},
    "another audience": {"aud": "another-client"},
    "no audience": {"aud": None},
    "expired": {"exp": 1_000_000_000},
    "no expiry": {"exp": None},
    "no subject": {"sub": None},
    "no nonce": {"nonce": None},
    "another nonce": {"nonce": "x"},
    "issued in the future": {"iat": 9_999_999_999},
}


@pytest.mark.parametrize("claims", LIES.values(), ids=LIES)
def test_an_answer_that_does_not_fit_signs_nobody_in(shop, provider, claims):
    """401, and nothing is stored."""
    provider.claims = claims

    assert sign_in(shop, provider).status_code == 401
    assert (shop.count("appuser"), shop.count("accesssession")) == (0, 0)


def test_only_the_browser_that_began_comes_back(shop, provider):
    """Another state, another browser, a code that was used, a refusal, another issuer: each is 401."""
    address, cookie = start(shop)
    good = provider.authorize(address)
    _, of_another = start(shop)
    changed = [{"state": "x"}, {"state": ""}, {"iss": "https://elsewhere.example"}, {"code": "x"}]
    for each in changed:
        assert come_back(shop, {**good, **each}, cookie).status_code == 401
    assert come_back(shop, good, of_another).status_code == 401
    assert come_back(shop, good, {}).status_code == 401
    assert come_back(shop, good, {"Cookie": "shopdb-sign-in=x.y.z"}).status_code == 401
    assert come_back(shop, {"error": "access_denied", "state": good["state"]}, cookie).status_code == 401

    assert come_back(shop, good, cookie).status_code == 303
    assert come_back(shop, good, cookie).status_code == 401


def test_a_page_of_another_site_does_not_follow(shop):
    """400 before anybody is sent anywhere."""
    assert shop.client.simulate_get(START, query_string="next=https://evil.example").status_code == 400


def test_without_a_role_nobody_is_added(shop, provider):
    """Who is in none of the site's groups is refused, with a sentence."""
    for roles in (["staff"], None, {"shop-admins": True}, [["shop-admins"]], "admin"):
        provider.claims = {"roles": roles}
        answer = sign_in(shop, provider)
        assert answer.status_code == 403
        assert "no role" in answer.json["detail"]
    assert shop.count("appuser") == 0


def test_a_name_of_a_local_user_is_not_taken_over(shop, provider):
    """Not even with another spelling; nor is the local user's role changed."""
    add_user(shop, "Ann", "viewer")
    provider.claims = {"roles": ["shop-admins"]}

    answer = sign_in(shop, provider)
    assert answer.status_code == 409
    assert "calls you 'ann', which is the name of another user here" in answer.json["detail"]
    assert me(shop, bearer(provider.token())).status_code == 409
    assert shop.rows("SELECT username, role FROM appuser") == [("Ann", "viewer")]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_token_of_the_provider_reads_and_writes(shop, provider, algorithm):
    """On the API; the audit names the user, who is added with the first one."""
    provider.rotate(algorithm)
    body = {"assettype": "cell", "identityvalue": "Cell 7"}

    answer = shop.client.simulate_post("/api/assets", json=body, headers=bearer(provider.token()))

    assert answer.status_code == 201
    assert shop.rows("SELECT actor FROM auditentry") == [("user:ann",)]
    assert me(shop, bearer(provider.token(roles="nothing"))).status_code == 403


def test_forged_tokens_are_refused(shop, provider):
    """By another issuer, for another audience, without a signature, by the public key, or by another key."""
    assert me(shop, bearer(provider.token())).status_code == 200
    now = int(time.time())
    claims = jwt.decode(provider.token(), options={"verify_signature": False})
    public = provider.public_pem().decode().replace("-----", "").encode()  # PyJWT itself refuses a PEM
    forged = [
        provider.token(iss="https://elsewhere.example"),
        provider.token(aud="another"),
        provider.token(aud=CLIENT_ID),
        provider.token(aud=None),
        provider.token(sub=None),
        provider.token(iat=None),
        provider.token(exp=None),
        provider.token(exp=now - 60),
        provider.token(nbf=now + 600),
        provider.token({"crit": ["b64"], "b64": True}),
        provider.token({"kid": "unknown"}),
        provider.token({"kid": "../../etc/passwd"}),
        jwt.encode(claims, None, "none", headers={"kid": provider.kid}),
        jwt.encode(claims, public, "HS256", headers={"kid": provider.kid}),
        jwt.encode(claims, public, "HS256", headers={"kid": provider.kid, "typ": "at+jwt"}),
        f"{provider.token().rpartition('.')[0]}.AAAA",
        "eyJhbGciOiJSUzI1NiJ9.e30.AAAA",
        "eyJhbGciOiJSUzI1NiIsImtpZCI6WzFdfQ.e30.AAAA",
    ]
    kid = provider.kid
    provider.rotate()
    forged.append(provider.token({"kid": kid}))

    assert [me(shop, bearer(token)).status_code for token in forged] == [401] * len(forged)


def test_new_keys_are_fetched_once_in_half_a_minute(shop, provider):
    """A token of an unknown key makes the site look, and a thousand of them do not make it look again."""
    metadata = shop.access.provider._metadata
    assert me(shop, bearer(provider.token())).status_code == 200
    old = provider.token()
    provider.rotate()
    assert me(shop, bearer(provider.token())).status_code == 401

    metadata._allowed = 0
    assert me(shop, bearer(provider.token())).status_code == 200
    assert me(shop, bearer(old)).status_code == 401
    for number in range(20):
        me(shop, bearer(provider.token({"kid": str(number)})))
    assert provider.fetched["/jwks"] == 2


def test_without_the_provider_others_sign_in(shop, provider):
    """503 with a sentence for those who need it; known keys go on; another issuer is not believed."""
    add_user(shop, "carl")
    provider.is_broken = True
    answers = [shop.client.simulate_get(START), me(shop, bearer(provider.token()))]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert "users with a password here can sign in" in answers[0].json["detail"]
    assert login(shop, "carl").status_code == 200

    metadata = shop.access.provider._metadata
    provider.is_broken, provider.published_issuer, metadata._allowed = False, "https://elsewhere.example", 0
    assert shop.client.simulate_get(START).status_code == 503
    provider.published_issuer, metadata._allowed = None, 0
    assert me(shop, bearer(provider.token())).status_code == 200
    provider.is_broken, metadata._allowed, metadata._due = True, 0, 0
    assert me(shop, bearer(provider.token())).status_code == 200


def test_a_disabled_user_of_the_provider_is_refused(shop, provider):
    """By the cookie, the provider's tokens, and when signing in again."""
    answer = sign_in(shop, provider)
    change(shop, users.disable_user, "ann", at=datetime.now(UTC))

    assert me(shop, session(answer)).status_code == 401
    assert me(shop, bearer(provider.token())).status_code == 401
    assert sign_in(shop, provider).status_code == 401


def test_a_site_without_a_provider_says_so(make_shop, provider):
    """404, and the provider's tokens are wrong ones."""
    shop = make_shop()

    assert [shop.client.simulate_get(path).status_code for path in (START, CALLBACK)] == [404, 404]
    assert me(shop, bearer(provider.token())).status_code == 401


def test_only_what_may_be_a_token_has_its_body_read(shop, provider):
    """By the keys that are known, without a look at the provider."""
    check = shop.access.check_signature
    me(shop, bearer(provider.token()))
    fetched = provider.fetched.total()

    check(f"Bearer {provider.token()}")
    for wrong in (provider.token(aud="another"), provider.token({"kid": "unknown"}), "x"):
        with pytest.raises(Unauthorized):
            check(f"Bearer {wrong}")

    assert provider.fetched.total() == fetched


def test_with_a_provider_of_others(site):
    """A real server, and oidc-provider-mock in a process of its own: discovery, sign-in, session."""
    command = [sys.executable, "-m", "oidc_provider_mock", "--port=0", "--host=127.0.0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            _sign_in_with(site, _address(process))
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str]) -> str:
    for line in process.stdout:
        if found := re.search(r"http://[\w.]+:\d+", line):
            return found[0]
    raise AssertionError


def _sign_in_with(site, issuer: str) -> None:
    site.variables |= {
        "SHOPDB_OIDC_ISSUER": issuer,
        "SHOPDB_OIDC_CLIENT_ID": "shopdb",
        "SHOPDB_OIDC_CLIENT_SECRET": "any",
        "SHOPDB_OIDC_ROLE_CLAIM": "groups",
        "SHOPDB_OIDC_ROLES": "shop=editor",
    }
    httpx.put(
        f"{issuer}/users/ann", json={"groups": ["shop"], "preferred_username": "ann"}
    ).raise_for_status()
    server = site.serve()
    with server.client() as client:
        sent = client.get(START)
        back = httpx.post(sent.headers["location"], data={"sub": "ann"}, timeout=30)
        done = client.get(back.headers["location"])
        assert done.status_code == 303, done.text
        asked = client.get("/api/auth/me").json()
    assert (asked["subject"], asked["role"]) == ("ann", "editor")
