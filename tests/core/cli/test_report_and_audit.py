"""`shopdb report` and `shopdb audit`: on a site's database."""

import json
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest

Refused = Callable[[CompletedProcess[str]], str]


@pytest.fixture
def stocked(site: Any) -> Any:
    """A site with one computer."""
    server = site.serve()
    server.submit("computers", {"hostname": "PC-1234", "osname": "Debian 12"})
    server.stop()
    return site


@pytest.mark.every_database
def test_a_report_is_a_table_or_json(stocked: Any) -> None:
    """The plugin's columns, in the plugin's order."""
    table = stocked.run("report", "computers", "stale", "days=0").stdout.splitlines()
    rows = json.loads(stocked.run("report", "computers", "stale", "days=0", "--json").stdout)

    assert table[0].split() == list(rows[0]) == ["identityvalue", "lastseenat", "days"]
    assert table[1].startswith("PC-1234 ")
    assert [row["identityvalue"] for row in rows] == ["PC-1234"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nosuchplugin", "stale"], "There is no report nosuchplugin/stale"),
        (["computers", "nosuchreport"], "There is no report computers/nosuchreport"),
        (["computers", "stale", "days"], "'days' is not PARAMETER=VALUE"),
        (
            ["computers", "stale", "days=many"],
            "days is not a valid integer: 'many'; it must be a whole number of 64 bits.",
        ),
        (["computers", "stale", "weeks=1"], "weeks"),
        (["computers", "software_on"], "name is missing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_report_that_cannot_be_run_is_refused(
    site: Any, refused: Refused, arguments: list[str], message: str
) -> None:
    """One line names what was asked for."""
    assert message in refused(site.run("report", *arguments))


def test_without_a_name_the_reports_are_listed(stocked: Any) -> None:
    """Those of every plugin or of one, with their parameters."""
    table = stocked.run("report").stdout.splitlines()
    rows = json.loads(stocked.run("report", "computers", "--json").stdout)

    assert table[0].split() == ["plugin", "name", "title", "parameters"]
    assert {line.split()[0] for line in table[1:]} == {"computers", "printers"}
    parameters = {row["name"]: row["parameters"] for row in rows}
    assert parameters["software_on"] == "name=string [below=string] [version=string] [beyond=integer]"


def test_a_report_that_fails_shows_the_driver_s_sentence(stocked: Any) -> None:
    """Its author sees what the database said, and where; a client of the API does not."""
    stocked.database.query("DROP TABLE computers_software")

    line = stocked.run("report", "computers", "software").stderr

    assert "the report software raised OperationalError. " in line
    assert "no such table: computers_software (shopdb_computers/" in line


def test_db_status_check_exits_with_1_for_a_pending_migration(
    make_site: Callable[..., Any], site: Any
) -> None:
    """The line names what is behind."""
    behind = make_site().run("db", "status", "--check")

    assert behind.returncode == 1
    assert behind.stderr == (
        "shopdb: migrations are pending for core, computers, printers: run `shopdb db upgrade`\n"
    )
    assert site.run("db", "status", "--check").returncode == 0


@pytest.mark.every_database
def test_an_audit_that_is_whole_exits_with_0(stocked: Any) -> None:
    """It counts what it has checked."""
    done = stocked.run("audit", "verify")

    assert (done.returncode, done.stdout, done.stderr) == (0, "1 asset, 1 entry, 0 faults\n", "")


@pytest.mark.every_database
def test_an_audit_that_was_tampered_with_exits_with_1(stocked: Any) -> None:
    """A stored value that does not follow from the entries is found, and its asset named."""
    stocked.database.query("UPDATE assetattributes SET attributes = replace(attributes, 'Debian', 'Windows')")

    done = stocked.run("audit", "verify")

    assert done.returncode == 1
    assert "asset 1" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_pruned_entries_are_counted_by_kind(stocked: Any, age: Any) -> None:
    """The days of each kind come from the settings; what was pruned is still vouched for."""
    server = stocked.serve()
    for system in ("Debian 12", "Debian 13", "Debian 13"):
        server.submit("computers", {"hostname": "PC-1234", "osname": system})
    server.stop()
    age(stocked.database.url, stocked.variables["SECRET_KEY"], 31)

    stocked.run("audit", "prune")
    first = stocked.run("audit", "prune", "--force")
    stocked.variables["SHOPDB_AUDIT_RETENTION_DAYS"] = "31"
    second = stocked.run("audit", "prune", "--json", "--force")

    assert (first.returncode, first.stdout, first.stderr) == (0, "pruned 1 noop and 0 changes\n", "")
    assert json.loads(second.stdout) == {"noops": 0, "changes": 2, "unfit": 0, "postponed": False}
    assert stocked.run("audit", "verify").stdout == "1 asset, 1 entry, 3 pruned, 0 faults\n"


def test_entries_that_were_tampered_with_are_not_pruned(stocked: Any, age: Any) -> None:
    """They are counted, with the command that lists them."""
    server = stocked.serve()
    for _ in range(3):
        server.submit("computers", {"hostname": "PC-1234", "osname": "Debian 12"})
    server.stop()
    age(stocked.database.url, stocked.variables["SECRET_KEY"], 31)
    stocked.database.query("UPDATE auditentry SET actor = 'nobody' WHERE auditid = 2")

    lines = stocked.run("audit", "prune", "--force").stdout.splitlines()

    assert lines[0] == "pruned 1 noop and 0 changes"
    assert "kept 1 entry whose hash does not fit: `shopdb audit verify`" in lines[1]
    assert stocked.run("audit", "verify").returncode == 1


def test_a_site_gets_a_key_for_its_audit(stocked: Any, refused: Refused) -> None:
    """Without it SECRET_KEY is the key; `rekey` changes it, and SECRET_KEY may then change too."""
    old, new = stocked.variables["SECRET_KEY"], "an-audit-key-for-tests-9876543210-zyxwvu"
    assert "set SHOPDB_AUDIT_KEY=NEW,OLD" in refused(stocked.run("audit", "rekey"))
    stocked.variables["SHOPDB_AUDIT_KEY"] = new
    assert "run `shopdb audit rekey`" in refused(stocked.run("audit", "verify"))

    done = stocked.run("audit", "rekey", "--json")

    assert (done.returncode, json.loads(done.stdout)) == (0, {"sealed": 1, "unfit": 0})
    stocked.variables["SECRET_KEY"] = old[::-1]
    assert stocked.run("audit", "verify").returncode == 0
    del stocked.variables["SHOPDB_AUDIT_KEY"]
    line = refused(stocked.run("audit", "verify"))
    assert line.startswith("None of the 1 audit entries that were tried is sealed with this site's key")


def test_a_secret_key_is_replaced_without_revoking_tokens(stocked: Any) -> None:
    """Two values: the first signs and seals, both are accepted."""
    old = stocked.variables["SECRET_KEY"]
    token = stocked.token()
    stocked.variables["SECRET_KEY"] = f"{old[::-1]},{old}"
    server = stocked.serve()
    with server.client() as client:
        answers = [
            client.get("/api/assets", headers={"Authorization": f"Bearer {each}"})
            for each in (token, stocked.token())
        ]
    server.submit("computers", {"hostname": "PC-1234", "osname": "Debian 13"})

    assert [answer.status_code for answer in answers] == [200, 200]
    assert stocked.run("audit", "verify").stdout == "1 asset, 2 entries, 0 faults\n"


def test_a_head_finds_what_is_missing(stocked: Any, refused: Refused) -> None:
    """It is kept elsewhere; the public key alone is for those who check its signature."""
    pytest.importorskip("cryptography", reason="the extra `heads`")
    document = json.loads((taken := stocked.run("audit", "head")).stdout)
    file = stocked.directory / "head.json"
    file.write_text(taken.stdout)
    assert stocked.run("audit", "head", "--public-key").stdout.strip() == document["publickey"]
    key = json.loads(stocked.run("audit", "head", "--public-key", "--json").stdout)
    assert key == {"publickey": document["publickey"]}
    assert (document["entries"], document["assets"]) == (1, 1)
    assert stocked.run("audit", "verify", "--head", "head.json").returncode == 0

    for table in ("auditentry", "assetattributes", "asset"):
        stocked.database.query(f"DELETE FROM {table}")
    assert stocked.run("audit", "verify").returncode == 0
    done = stocked.run("audit", "verify", "--head", "head.json")

    assert done.returncode == 1
    assert "the head has 1 assets up to entry 1, and the audit has 0" in done.stdout
    file.write_text("{}")
    assert refused(stocked.run("audit", "verify", "--head", "head.json")).startswith("The file is not a head")
