"""What an admin reads about the site: health, keys, settings, plugins, backups, webhooks, access events."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from browsing import Browsing, plain
from people import add_user, login
from shops import KEY
from sqlalchemy import insert

from shopdb_core.feed.cursor import Cursor
from shopdb_core.operations.health.doctor import LONGER, examine_open
from shopdb_core.operations.records import KEPT_BACKUPS, list_backups, newest_heads, record_backup
from shopdb_core.store.tables import LARGEST_ID, audithead, webhook
from shopdb_core.webhooks.config import read_webhooks
from shopdb_hookspecs import hookimpl

NOW = datetime.now(UTC)
OWN = "a-key-of-printers-0123456789-abcdefghij"
PXE = "a-key-of-pxe-0123456789-abcdefghijklmno"


class Faulty:
    """A plugin that cannot be served."""

    @hookimpl
    def get_collector_schema(self) -> dict[str, object]:
        return {"identityfield": "missing", "fields": {"name": {"type": "string"}}}


@pytest.fixture
def admin(shop) -> Browsing:
    return Browsing(shop, "admin")


def test_health_names_the_next_step_first(admin):
    """Warnings before what is in order; what takes longer is named as left out."""
    text = admin.text("/admin")

    assert text.index("no backup was ever made") < text.index("its entries are sealed")
    assert "Run <code>shopdb backup DIR</code> by a timer." in text
    assert "settings, files, packages, migrations, pruning" in text


def test_all_checks_are_made_when_asked_for(shop, admin, monkeypatch, tmp_path):
    """Those of the command, of the environment and the folder of the server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET_KEY", shop.settings.secret_key)
    monkeypatch.setenv("COLLECTOR_API_KEY", KEY)
    monkeypatch.setenv("SHOPDB_DATABASE_URL", shop.settings.database_url)

    text = plain(admin.text("/admin?all=true"))

    assert "In order migrations" in text
    assert "In order packages" in text
    assert "Left out" not in text


@pytest.mark.every_database
def test_the_checks_of_an_open_site(shop):
    """All but those that take longer, and without a problem on a new site."""
    found = [*examine_open(shop.settings, shop.store, shop.plugins)]

    assert {each.name for each in found}.isdisjoint(LONGER)
    assert {"plugins", "keys", "audit", "backups"} <= {each.name for each in found}
    assert [each for each in found if each.status == "problem"] == []


def test_keys_are_listed_by_name_and_last_use(today, make_shop):
    """Never a value; a plugin with keys of its own does not accept the shared ones."""
    shop = make_shop(shared_keys=(f"pxe:{PXE}", KEY), collector_keys={"printers": (OWN,)})
    shop.post("computers", {"hostname": "PC-1"}, **{"X-API-Key": PXE})
    shop.recorder.write()

    page = Browsing(shop, "admin").text("/admin/keys")
    text = plain(page)

    assert f"pxe COLLECTOR_API_KEY computers {today:%b %-d, %Y}" in text
    assert "without a name COLLECTOR_API_KEY computers never" in text
    assert "without a name COLLECTOR_API_KEY_PRINTERS printers never" in text
    assert not [key for key in (KEY, OWN, PXE) if key in page]


def test_settings_are_shown_without_secrets(admin, monkeypatch, tmp_path):
    """Each with its source and what it is for; what production refuses is named."""
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text(f"COLLECTOR_API_KEY={KEY}\nSHOPDB_THREADS=12\n")
    monkeypatch.setenv("SHOPDB_DATABASE_URL", "postgresql://shopdb:hidden-horse@db/shopdb")

    page = admin.text("/admin/settings")
    text = plain(page)

    assert "COLLECTOR_API_KEY ******** .env" in text
    assert "SHOPDB_THREADS 12 .env" in text
    assert "SHOPDB_DATABASE_URL postgresql://shopdb:********@db/shopdb environment" in text
    assert "SHOPDB_WORKERS 1" in text
    assert KEY not in page
    assert "hidden-horse" not in page
    assert "](" not in text


