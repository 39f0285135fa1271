"""The client's address is in the audit entry and in the log line of a request."""

import json
from ipaddress import ip_network

import pytest
from databases import execute
from falcon.testing import create_environ
from sqlalchemy import make_url

from shopdb_core.audit.verifying.verify import verify

PROXY, CLIENT = "10.0.0.1", "203.0.113.9"
FORWARDED = {"X-Forwarded-For": f"192.0.2.66, {CLIENT}"}


@pytest.fixture
def behind_proxy(make_shop):
    """Return a site that trusts one proxy."""
    return make_shop(trusted_proxies=(ip_network(PROXY),))


def request(shop, method: str, path: str, body: str, peer: str, **headers: str):
    """Send a request from an address."""
    return shop.client.simulate_request(
        method, path, body=body, headers={**FORWARDED, **headers}, extras={"REMOTE_ADDR": peer}
    )


def submit(shop, body: str, peer: str, path: str = "", media: str = "application/json"):
    """Post to the computers collector from an address."""
    key = next(iter(shop.settings.shared_keys))
    return request(
        shop,
        "POST",
        f"/api/collector/computers{path}",
        body,
        peer,
        **{"X-API-Key": key, "Content-Type": media},
    )


@pytest.mark.every_database
def test_every_entry_has_the_address(behind_proxy):
    """Created, repeated, updated, in a batch and by hand: the audit shows where the request came from."""
    first, second = (json.dumps({"hostname": "PC-1", "osname": name}) for name in "AB")
    statuses = [submit(behind_proxy, body, PROXY).status_code for body in (first, first, first, second)]
    statuses.append(submit(behind_proxy, first, PROXY, "/_batch", "application/x-ndjson").status_code)
    by_hand = json.dumps({"assettype": "cell", "identityvalue": "Cell 7"})
    headers = {**behind_proxy.bearer("editor"), "Content-Type": "application/json"}
    statuses.append(request(behind_proxy, "POST", "/api/assets", by_hand, PROXY, **headers).status_code)

    entries = behind_proxy.get("/api/audit").json["items"]

    assert statuses == [201, 200, 200, 200, 200, 201]
    assert [entry["action"] for entry in entries] == [
        *("created", "noop", "noop", "updated", "updated", "created")
    ]
    assert [entry["clientaddress"] for entry in entries] == [CLIENT] * 6


@pytest.mark.every_database
def test_a_header_of_a_stranger_is_not_believed(behind_proxy):
    """Of a peer that is not a trusted proxy, the entry has the peer's own address."""
    submit(behind_proxy, '{"hostname": "PC-1"}', "198.51.100.7")

    assert behind_proxy.rows("SELECT clientaddress FROM auditentry") == [("198.51.100.7",)]


def test_a_program_has_no_address(shop):
    """A submission that came over no connection has none."""
    shop.submit("computers", {"hostname": "PC-1"})

    assert shop.rows("SELECT clientaddress, sealversion FROM auditentry") == [(None, 4)]


def test_the_log_line_has_the_address(behind_proxy, caplog):
    """Answers and refusals alike."""
    caplog.set_level("INFO", "shopdb_core.access")
    submit(behind_proxy, '{"hostname": "PC-1"}', PROXY)
    submit(behind_proxy, "no JSON", PROXY)
    request(behind_proxy, "GET", "/api/nowhere", "", "198.51.100.7")

    lines = [record.getMessage() for record in caplog.records if record.name == "shopdb_core.access"]

    assert [line.split()[4] for line in lines] == [CLIENT, CLIENT, "198.51.100.7"]


@pytest.mark.parametrize("method", ["GET", "\x1b[2J" + "X" * 100_000])
@pytest.mark.parametrize("path", ["/" + "x" * 200_000, "/" + "\n" * 5_000, "/\x1b]0;owned\x07"])
def test_a_log_line_is_bounded_and_escaped(shop, caplog, method, path):
    """Whatever method and path a client sends, its line is one short line of ASCII."""
    caplog.set_level("INFO", "shopdb_core.access")

    environ = {**create_environ(), "REQUEST_METHOD": method, "PATH_INFO": path}
    shop.client.app(environ, lambda *_: None)

    (line,) = [record.getMessage() for record in caplog.records if record.name == "shopdb_core.access"]
    assert len(line) < 500
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.every_database
def test_an_address_edited_by_hand_is_found(behind_proxy):
    """The seal of the entry covers it."""
    submit(behind_proxy, '{"hostname": "PC-1"}', PROXY)
    execute(make_url(behind_proxy.settings.database_url), "UPDATE auditentry SET clientaddress = '192.0.2.1'")

    faults = [
        fault.message for batch in verify(behind_proxy.store, behind_proxy.chain) for fault in batch.faults
    ]

    assert faults == ["the entry was changed after it was written, or the audit's key has changed"]
