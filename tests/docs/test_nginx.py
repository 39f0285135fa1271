"""The nginx configuration of docs/operations.md passes on what ShopDB takes."""

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import httpx
import pytest

from shopdb_core.intake.http_body import NDJSON
from shopdb_core.intake.ndjson import MOST_BYTES

UNITS = {"k": 1024, "m": 1024 * 1024}
BATCH_BYTES = 3 * 1024 * 1024


@pytest.fixture
def configuration(docs, blocks_of) -> str:
    """Return the one nginx configuration of the page."""
    (block,) = [block for block in blocks_of(docs / "operations.md") if block.language == "nginx"]
    return block.text


def largest_body(block: str) -> int:
    """Return the size in bytes that `client_max_body_size` of a block allows."""
    number, unit = re.search(r"client_max_body_size (\d+)([km]);", block).groups()
    return int(number) * UNITS[unit]


def locations(configuration: str) -> dict[str, str]:
    """Return the content of each location."""
    return dict(re.findall(r"location (?:~ )?(\S+) \{([^}]*)\}", configuration))


def test_a_batch_passes(configuration):
    """The location of batches takes more than the largest batch; the one of submissions need not."""
    (batch,) = [path for path in locations(configuration) if path != "/"]

    assert re.match(batch, "/api/collector/net_gear2/_batch")
    assert not re.match(batch, "/api/collector/net_gear2")
    assert largest_body(locations(configuration)[batch]) > MOST_BYTES
    assert 1024 * 1024 < largest_body(configuration) < MOST_BYTES


@pytest.fixture
def proxied(site, configuration, tmp_path) -> Iterator[tuple[object, httpx.Client]]:
    """Run a server of `site` behind nginx, configured as shown but without TLS; yields a client of nginx."""
    nginx = shutil.which("nginx") or pytest.skip("nginx is not installed")
    site.variables["SHOPDB_TRUSTED_PROXIES"] = "127.0.0.1"
    server = site.serve()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = configuration.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = text.replace("http://127.0.0.1:8080", server.url)
    folders = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = tmp_path / "nginx.conf"
    file.write_text(
        f"daemon off; master_process off; pid {tmp_path}/nginx.pid; error_log stderr;"
        f"events {{}} http {{ access_log off; {folders} {text} }}"
    )
    process = subprocess.Popen([nginx, "-e", "stderr", "-p", str(tmp_path), "-c", str(file)])
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
        deadline = time.monotonic() + 30
        while not _answers(client):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        client.headers["X-API-Key"] = server.key
        yield site, client
    process.terminate()
    process.wait(timeout=20)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/health").is_success
    except httpx.TransportError:
        return False


def test_the_shipped_configuration_passes_on_what_a_client_sends(proxied):
    """A batch over 2 MB is stored; the client's request id and its address are in the audit."""
    site, client = proxied
    lines = b"".join(b'{"hostname":"PC-%d","osname":"%s"}\n' % (each, b"x" * 60) for each in (1, 2))
    padding = b" " * (BATCH_BYTES // 8) + b"\n"
    batch = lines + padding * 8

    answer = client.post(
        "/api/collector/computers/_batch",
        content=batch,
        headers={"Content-Type": NDJSON, "X-Request-ID": "imaging-42", "X-Forwarded-For": "192.0.2.66"},
    )
    generated = client.get("/api/health").headers["X-Request-ID"]

    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Request-ID"] == "imaging-42"
    assert len(generated) == 32
    # nginx appends the address of this test, which is that of a trusted proxy: the hop before it counts.
    (entry,) = json.loads(site.run("asset", "history", "1", "--json").stdout)
    assert (entry["requestid"], entry["clientaddress"]) == ("imaging-42", "192.0.2.66")
