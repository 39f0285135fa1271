"""`shopdb backup` and `shopdb restore`, as a timer and as a person run them."""

import json

AUDIT_KEY = "an-audit-key-for-tests-0123456789-abcdef"


def test_a_site_moves_to_an_empty_database(site):
    """Backed up while it serves, restored elsewhere, migrated, verified, and served with the same assets."""
    site.variables["SHOPDB_AUDIT_KEY"] = AUDIT_KEY
    server = site.serve()
    assert server.submit("computers", {"hostname": "PC-1", "osname": "A"}).status_code == 201
    done = site.run("backup", ".", "--verify", "--keep", "3", "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["verified"], made["head"], made["deleted"]) == (True, True, [])
    assert server.stop() == 0
    target = "sqlite:///moved.sqlite3"

    restored = site.run("restore", made["file"], "--to", target)

    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.splitlines()[1] == "next: Run `shopdb db upgrade`, then `shopdb audit verify`."
    site.variables["SHOPDB_DATABASE_URL"] = target
    site.upgrade()
    assert site.run("audit", "verify").stdout == "1 asset, 1 entry, 0 faults\n"
    assert [row["identityvalue"] for row in json.loads(site.run("asset", "list", "--json").stdout)] == [
        "PC-1"
    ]


def test_one_line_for_a_timer(site):
    """The archive, its size and what was deleted."""
    assert site.run("backup", "old.shopdb.tar").returncode == 0
    done = site.run("backup", "copy.shopdb.tar", "--keep", "1")

    (line,) = done.stdout.splitlines()
    assert line.startswith("copy.shopdb.tar: ")
    assert line.endswith("bytes, with a head, deleted 1 older archive")
    assert done.stderr == ""


def test_what_is_refused_is_one_line(site, refused):
    """A folder that does not exist, a database that is not empty, a file that is not an archive."""
    assert "does not exist" in refused(site.run("backup", "nowhere/copy.tar"))
    assert site.run("backup", "copy.tar").returncode == 0
    assert "exists, and is not overwritten" in refused(site.run("restore", "copy.tar"))
    (site.directory / "notes").write_text("hello")
    assert "is not a ShopDB backup" in refused(site.run("restore", "notes"))


def test_nothing_is_pending(site):
    """A dry run of an upgrade of a site that is up to date."""
    assert site.run("db", "upgrade", "--dry-run").stdout == "0 pending migrations; nothing was changed\n"
    assert json.loads(site.run("db", "upgrade", "--dry-run", "--json").stdout) == []
