"""A site on which every page of the console has something to show: made once, and read by many tests.

It has the floor of `benchmarks/floor.py` at a small size, the examples of our plugins and of the third
party's, a plugin that does not load, people's fields, a machine, refusals, tokens and events.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import shopdb_network
from floor import Floor, StoryClock
from people import add_user, change
from shops import KEY, Shop

import shopdb_computers
import shopdb_printers
from shopdb_core.access.programs import create_token, revoke_tokens
from shopdb_core.access.users import disable_user
from shopdb_core.operations.records import record_backup
from shopdb_core.settings import Settings
from shopdb_core.site import upgrade_site
from shopdb_hookspecs import JsonObject, hookimpl

COMPUTERS = 110
"""More than a list has on one page, and enough for each chapter of the floor."""

SITE_FIELDS: JsonObject = {
    "properties": {
        "owner": {"type": "string", "title": "Owner", "maxLength": 200},
        "purchased": {"type": "string", "format": "date", "title": "Purchased"},
        "price": {"type": "number", "title": "Price", "x-unit": "EUR"},
    }
}


class Quarantined:
    """A plugin that cannot be served, as after a mistake in an upgrade."""

    @hookimpl
    def get_collector_schema(self) -> JsonObject:
        """Declare an identity that is no field."""
        return {"identityfield": "missing", "fields": {"name": {"type": "string"}}}


PLUGINS = {
    "computers": shopdb_computers,
    "printers": shopdb_printers.plugin,
    "network": shopdb_network,
    "broken": Quarantined(),
}


class Telling(StoryClock):
    """The time of the story while it is told, and the present time afterwards."""

    told = False

    def __call__(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) if self.told else super().__call__()


@dataclass(frozen=True)
class Populated:
    """The site, and the ids that the addresses of its pages contain."""

    shop: Shop
    computer: int
    printer: int
    switch: int
    machine: int
    retired: int
    merged: int
    relationship: int
    merge: int
    duplicate: int
    entry: int
    token: int
    today: str


@contextmanager
def populated(folder: Path) -> Iterator[Populated]:
    """Open a site in a folder and fill it, with times that end now; some seconds of work."""
    (folder / "fields.json").write_text(json.dumps(SITE_FIELDS))
    settings = Settings(
        secret_key="a-secret-key-for-tests-0123456789-abcdef",
        database_url=f"sqlite:///{folder}/shopdb.sqlite3",
        shared_keys=(KEY, f"glpi:{KEY}-glpi", f"pxe:{KEY}-pxe", f"scan:{KEY}-scan"),
        sources={"computers": ("glpi", "pxe")},
        site_fields=str(folder / "fields.json"),
    )
    upgrade_site(settings, PLUGINS)
    clock = Telling(datetime.now(UTC) - timedelta(weeks=2))
    with Shop.open(settings, PLUGINS, clock=clock) as shop:
        _tell(shop, clock)
        clock.told = True
        yield _described(shop)


def _tell(shop: Shop, clock: StoryClock) -> None:
    """Let two weeks pass, then let people work with what there is."""
    floor = Floor(shop, clock, COMPUTERS, 8)
    floor.image()
    floor.week(1)
    for chapter in (floor.rename, floor.image_again, floor.dock, floor.swap, floor.retire, floor.merge):
        chapter()
    floor.undo()
    for name in ("computers", "printers", "network"):
        collector = shop.plugins.collector(name)
        for example in collector.examples:
            shop.submit(name, example)
    programs = [{"name": f"Program {number:03}", "version": "1.0"} for number in range(250)]
    shop.submit("computers", {"hostname": "PC-MANY", "installedsoftware": programs})
    again = {"osname": "Windows 11", "serialnumber": "SN0000003X", "macaddress": "3C:52:82:00:03:01"}
    shop.submit("computers", {"hostname": "LAB-3", **again})
    shop.submit("computers", {"hostname": "pc-00009.example.com", "memorygb": 8})
    clock.now = datetime.now(UTC) - timedelta(hours=2)
    _edit(shop)
    _refuse(shop)


def _edit(shop: Shop) -> None:
    """Let people create, relate, change and describe assets, and administer the site."""
    made = {"assettype": "machine", "identityvalue": "Press 7", "attributes": {"hall": "3"}}
    machine = shop.edit("POST", "/api/assets", made).json["assetid"]
    computer = _id(shop, "assettype = 'computers' AND identityvalue = 'PC-MANY'")
    part = {"relationshiptype": "part_of", "targetassetid": machine}
    assert shop.edit("POST", f"/api/assets/{computer}/relationships", part).status_code == 201
    fields = {"sitefields": {"owner": "Ada Müller", "price": 1299.5}}
    version = shop.get(f"/api/assets/{computer}").headers["etag"]
    changed = shop.edit("PATCH", f"/api/assets/{computer}", fields, **{"If-Match": version})
    assert changed.status_code == 200, changed.text
    at, hour = datetime.now(UTC), timedelta(hours=1)
    about = {"subject": "nightly export", "role": "viewer", "ttl": hour * 24}
    change(shop, create_token, shop.tokens, at=at, **about)
    change(shop, create_token, shop.tokens, at=at, **{**about, "subject": "old"})
    change(shop, revoke_tokens, "old", at=at)
    add_user(shop, "grace")
    change(shop, disable_user, "grace")
    shop.store.transaction(
        lambda connection: record_backup(connection, at - hour * 30, "shopdb.tar", 40_000_000, verified=True)
    )


def _refuse(shop: Shop) -> None:
    """Refuse submissions of several collectors, with their faults and identities."""
    wrong = {
        "hostname": "PC-00001",
        "memorygb": "many",
        "macaddress": "no address",
        "ipaddress": "10.0.0.300",
    }
    for plugin, submission in (("computers", wrong), ("printers", {"model": "X"}), ("network", {})):
        assert shop.post(plugin, submission).status_code == 422
    assert (
        shop.client.simulate_post(
            "/api/collector/computers",
            body=b"{",
            headers={"X-API-Key": KEY, "Content-Type": "application/json"},
        ).status_code
        == 400
    )
    shop.recorder.write()


def _described(shop: Shop) -> Populated:
    def one(query: str) -> int:
        ((found,), *_) = shop.rows(query)
        return int(found)  # type: ignore[call-overload]

    computer = _id(shop, "assettype = 'computers' AND identityvalue = 'PC-MANY'")
    return Populated(
        shop,
        computer=computer,
        printer=_id(shop, "assettype = 'printers'"),
        switch=_id(shop, "assettype = 'network'"),
        machine=_id(shop, "assettype = 'machine'"),
        retired=_id(shop, "state = 'retired'"),
        merged=_id(shop, "state = 'merged'"),
        relationship=one("SELECT relationshipid FROM assetrelationship"),
        merge=one("SELECT mergeid FROM assetmerge WHERE undoneat IS NULL"),
        duplicate=one("SELECT duplicateid FROM assetduplicate WHERE ignoredat IS NULL"),
        entry=one("SELECT max(auditid) FROM auditentry WHERE action = 'updated'"),
        token=one("SELECT tokenid FROM programtoken"),
        today=datetime.now(UTC).date().isoformat(),
    )


def _id(shop: Shop, condition: str) -> int:
    ((found,), *_) = shop.rows(f"SELECT assetid FROM asset WHERE {condition} ORDER BY assetid DESC")
    return int(found)  # type: ignore[call-overload]
