"""The configurations of nginx and Caddy pass on what ShopDB takes, and hold back what it need not see."""

import json
import socket
import time

import pytest

from shopdb_core.intake.http_body import NDJSON

BATCH_BYTES = 20 * 1024 * 1024
DRIPPING = 60

every_proxy = pytest.mark.parametrize("proxied", ["nginx", "caddy"], indirect=True)


@every_proxy
def test_a_large_batch_passes_with_the_request_id_and_the_address(proxied):
    """What a client says of its own address is not believed; its request id is kept, or it gets one."""
    lines = b"".join(b'{"hostname":"PC-%d","osname":"Windows 11"}\n' % each for each in (1, 2))
    padding = (b" " * (1024 * 1024 - 1) + b"\n") * (BATCH_BYTES // 1024 // 1024)

    answer = proxied.client.post(
        "/api/collector/computers/_batch",
        content=lines + padding,
        headers={"Content-Type": NDJSON, "X-Request-ID": "imaging-42", "X-Forwarded-For": "192.0.2.66"},
    )
    generated = proxied.client.get("/api/health").headers["X-Request-ID"]

    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Request-ID"] == "imaging-42"
    assert len(generated) in (32, 36)
    (entry,) = json.loads(proxied.site.run("asset", "history", "1", "--json").stdout)
    assert (entry["requestid"], entry["clientaddress"]) == ("imaging-42", "127.0.0.1")


@every_proxy
def test_a_submission_over_the_limit_gets_shopdbs_own_answer(proxied):
    """The limits of the proxy are above those of ShopDB, whose problem names the next step."""
    big = b'{"hostname": "PC-1", "osname": "' + b"x" * (1024 * 1024) + b'"}'

    answer = proxied.client.post(
        "/api/collector/computers", content=big, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"


@every_proxy
def test_clients_that_drip_hold_nobody_up(proxied):
    """Clients that send a byte now and then are held by the proxy; health is answered at once."""
    dripping = [_drip(proxied) for _ in range(DRIPPING)]
    durations = []
    for number in range(60):
        dripping[number % DRIPPING].send(b"x")
        began = time.perf_counter()
        assert proxied.client.get("/api/health").status_code == 200
        durations.append(time.perf_counter() - began)
    for connection in dripping:
        connection.close()

    assert max(durations) < 5
    log = proxied.server.log.read_text()
    assert "POST /api/collector/computers" not in log


def _drip(proxied) -> socket.socket:
    """Return a connection on which a submission has begun."""
    plain = socket.create_connection(("127.0.0.1", proxied.port), timeout=20)
    connection = proxied.tls.wrap_socket(plain, server_hostname="localhost")
    connection.send(
        b"POST /api/collector/computers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"X-API-Key: " + proxied.server.key.encode() + b"\r\nContent-Length: 100000\r\n\r\n{"
    )
    return connection
