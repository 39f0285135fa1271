"""`shopdb doctor`: one line for each check, whatever is broken."""

import json
import re
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from shopdb_core.operations.health.site_checks import SiteChecks


@pytest.fixture
def examined(site):
    """Return a function that runs the doctor, and gives its exit code and its results by their names."""

    def run() -> tuple[int, dict[str, list[tuple[str, str]]]]:
        done = site.run("doctor", "--json")
        found: dict[str, list[tuple[str, str]]] = {}
        for check in json.loads(done.stdout)["checks"]:
            found.setdefault(check["name"], []).append((check["status"], check["detail"]))
            assert (check["step"] == "") == (check["status"] == "ok"), check
        return done.returncode, found

    return run


@pytest.mark.every_database
def test_a_new_site_has_no_problem(examined):
    """It has warnings: it was never backed up, and SECRET_KEY seals its audit."""
    code, found = examined()

    assert code == 0
    warnings = {name for name, results in found.items() for status, _ in results if status == "warning"}
    assert warnings == {"settings", "heads", "backups"}
    assert {"database", "migrations", "clock", "keys", "audit", "pruning"} <= found.keys()


def test_lines_for_people(site):
    """The verdict first, and the next step at the end."""
    done = site.run("doctor")

    assert "ok       migrations: the tables are up to date." in done.stdout.splitlines()
    assert any(
        line.startswith("warning  backups: no backup was ever made. Run `shopdb backup")
        for line in done.stdout.splitlines()
    )


def test_a_plugin_that_cannot_be_used(site, broken):
    """Its check says why, and nothing else repeats it."""
    site.variables["PYTHONPATH"] = str(broken)

    done = site.run("doctor")

    (line,) = (line for line in done.stdout.splitlines() if line.startswith("problem"))
    assert line.startswith("problem  plugins: broken is quarantined: its import raised OSError: no")
    assert (done.returncode, done.stderr) == (1, "shopdb: the site has 1 problem.\n")


def test_the_use_of_the_legacy_endpoint(site, examined):
    """It is a warning, with how many submissions came by it."""
    with site.serve().client() as client:
        answer = client.post("/api/collector/pc", json={"ComputerName": "PC-1"})
        assert answer.status_code == 201, answer.text
    site.servers[0].stop()

    code, found = examined()

    detail = "1 submissions by /api/collector/pc in the last 7 days"
    assert (code, found["legacy"]) == (0, [("warning", detail)])


def test_a_webhook_that_fails(site, examined):
    """It is named with how far it is behind and why."""
    secret = "whsec_" + "A" * 32
    hook = f'[[webhook]]\nname = "tickets"\nurl = "http://127.0.0.1:9/"\nsecret = "{secret}"\n'
    file = site.directory / "webhooks.toml"
    file.write_text(hook)
    file.chmod(0o600)
    site.variables["SHOPDB_WEBHOOKS"] = "webhooks.toml"
    assert examined()[1]["webhooks"] == [("ok", "1 are delivered")]
    server = site.serve()
    deadline = time.monotonic() + 60
    # A new webhook begins with what is committed after the server has seen it.
    while examined()[1]["webhooks"][0][0] == "ok":
        server.submit("computers", {"hostname": f"PC-{time.monotonic_ns()}"})
        assert time.monotonic() < deadline

    ((status, detail),) = examined()[1]["webhooks"]

    assert status == "warning"
    assert re.match(r"tickets is failing, \d+ entries behind: ", detail)


def test_broken_settings_do_not_end_it(site, examined):
    """What does not depend on them is checked all the same."""
    site.variables |= {"SHOPDB_THREADS": "many"}

    code, found = examined()

    assert code == 1
    ((status, detail),) = found["settings"]
    assert (status, detail) == ("problem", "SHOPDB_THREADS is not a whole number from 1 to 1000: many")
    assert found["migrations"] == [("ok", "the tables are up to date")]
    assert not {"keys", "audit"} & found.keys()


