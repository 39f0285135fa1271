"""`shopdb copy`, and commands on what it has left."""

import json
from collections.abc import Callable
from dataclasses import replace
from subprocess import CompletedProcess
from typing import Any

import pytest
from databases import Database

Refused = Callable[[CompletedProcess[str]], str]


@pytest.fixture
def stocked(site: Any) -> Any:
    """Return a site with a computer that has changed once."""
    server = site.serve()
    for osname in ("Debian 12", "Debian 13"):
        server.submit("computers", {"hostname": "PC-1234", "osname": osname})
    server.stop()
    return site


def on(site: Any, url: str, *command: str) -> CompletedProcess[str]:
    """Run a command on another database."""
    return replace(site, variables={**site.variables, "SHOPDB_DATABASE_URL": url}).run(*command)


def test_a_copy_verifies(stocked: Any, tmp_path: Any) -> None:
    """Whole, and as of the first entry; both say what they have."""
    ((first,),) = stocked.database.query("SELECT at FROM auditentry WHERE auditid = 1")
    whole_url, past = (f"sqlite:///{tmp_path}/{name}.sqlite3" for name in ("whole", "past"))

    whole = stocked.run("copy", "--to", whole_url)
    then = stocked.run("copy", "--to", past, "--at", f"{first}Z", "--json")

    assert whole.stdout.startswith("copied 1 asset, 2 entries, "), whole.stderr
    assert on(stocked, whole_url, "audit", "verify", "--plugins").stdout == "1 asset, 2 entries, 0 faults\n"
    assert json.loads(then.stdout)["rows"]["auditentry"] == 2, then.stderr
    assert on(stocked, past, "audit", "verify", "--plugins").stdout == "1 asset, 2 entries, 0 faults\n"
    shown = json.loads(on(stocked, past, "asset", "show", "1").stdout)
    assert shown["attributes"]["osname"] == "Debian 12"


def test_a_refusal_is_one_line(stocked: Any, refused: Refused, tmp_path: Any) -> None:
    """And an unfinished copy is refused by every command, with the next step."""
    url = f"sqlite:///{tmp_path}/copy.sqlite3"
    copy = Database("sqlite", url)
    copy.query("CREATE TABLE other (number INTEGER)")
    assert "has tables already" in refused(stocked.run("copy", "--to", url))
    assert stocked.run("copy", "--to", url, "--at", "2026").returncode == 2

    copy.query("CREATE TABLE unfinishedcopy (startedat DATETIME NOT NULL)")
    for command in (("asset", "list"), ("db", "upgrade"), ("serve",)):
        assert "`shopdb copy` again, which begins anew" in refused(on(stocked, url, *command)), command
    assert stocked.run("copy", "--to", url).returncode == 0
    assert on(stocked, url, "asset", "show", "1").returncode == 0
