"""A site on which every page of the console has something to show: made once, and read by many tests.

It has the floor of `benchmarks/floor.py` at a small size, the examples of our plugins and of the third
party's, a plugin that does not load, people's fields, a machine, refusals, tokens and events.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from secrets import token_hex

import shopdb_network
from floor import PRODUCTS, Floor, StoryClock
from people import add_user, change
from shops import KEY, Shop

import shopdb_computers
import shopdb_printers
from shopdb_core.access.programs import create_token, revoke_tokens
from shopdb_core.access.users import disable_user
from shopdb_core.operations.records import record_backup
from shopdb_core.settings import Settings
from shopdb_core.site import upgrade_site
from shopdb_core.submissions import Origin
from shopdb_hookspecs import JsonObject, hookimpl

SOURCES = {"computers": "glpi", "printers": "scan", "network": "poll"}
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


class Present(StoryClock):
    """The time of the story until it is over, and the present time afterwards."""

    over = False

    def __call__(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) if self.over else super().__call__()


LINE_PC: JsonObject = {
    "hostname": "LINE4-PACK",
    "serialnumber": "5CG1203XYZ",
    "macaddress": "3C:52:82:4F:00:A1",
    "ipaddress": "10.75.12.41",
    "manufacturer": "HP",
    "model": "EliteDesk 800 G9",
    "formfactor": "desktop",
    "architecture": "x86_64",
    "biosversion": "U21 Ver. 02.10",
    "osname": "Windows 10 Enterprise",
    "osversion": "10.0.19045",
    "cputype": "Intel Core i5-12500",
    "memorygb": 8,
    "currentuser": "line4",
    "imagename": "shop-2025-11",
}
SEEN_AT_START: JsonObject = {"hostname": "LINE4-PACK", "osname": "Windows", "imagename": "shop-2026-09"}
PROGRAMS = {name: f"{len(name)}.{number}.0" for number, name in enumerate(PRODUCTS[::3])}
STEPS: Sequence[JsonObject] = (
    {"memorygb": 16},
    {"osname": "Windows 11 Enterprise", "osversion": "10.0.22631", "imagename": "shop-2026-09"},
    {"biosversion": "U21 Ver. 02.14", "currentuser": "maintenance"},
    {"ipaddress": "10.75.14.41", "currentuser": "line4"},
)
"""What becomes of the computer of line 4; with each step a program goes, one comes, and one is upgraded."""


@dataclass(frozen=True)
class Populated:
    """The site, and the ids that the addresses of its pages contain."""

    shop: Shop
    computer: int
    line: int
    other: int
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
def populated(
    folder: Path,
    computers: int = COMPUTERS,
    printers: int = 8,
    weeks: int = 1,
    plugins: Mapping[str, object] | None = PLUGINS,
) -> Iterator[Populated]:
    """Open a site in a folder and fill it, with times that end now; some seconds of work.

    With `plugins` of `None` it has those that are installed, which must include all but the broken one.
    """
    (folder / "fields.json").write_text(json.dumps(SITE_FIELDS))
    settings = Settings(
        secret_key="a-secret-key-for-tests-0123456789-abcdef",
        database_url=f"sqlite:///{folder}/shopdb.sqlite3",
        shared_keys=(KEY, f"glpi:{KEY}-glpi", f"pxe:{KEY}-pxe", f"scan:{KEY}-scan"),
        sources={"computers": ("glpi", "pxe")},
        site_fields=str(folder / "fields.json"),
    )
    upgrade_site(settings, plugins)
    clock = Present(datetime.now(UTC) - timedelta(weeks=weeks, hours=3))
    with Shop.open(settings, plugins, clock=clock) as shop:
        _work(shop, clock, Floor(shop, clock, computers, printers), weeks)
        clock.over = True
        yield _described(shop)


def _work(shop: Shop, clock: StoryClock, floor: Floor, weeks: int) -> None:
    """Let weeks pass, then let people work with what there is."""
    floor.image()
    floor.week(1)
    for chapter in (floor.rename, floor.image_again, floor.dock, floor.swap, floor.retire, floor.merge):
        chapter()
    floor.undo()
    steps = _steps(shop)
    next(steps)
    for week in range(2, weeks + 1):
        floor.week(week)
        next(steps)
    clock.now = max(clock.now, datetime.now(UTC) - timedelta(hours=12))
    for _ in range(max(1, len(STEPS) + 1 - weeks)):
        next(steps)
    for name in ("computers", "printers", "network"):
        collector = shop.plugins.collector(name)
        for example in collector.examples:
            _submit(shop, name, example, SOURCES[name])
    programs = [{"name": f"Program {number:03}", "version": "1.0"} for number in range(250)]
    _submit(shop, "computers", {"hostname": "PC-MANY", "installedsoftware": programs}, "glpi")
    again = {"osname": "Windows 11", "serialnumber": "SN0000003X", "macaddress": "3C:52:82:00:03:01"}
    _submit(shop, "computers", {"hostname": "LAB-3", **again}, "pxe")
    _submit(shop, "computers", {"hostname": "pc-00009.example.com", "memorygb": 8}, "pxe")
    clock.now = datetime.now(UTC) - timedelta(hours=1)
    _edit(shop)
    _refuse(shop)


def _steps(shop: Shop) -> Iterator[None]:
    """Submit the computer of line 4 as it is after each step, and unchanged after the last one."""
    submission, programs = LINE_PC, dict(PROGRAMS)
    for number, step in enumerate(chain([{}], STEPS, repeat(None))):
        if step is not None:
            names = list(programs)
            programs = {name: programs[name] for name in names if name != names[number]}
            programs |= {PRODUCTS[number * 3 + 1]: "1.0", names[number + 1]: f"{number + 20}.1"}
            submission = {**submission, **step}
        listed = [{"name": name, "version": version} for name, version in programs.items()]
        _submit(shop, "computers", {**submission, "installedsoftware": listed}, "glpi")
        _submit(shop, "computers", {**SEEN_AT_START, "memorygb": submission["memorygb"] - 0.1}, "pxe")
        yield


def _submit(shop: Shop, plugin: str, submission: JsonObject, source: str) -> None:
    """Submit with the key of a source."""
    origin = Origin(f"collector:{plugin}", token_hex(8), source=source)
    shop.submissions.submit(plugin, dict(submission), origin)


def _edit(shop: Shop) -> None:
    """Let people create, relate, change and describe assets, and administer the site."""
    made = {"assettype": "machine", "identityvalue": "Press 7", "attributes": {"hall": "3"}}
    machine = shop.edit("POST", "/api/assets", made).json["assetid"]
    computer = _id(shop, "identityvalue = 'LINE4-PACK'")
    printer = _id(shop, "assettype = 'printers'")
    for kind, target in (("part_of", machine), ("prints_to", printer)):
        related = {"relationshiptype": kind, "targetassetid": target}
        assert shop.edit("POST", f"/api/assets/{computer}/relationships", related).status_code == 201
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
        line=_id(shop, "identityvalue = 'LINE4-PACK'"),
        other=_id(shop, "assettype = 'computers' AND identityvalue = 'LAB-3'"),
        printer=_id(shop, "assettype = 'printers'"),
        switch=_id(shop, "assettype = 'network'"),
        machine=_id(shop, "assettype = 'machine'"),
        retired=_id(shop, "state = 'retired'"),
        merged=_id(shop, "state = 'merged'"),
        relationship=one("SELECT relationshipid FROM assetrelationship"),
        merge=one("SELECT mergeid FROM assetmerge WHERE undoneat IS NULL"),
        duplicate=one("SELECT duplicateid FROM assetduplicate WHERE ignoredat IS NULL"),
        entry=one("SELECT max(auditid) FROM auditentry WHERE action = 'updated'"),
        token=one("SELECT tokenid FROM programtoken WHERE revokedat IS NULL"),
        today=datetime.now(UTC).date().isoformat(),
    )


def _id(shop: Shop, condition: str) -> int:
    ((found,), *_) = shop.rows(f"SELECT assetid FROM asset WHERE {condition} ORDER BY assetid DESC")
    return int(found)  # type: ignore[call-overload]
