"""An identity provider on loopback that signs whatever a test asks for, and counts what is fetched."""

import base64
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

CLIENT_ID, CLIENT_SECRET, AUDIENCE = "shopdb-client", "a-client-secret-canary", "shopdb-api-of-provider"


class LyingProvider:
    """Honest by default: `claims`, `header`, `key` and `issuer` of its next ID token may be changed."""

    def __init__(self) -> None:
        self.fetched: Counter[str] = Counter()
        self.claims: dict[str, object] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.issuer = ""
        self.published_issuer: str | None = None
        self.is_broken = False
        self.rotate("RS256")

    def rotate(self, algorithm: str = "ES256") -> None:
        """Replace the key by another one, for an algorithm."""
        self.algorithm = algorithm
        self.key = rsa_key() if algorithm == "RS256" else ec.generate_private_key(ec.SECP256R1())
        self.kid = hashlib.sha256(self.public_pem()).hexdigest()[:16]

    def public_pem(self) -> bytes:
        """Return the public key as everybody can get it."""
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def keys(self) -> dict[str, object]:
        """Return the JWKS."""
        convert = RSAAlgorithm if self.algorithm == "RS256" else ECAlgorithm
        return {
            "keys": [{**convert.to_jwk(self.key.public_key(), as_dict=True), "kid": self.kid, "use": "sig"}]
        }

    def token(self, header: dict[str, object] | None = None, **changes: object) -> str:
        """Return a signed token for the API; a claim that is `None` is left out."""
        now = int(time.time())
        good = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "subject-1",
            "preferred_username": "ann",
            "roles": ["staff", "shop-editors"],
            "iat": now,
            "exp": now + 600,
        }
        claims = {name: value for name, value in {**good, **changes}.items() if value is not None}
        return jwt.encode(claims, self.key, self.algorithm, headers={"kid": self.kid, **(header or {})})

    def authorize(self, address: str) -> dict[str, str]:
        """Sign a person in who came to an address, and return what the browser brings back."""
        query = {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return {"code": code, "state": query["state"], "iss": self.issuer}

    def redeem(self, form: dict[str, str], authorization: str) -> dict[str, str] | None:
        """Answer a code once, to the client that proves that it asked for it."""
        query = self.codes.pop(form["code"], None)
        secret = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if query is None or authorization != f"Basic {secret}":
            return None
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        fits = query["code_challenge"] == challenge.rstrip(b"=").decode()
        if not fits or form["redirect_uri"] != query["redirect_uri"]:
            return None
        return {"id_token": self.token(**{"aud": CLIENT_ID, "nonce": query["nonce"], **self.claims})}


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """Return the one RSA key: to make one takes long."""
    return rsa.generate_private_key(65537, 2048)


class _Handler(BaseHTTPRequestHandler):
    """Answers for the provider of the server."""

    def do_GET(self) -> None:
        """Answer discovery and the keys."""
        provider: LyingProvider = self.server.provider
        provider.fetched[self.path] += 1
        if provider.is_broken:
            self.send_error(500)
        elif self.path == "/jwks":
            self._send(200, provider.keys())
        else:
            names = ("authorization_endpoint", "token_endpoint")
            addresses = {name: f"{provider.issuer}/{name}" for name in names}
            issuer = provider.published_issuer or provider.issuer
            self._send(200, {"issuer": issuer, "jwks_uri": f"{provider.issuer}/jwks", **addresses})

    def do_POST(self) -> None:
        """Answer a code."""
        provider: LyingProvider = self.server.provider
        content = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: value for name, (value,) in parse_qs(content).items()}
        answer = provider.redeem(form, self.headers.get("Authorization", ""))
        self._send(200 if answer else 400, answer or {"error": "invalid_grant"})

    def _send(self, status: int, answer: object) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Write nothing."""


@contextmanager
def lying_provider() -> Iterator[LyingProvider]:
    """Yield a provider that listens on loopback."""
    provider = LyingProvider()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.provider = provider
        provider.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join(10)
