"""Values of submissions, keys and tokens are neither in the log nor in the answers to errors."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shopdb_hookspecs import hookimpl

VALUE = "a-value-that-is-secret"


class Twice:
    """A plugin that inserts a duplicate key; every driver's error quotes it."""

    @hookimpl
    def get_collector_schema(self):
        return {"identityfield": "name", "fields": {"name": {"type": "string"}, "note": {"type": "string"}}}

    @hookimpl
    def store_asset(self, connection, after):
        insert = text("INSERT INTO migrationfailure VALUES (:note, 'x', 'x', CURRENT_TIMESTAMP)")
        connection.execute(insert, {"note": after["note"]})
        connection.execute(insert, {"note": after["note"]})


@pytest.mark.every_database
def test_a_value_that_the_database_refuses_is_not_revealed(make_shop, caplog):
    """Neither the answer nor the log quotes it, and nothing is stored."""
    shop = make_shop({"twice": Twice()})

    answer = shop.post("twice", {"name": "one", "note": VALUE})

    assert answer.status_code == 500
    assert VALUE not in answer.text
    assert "twice" in caplog.text
    assert VALUE not in caplog.text
    assert (shop.count("asset"), shop.count("auditentry"), shop.count("migrationfailure")) == (0, 0, 0)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_the_log_has_no_payload_key_or_token(site: Any, form: str, options: tuple[str, ...]) -> None:
    """Of what is stored and of what is refused; each request has its line, in either form."""
    site.variables["SHOPDB_LOG"] = form
    token = site.token("viewer")
    server = site.serve(options=options)
    canaries = {"X-API-Key": f"{VALUE}-key", "Authorization": f"Bearer {VALUE}.token"}
    with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as client:
        key = {"X-API-Key": server.key}
        address = "/api/collector/computers"
        for body in ({"hostname": "PC-1", "osname": VALUE}, {"hostname": 7, "osname": VALUE}, [VALUE]):
            client.post(address, json=body, headers=key)
        client.post(f"{address}?{VALUE}=1", json={}, headers=key)
        client.post(address, content=f"{{{VALUE}", headers=key | {"Content-Type": "application/json"})
        client.post(address, json={"hostname": VALUE}, headers=canaries)
        client.get(f"/api/assets?q={VALUE}", headers=canaries)
        client.get("/api/assets", headers={"Authorization": f"Bearer {token}"})
    assert server.stop() == 0

    log = server.log.read_text()

    assert not any(secret in log for secret in (VALUE, server.key, token))
    assert "user:tester" in log
    assert "collector:computers" in log
    lines = [line for line in log.splitlines() if "shopdb_core.access" in line]
    assert len(lines) == 8
    if form == "json":
        records = [json.loads(line) for line in log.splitlines()]
        problems = {each["problem"] for each in records if each["logger"] == "shopdb_core.access"}
        assert {None, "invalid-submission", "malformed-body", "invalid-parameter", "unauthorized"} == problems
