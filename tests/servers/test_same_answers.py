"""Other WSGI servers answer as `shopdb serve` does: status, the headers that the contract promises, body."""

import gzip
import http.client
import json
import socket
from dataclasses import dataclass

KEY = "a-collector-key-for-tests-0123456789-abc"
SUBMISSION = b'{"hostname":"pc-1","osname":"Debian"}'
PATH = "/api/collector/computers"
PROMISED = (
    "Content-Type", "Location", "WWW-Authenticate", "X-Content-Type-Options", "Cache-Control", "X-Request-ID",
    "Allow", "Preference-Applied", "Content-Length", "Content-Security-Policy", "Referrer-Policy",
    "Cross-Origin-Resource-Policy",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What a client sees."""

    status: int
    headers: dict[str, str]
    body: object


def post(body: bytes = SUBMISSION, *lines: str, key: str | None = KEY, path: str = PATH) -> bytes:
    """Return a submission as bytes, with a Content-Length unless `lines` declare it chunked."""
    head = [f"POST {path} HTTP/1.1", "Host: shopdb", "X-Request-ID: r1", *lines]
    head += [f"X-API-Key: {key}"] if key else []
    head += (
        []
        if any(line.startswith("Transfer-Encoding") for line in lines)
        else [f"Content-Length: {len(body)}"]
    )
    head += (
        [] if any(line.startswith("Content-Type") for line in lines) else ["Content-Type: application/json"]
    )
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def ask_for(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: shopdb\r\nX-Request-ID: r1\r\n\r\n".encode()


def chunked(*parts: bytes) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return post(chunks + b"0\r\n\r\n", "Transfer-Encoding: chunked")


REQUESTS = {
    "created": post(),
    "noop": post(),
    "updated": post(b'{"hostname":"PC-1","osname":"Fedora"}'),
    "dry run": post(path=f"{PATH}?dryrun=true"),
    "lenient": post(SUBMISSION, "Prefer: handling=lenient"),
    "gzip": post(gzip.compress(SUBMISSION), "Content-Encoding: gzip"),
    "chunked": chunked(b'{"hostname":', b'"pc-2"}'),
    "chunked, too large": chunked(b" " * 600_000, b" " * 600_000),
    "too large": post(b" " * 1_048_577),
    "expects to continue": post(b'{"hostname":"pc-3"}', "Expect: 100-continue"),
    "HTTP/1.0": post().replace(b"HTTP/1.1", b"HTTP/1.0"),
    "absolute address": post(path=f"http://shopdb{PATH}"),
    "no body": post(b""),
    "no JSON": post(b"x"),
    "against the schema": post(b'{"hostname":1}'),
    "another media type": post(SUBMISSION, "Content-Type: text/plain"),
    "no key": post(key=None),
    "no key, large": post(b" " * 1_000_000, key=None),
    "key twice": post(SUBMISSION, f"X-API-Key: {KEY}"),
    "wrong key, then right": post(SUBMISSION, "X-API-Key: x"),
    "key not ASCII": post(key="\u00e4" * 40),
    "another collector": post(path="/api/collector/p%C3%A4c"),
    "encoded letters": post(path="/api/collector/%63omputers"),
    "encoded slash": post(path="/api%2Fcollector/computers"),
    "two slashes": post(path="//api//collector/computers"),
    "slash at the end": post(path=f"{PATH}/"),
    "NUL in the path": post(path="/api/collector/a%00b"),
    "line end in the path": post(path="/api/collector/a%0Ab"),
    "no UTF-8 in the path": post(path="/api/collector/%ff"),
    "no UTF-8 in the query": post(path=f"{PATH}?x=%ff"),
    "health": ask_for("/api/health"),
    "HEAD": ask_for("/api/health", "HEAD"),
    "OPTIONS": ask_for("/api/health", "OPTIONS"),
    "PUT": ask_for("/api/health", "PUT"),
    "reading without a token": ask_for("/api/collector/_schemas"),
}

CUT_OFF = {
    "chunks that are none": post(b'zz\r\n{"hostname":"pc-9"}\r\n0\r\n\r\n', "Transfer-Encoding: chunked"),
    "chunks that end early": chunked(b'{"hostname":', b'"pc-9"}')[:-15],
    "body that ends early": post(b'{"hostname":"pc-9"}')[:-5],
}


def answer_to(server, request: bytes, *, then_close: bool = False) -> Answer:
    """Send bytes as they are, and read one answer."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request)
        if then_close:
            connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection, method=request.split()[0].decode())
        response.begin()
        body = response.read()
    headers = {name: response.headers[name] for name in PROMISED if name in response.headers}
    return Answer(response.status, headers, json.loads(body) if body else None)


def test_answers_are_those_of_shopdb_serve(make_site, other_server) -> None:
    """The same requests, to two new sites, get the same answers."""
    own, other = make_site(), make_site()
    own.upgrade()
    other.upgrade()
    servers = [own.serve(), other.serve_by(other_server)]

    for name, request in REQUESTS.items():
        expected, answer = (answer_to(server, request) for server in servers)

        assert answer == expected, name


def test_bodies_that_are_cut_off_are_malformed(site, other_server) -> None:
    """`shopdb serve` sees such a body never; here the answer is 400, and nothing is stored."""
    server = site.serve_by(other_server)

    statuses = {name: answer_to(server, each, then_close=True).status for name, each in CUT_OFF.items()}

    assert statuses == dict.fromkeys(CUT_OFF, 400)
    assert site.run("asset", "list", "--json").stdout.strip() == "[]"


def test_the_audit_has_the_client_s_address(make_site, other_server) -> None:
    """Every server gives the address of the connection, and that behind a trusted proxy."""
    site = make_site(variables={"SHOPDB_TRUSTED_PROXIES": "127.0.0.1"})
    site.upgrade()
    server = site.serve_by(other_server)

    answer_to(server, post())
    answer_to(server, post(SUBMISSION, "X-Forwarded-For: 192.0.2.66, 203.0.113.9"))

    history = json.loads(site.run("asset", "history", "1", "--json").stdout)
    assert [entry["clientaddress"] for entry in history] == ["127.0.0.1", "203.0.113.9"]
