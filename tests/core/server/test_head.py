"""HEAD over a real connection."""

import http.client
from urllib.parse import urlsplit

import pytest


@pytest.mark.parametrize(
    "path", ["/api/health", "/api/assets", "/api/reports/computers/software.csv", "/api/nope"]
)
def test_head_leaves_the_connection_usable(server, site, path):
    """The answer to HEAD has the length and no content, and the next request is answered."""
    headers = {"Authorization": f"Bearer {site.token('editor')}"}
    with server.client() as client:
        for number in range(3):
            asset = {
                "assettype": "cell",
                "identityvalue": f"Cell {number}",
                "attributes": {"text": "x" * 50_000},
            }
            assert client.post("/api/assets", json=asset, headers=headers).status_code == 201
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    length = {}
    for method in ("HEAD", "GET", "HEAD"):
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        assert (method == "HEAD") == (content == b"")
        length[method] = answer.headers["Content-Length"] or "none"
        assert answer.status == (404 if path == "/api/nope" else 200)
        if method == "HEAD":
            assert length[method].isdigit()
        elif length[method] != "none":
            assert length[method] == length["HEAD"] == str(len(content))
    connection.close()
