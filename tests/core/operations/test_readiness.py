"""Whether a site is ready: what is missing is named, and nobody learns more than that."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import event

from shopdb_core.operations.health.readiness import KEPT_SECONDS, Readiness
from shopdb_hookspecs import hookimpl


class Broken:
    """A plugin whose declaration is none."""

    @hookimpl
    def get_collector_schema(self) -> list[str]:
        return ["secret detail"]


def ready(shop):
    """Return the status of the answer, and each check that is not ok."""
    answer = shop.client.simulate_get("/api/ready")
    return answer.status_code, {
        check["name"]: check["detail"] for check in answer.json["checks"] if check["status"] != "ok"
    }


@pytest.mark.every_database
def test_a_site_is_ready(shop):
    """Everybody may ask."""
    answer = shop.client.simulate_get("/api/ready")

    assert answer.status_code == 200
    assert answer.json["status"] == "ready"
    assert {"database", "migrations"} <= {check["name"] for check in answer.json["checks"]}
    assert {check["status"] for check in answer.json["checks"]} == {"ok"}


def test_a_database_that_is_away(shop):
    """Migrations cannot be checked then; neither path nor reason is shown."""
    path = Path(shop.settings.database_url.removeprefix("sqlite:///"))
    path.rename(f"{path}.away")

    status, missing = ready(shop)

    assert (status, missing.keys()) == (503, {"database", "migrations"})
    assert str(path.parent) not in str(missing)


def test_pending_migrations(shop):
    """As when another release shares the database."""
    shop.store.transaction(
        lambda connection: connection.exec_driver_sql("UPDATE alembic_version_core SET version_num = '0011'")
    )

    assert ready(shop) == (503, {"migrations": "migrations are pending or have failed"})


def test_a_full_disk(shop, monkeypatch):
    """Below the room that a large batch needs."""
    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=1000))

    assert ready(shop) == (503, {"disk": "the disk of the database is nearly full"})


def test_a_quarantined_plugin_is_named_and_the_others_serve(make_shop):
    """The site is ready, and the reason is not shown to everybody."""
    shop = make_shop({"broken": Broken()})

    assert ready(shop) == (200, {"plugins": "broken is quarantined"})


def test_many_probes_are_one_look_at_the_database(shop):
    """An answer is used again for a second, and migrations for ten."""
    statements = []
    event.listen(shop.store._reading, "before_cursor_execute", lambda *given: statements.append(given[2]))
    now = 100.0
    readiness = Readiness(shop.settings, shop.store, shop.plugins, clock=lambda: now)

    readiness.check()
    first = len(statements)
    for _ in range(100):
        readiness.check()
    assert len(statements) == first

    now += KEPT_SECONDS
    readiness.check()
    assert statements[first:] == ["BEGIN", "PRAGMA schema_version"]
