"""`shopdb asset edit` and its like, and `shopdb duplicates`: edits of a site's own database."""

import getpass
import json
from typing import Any

import pytest


@pytest.fixture
def stocked(site: Any) -> Any:
    """A site with two computers that may be one, and a file of site fields."""
    fields = site.directory / "fields.json"
    fields.write_text(json.dumps({"properties": {"owner": {"type": "string"}, "cost": {"type": "number"}}}))
    site.variables["SHOPDB_SITE_FIELDS"] = "fields.json"
    server = site.serve()
    server.submit("computers", {"hostname": "PC-1", "osname": "Debian 12"})
    server.submit("computers", {"hostname": "PC-1.example.org"})
    server.stop()
    return site


def shown(site: Any, asset: str = "1") -> Any:
    """Return an asset."""
    return json.loads(site.run("asset", "show", asset).stdout)


def newest(site: Any) -> Any:
    """Return the newest entry of the first asset."""
    return json.loads(site.run("asset", "history", "1", "--json").stdout)[-1]


def test_edit_sets_and_removes_fields(stocked: Any) -> None:
    """Texts and JSON, attributes and site fields, by id or by identity; the account is in the audit."""
    options = ("--set", "osname=Debian 13", "--site", "owner=ann", "--site", "cost:=12.5")
    done = stocked.run("asset", "edit", "computers/pc-1", *options)

    assert done.stdout.splitlines() == [
        "asset 1 (PC-1) has version 2",
        "    osname: Debian 12 → Debian 13",
        "    @sitefields.cost: - → 12.5",
        "    @sitefields.owner: - → ann",
    ]
    assert newest(stocked)["actor"] == f"cli:{getpass.getuser()}"
    stocked.run("asset", "edit", "1", "--unset", "osname", "--unset-site", "owner", "--actor", "robot")
    assert shown(stocked)["attributes"] == {"hostname": "PC-1"}
    assert (shown(stocked)["sitefields"], newest(stocked)["actor"]) == ({"cost": 12.5}, "robot")


def test_edit_takes_a_merge_patch(stocked: Any) -> None:
    """From a file or standard input, with the same faults as over HTTP."""
    (stocked.directory / "patch.json").write_text(
        '{"attributes": {"osname": "X"}, "sitefields": {"owner": "b"}}'
    )

    assert stocked.run("asset", "edit", "1", "--file", "patch.json").returncode == 0
    assert stocked.run("asset", "edit", "1", "--file", "-", input='{"identityvalue": "PC-9"}').returncode == 0

    assert (shown(stocked)["identityvalue"], shown(stocked)["sitefields"]) == ("PC-9", {"owner": "b"})
    for options in (("--set", "osnam=X"), ("--site", "cost=X"), ("--set", "osname"), ("--set", "osname:=X")):
        refused = stocked.run("asset", "edit", "1", *options)
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "Did you mean osname?" in stocked.run("asset", "edit", "1", "--set", "osnam=X").stderr
    assert "cannot be read" in stocked.run("asset", "edit", "1", "--file", "none.json").stderr


def test_a_dry_run_writes_nothing(stocked: Any) -> None:
    """And says what would change."""
    done = stocked.run("asset", "rename", "1", "PC-7", "--dry-run")

    assert done.stdout.splitlines()[0] == "asset 1 (PC-7) would have version 2"
    assert shown(stocked)["identityvalue"] == "PC-1"


def test_an_asset_is_retired_restored_and_reverted(stocked: Any) -> None:
    """Each edit is one command; the answer as JSON is that of the API."""
    stocked.run("asset", "edit", "1", "--set", "osname=Debian 13")
    edited = newest(stocked)["auditid"]
    stocked.run("asset", "edit", "1", "--unset", "osname")

    retired = json.loads(stocked.run("asset", "retire", "1", "--reason", "old", "--json").stdout)

    assert (retired["state"], retired["reason"]) == ("retired", "old")
    listed = json.loads(stocked.run("asset", "list", "--state", "retired", "--json").stdout)
    assert [each["assetid"] for each in listed] == [1]
    again = stocked.run("asset", "retire", "1", "--reason", "old")
    assert (again.returncode, again.stderr) == (1, "shopdb: Asset 1 is retired already (old).\n")
    assert stocked.run("asset", "restore", "1").returncode == 0
    stocked.run("asset", "revert", "1", str(edited))
    assert shown(stocked)["attributes"]["osname"] == "Debian 13"
    assert stocked.run("audit", "verify", "--plugins").returncode == 0


def test_findings_are_listed_and_ignored(stocked: Any) -> None:
    """By kind; an unknown one is refused in one line."""
    listed = json.loads(stocked.run("duplicates", "list", "--kind", "samehost", "--json").stdout)
    assert [each["duplicateid"] for each in listed] == [1]
    assert "PC-1.example.org" in stocked.run("duplicates", "list").stdout

    assert stocked.run("duplicates", "ignore", "1").stdout == "finding 1 is ignored\n"

    assert stocked.run("duplicates", "list").stdout == "no findings\n"
    assert stocked.run("duplicates", "ignore", "9").stderr == (
        "shopdb: There is no duplicate 9: the finding was withdrawn, or never made.\n"
    )


def test_a_faulty_file_of_site_fields_stops_the_site(stocked: Any) -> None:
    """With the place in the file."""
    (stocked.directory / "fields.json").write_text('{"properties": {"Owner": {}}}')

    refused = stocked.run("serve")

    assert refused.returncode == 1
    assert refused.stderr.startswith("shopdb: SHOPDB_SITE_FIELDS: fields.json at /properties/Owner: ")