def test_what_production_would_refuse_is_said(make_shop):
    """Of the settings that are in force."""
    shop = make_shop(listen=("0.0.0.0", 8080), env="development")  # never listened on

    text = plain(Browsing(shop, "admin").text("/admin/settings"))

    assert "Production (SHOPDB_ENV) would refuse: " in text
    assert "SHOPDB_LISTEN is not a loopback address" in text


def test_plugins_are_shown_in_every_state(make_shop):
    """With the reason of one that is quarantined, its tables and its reports."""
    shop = make_shop()
    shop.plugins.quarantine("printers", "its migration `printers_0009` failed")

    text = plain(Browsing(shop, "admin").text("/admin/plugins"))

    assert "computers Active Distribution shopdb-computers" in text
    assert "up to date, at computers_" in text
    assert "printers Quarantined its migration printers_0009 failed" in text
    assert "plugins that are not installed" not in text


@pytest.mark.every_database
def test_backups_and_heads_are_listed_newest_first(shop, admin, monkeypatch):
    """With name, size and whether verified; heads in pages."""
    monkeypatch.setattr("shopdb_core.console.admin.facts.ROWS", 1)

    def work(connection):
        for number in (1, 2):
            at = NOW - timedelta(days=3 - number)
            record_backup(connection, at, f"{number}.tar", 1_500_000 * number, verified=number == 2)
            connection.execute(insert(audithead).values(auditid=number * 5, at=at))

    assert "No head was ever taken." in admin.text("/admin/backups")
    shop.store.transaction(work)
    page = plain(admin.text("/admin/backups"))

    assert "The newest backup was made 1 day ago ." in page
    assert "2.tar 3 MB Verified" in page
    assert "1.tar 1.5 MB Not verified" in page
    assert "shopdb backup /var/backups/shopdb" in page
    assert 'href="/admin/backups?before=10"' in admin.text("/admin/backups")
    heads = shop.store.read(lambda connection: newest_heads(connection, before=LARGEST_ID, limit=5))
    assert [each["auditid"] for each in heads] == [10, 5]
    assert len(shop.store.read(list_backups)) == 2 <= KEPT_BACKUPS


def test_a_webhook_that_stopped_is_delivered_again(make_shop, tmp_path):
    """The state, the last error, and a button; one that was never delivered to is new."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the test
    tables = "".join(
        f'[[webhook]]\nname = "{name}"\nurl = "https://{name}.example"\nsecret = "{secret}"\n'
        for name in ("cmdb", "chat")
    )
    (tmp_path / "webhooks.toml").write_text(tables)
    (tmp_path / "webhooks.toml").chmod(0o600)
    shop = make_shop(webhooks=str(tmp_path / "webhooks.toml"))
    shop.webhooks = read_webhooks(shop.settings.webhooks, ())
    row = {"nextafter": str(Cursor("ab" * 8, 0)), "attempts": 4, "lasterror": "503 <b>", "stoppedat": NOW}
    shop.store.transaction(lambda connection: connection.execute(insert(webhook).values(name="cmdb", **row)))
    admin = Browsing(shop, "admin")

    before = plain(admin.text("/admin/webhooks"))
    sent = admin.post("/admin/webhooks/resume", {"name": "cmdb"})

    assert "cmdb Stopped" in before
    assert "503 <b> 4 attempts" in before
    assert "chat New" in before
    assert sent.status_code == 303
    assert "cmdb Active" in plain(admin.text("/admin/webhooks"))
    assert secret not in admin.text("/admin/webhooks")
    assert admin.post("/admin/webhooks/resume", {"name": "other"}).status_code == 404


def test_access_events_are_filtered_and_paged(shop, admin, monkeypatch):
    """The newest first; the name of an unknown user is in none."""
    monkeypatch.setattr("shopdb_core.console.admin.facts.ROWS", 2)
    add_user(shop, "ann")
    login(shop, "ann", "wrong-horse-battery")
    login(shop, "some-password-typed-here", "wrong-horse-battery")

    every = plain(admin.text("/admin/events"))
    failed = admin.text("/admin/events?action=sign-in failed")

    assert every.index("an unknown name") < every.index("wrong password")
    assert "some-password" not in every
    assert failed.count("sign-in failed</th>") == 2
    assert "before=" in admin.text("/admin/events")
    assert admin.open("/admin/events?action=other").status_code == 400