def test_a_database_that_is_away_does_not_end_it(site, examined):
    """The checks of this machine follow; the password of the URL is not shown."""
    site.variables["SHOPDB_DATABASE_URL"] = "postgresql://shopdb:pass-word-1@127.0.0.1:1/shopdb"

    code, found = examined()

    assert code == 1
    ((status, detail),) = found["database"]
    assert status == "problem"
    assert "pass-word-1" not in detail
    assert found["packages"][0][0] == "ok"


def test_what_a_site_gathers_is_reported(site, examined):
    """Files that others may read, no key, pending migrations of the core."""
    site.variables.pop("COLLECTOR_API_KEY")
    site.database.file.chmod(0o644)
    secret = site.directory / "submit-key"
    secret.write_text("a-collector-key-of-a-file-0123456789-abc")
    secret.chmod(0o644)
    site.variables["SHOPDB_KEY_FILE"] = str(secret)

    code, found = examined()
    assert code == 1
    assert found["files"] == [
        ("problem", f"{name} can be read or changed by other users")
        for name in ("submit-key", "shopdb.sqlite3")
    ]
    assert "no key is set" in found["keys"][0][1]

    with closing(sqlite3.connect(site.database.file)) as connection:
        connection.execute("UPDATE alembic_version_core SET version_num = '0011'")
        connection.commit()
    _, found = examined()
    assert found["migrations"] == [("problem", "pending for core")]
    assert "audit" not in found


def test_the_secrets_of_a_webhook_that_others_may_read(site, examined):
    """A file of its own is checked as every other file of a secret."""
    file, secret = site.directory / "webhooks.toml", site.directory / "tickets.secret"
    file.write_text(
        '[[webhook]]\nname = "tickets"\nurl = "https://tickets.example/"\nsecretfile = "tickets.secret"\n'
    )
    secret.write_text("whsec_" + "A" * 32)
    site.variables["SHOPDB_WEBHOOKS"] = "webhooks.toml"
    for each, mode in ((file, 0o600), (secret, 0o644)):
        each.chmod(mode)

    code, found = examined()

    assert code == 1
    assert found["files"] == [("problem", "tickets.secret can be read or changed by other users")]
    assert found["webhooks"] == [("ok", "1 are delivered")]


def test_findings_of_a_site_in_use(shop):
    """Sources that went silent, old backups and heads, refusals, duplicates, expired entries."""
    shop.post("computers", {"hostname": "PC-1", "macaddress": "3C:52:82:11:22:33"})
    shop.post("computers", {"hostname": "PC-2", "macaddress": "3C:52:82:11:22:33"})
    shop.post("computers", {"hostname": "PC-2", "macaddress": "3C:52:82:11:22:33"})
    shop.post("computers", {"hostname": 7})
    shop.recorder.write()
    later = datetime.now(UTC) + timedelta(days=50)

    now, then = [
        {
            name: (result.status, result.detail)
            for name, check in SiteChecks(shop.settings, shop.store, shop.plugins, clock=clock).all().items()
            if name != "clock"
            for result in check()
        }
        for clock in (lambda: datetime.now(UTC), lambda: later)
    ]

    assert now["collectors"] == ("ok", "1 sources, none silent")
    assert now["refusals"][0] == "warning"
    assert now["duplicates"] == ("warning", "1 findings wait for a decision")
    assert now["pruning"][0] == "ok"
    assert then["collectors"][0] == "warning"
    assert "computers: the last submission was on" in then["collectors"][1]
    assert then["pruning"] == ("warning", "entries of kind noop should have been removed 20 days ago")


def test_a_wrong_key_of_the_audit(site, examined):
    """It is a problem before somebody needs the audit."""
    server = site.serve()
    assert server.submit("computers", {"hostname": "PC-1"}).status_code == 201
    server.stop()
    site.variables["SHOPDB_AUDIT_KEY"] = "another-secret-key-for-tests-9876543210"

    code, found = examined()

    assert code == 1
    assert found["audit"][0][0] == "problem"
    assert "shopdb audit rekey" in found["audit"][0][1]
