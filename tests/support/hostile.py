"""A site in whose every text somebody planted HTML: what a page must show as text alone.

`planted(place)` closes the element or attribute that it is written into, and opens one that no page has.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from people import add_user, change, login
from shops import KEY, ORIGIN, Shop

import shopdb_computers
import shopdb_printers
from shopdb_core.access.programs import create_token
from shopdb_core.errors import ShopDBError
from shopdb_core.operations.records import record_backup
from shopdb_core.settings import Settings
from shopdb_core.site import upgrade_site
from shopdb_hookspecs import Json, JsonObject, Parameter, Report, hookimpl

ATTACKS = (
    "<script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    '" autofocus onfocus="window.hit = 1" x="',
    "' onmouseover='window.hit = 1",
    "</script><script>window.hit = 1</script>",
    "<svg><animate onbegin=window.hit=1 attributeName=x dur=1s>",
    "<iframe srcdoc='<script>parent.hit = 1</script>'></iframe>",
    "<a href='javascript:window.hit = 1'>a</a>",
    "<form action='https://elsewhere.example'><button>a</button></form>",
    "<base href='https://elsewhere.example/'>",
    "<meta http-equiv=refresh content='0;url=https://elsewhere.example'>",
    "<style>body{display:none}</style>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=hit()&gt;'>",
    "<div hx-get='/sign-out' hx-trigger='load' hx-vals='js:{a: window.hit = 1}'></div>",
    "<!-- ",
    "javascript:window.hit=1",
    "//elsewhere.example/",
    "{{ 7 * 7 }}{% raw %}",
    "${7 * 7}",
    "%(name)s %s %d 100%",
    "&lt;img src=x onerror=window.hit=1&gt;",
    "\u202egnp.exe\u2066",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "Z\u0351\u036b\u0343\u036a" * 20,
)

PLACES = (
    *("identity", "field", "member", "name", "label", "title", "description", "unit", "column", "cell"),
    *("report", "parameter", "example", "reason", "sitefield", "sitetitle", "program", "supply", "retired"),
    *("user", "token", "refusal", "backup"),
)
"""What a page shows, and who or what said it."""


def planted(place: str) -> str:
    """Return what breaks out of an attribute, or an element that holds text alone."""
    return f"</title></textarea></option></select>\"'><x-{place}>"


def short(place: str) -> str:
    """Return the same for a text that must be short."""
    return f"\"'><x-{place}>"


class Hostile:
    """A plugin all of whose texts are hostile."""

    @hookimpl
    def get_collector_schema(self) -> JsonObject:
        """Declare fields with any content."""
        about = {"title": planted("title"), "description": planted("description")}
        member: JsonObject = {"type": "object", "properties": {"label": {"type": "string", **about}}}
        return {
            "identityfield": "name",
            "x-label": short("label"),
            "x-columns": ["name", "field", "size"],
            "fields": {
                "name": {"type": "string", **about},
                "field": about,
                "size": {"type": "integer", "x-unit": short("unit"), **about},
                "items": {"type": "array", "items": member, **about},
            },
        }

    @hookimpl
    def get_example_submissions(self) -> Sequence[JsonObject]:
        """Return an example."""
        return [{"name": planted("example")}]

    @hookimpl
    def get_reports(self) -> Sequence[Report]:
        """Return a report whose title, columns and cells are hostile."""
        parameter = Parameter("text", "string", description=planted("parameter"))
        columns = (planted("column"), "number", "assetid", "identityvalue")
        return [Report("report", planted("report"), columns, _cells, (parameter,))]


class Failing:
    """A plugin that does not load, for a hostile reason."""

    @hookimpl
    def get_collector_schema(self) -> JsonObject:
        """Raise what the page of the plugins shows."""
        raise ValueError(planted("reason"))


def _cells(_connection: object, text: str | None = None) -> Iterator[Sequence[Json]]:
    yield (planted("cell"), 1, 1, str(text))
    for number, attack in enumerate(ATTACKS):
        yield (attack, number, number, attack)


PLUGINS = {
    "anything": Hostile(),
    "failing": Failing(),
    "computers": shopdb_computers,
    "printers": shopdb_printers.plugin,
}


@contextmanager
def hostile_site(folder: Path, strings: Sequence[str]) -> Iterator[Shop]:
    """Open a site in a folder, and plant strings wherever somebody may write one."""
    title = {"type": "string", "title": planted("sitetitle"), "description": planted("description")}
    (folder / "fields.json").write_text(json.dumps({"properties": {"note": title}}))
    settings = Settings(
        secret_key="a-secret-key-for-tests-0123456789-abcdef",
        database_url=f"sqlite:///{folder}/shopdb.sqlite3",
        shared_keys=(KEY,),
        site_fields=str(folder / "fields.json"),
    )
    upgrade_site(settings, PLUGINS)
    with Shop.open(settings, PLUGINS) as shop:
        _submit(shop, [*ATTACKS, *strings])
        _edit(shop)
        _administer(shop)
        shop.recorder.write()
        yield shop


def _submit(shop: Shop, strings: Sequence[str]) -> None:
    """Submit assets with hostile identities, values, members and lists; what is refused is kept as well."""
    first: JsonObject = {
        "name": planted("identity"),
        "field": {planted("name"): planted("field")},
        "size": 1,
        "items": [{"label": planted("member")}],
    }
    submitted = [first]
    submitted += [{"name": each, "field": each, "items": [{"label": each}]} for each in strings]
    submitted += [{"name": f"object {number}", "field": {each: each}} for number, each in enumerate(strings)]
    # What is not valid as an identity is refused, which a result says.
    shop.submissions.submit_many("anything", [dict(each) for each in submitted], ORIGIN)
    changed = [{**each, "field": [each["field"], "changed"]} for each in submitted[: len(ATTACKS) + 1]]
    shop.submissions.submit_many("anything", changed, ORIGIN)
    programs = [{"name": each[:200], "version": each[:50]} for each in strings if each.strip()]
    programs = list({each["name"]: each for each in programs}.values())
    with_canary = [{"name": planted("program"), "version": short("program")}, *programs]
    computer = {"hostname": "pc-1", "osname": planted("field")}
    shop.submit("computers", {**computer, "installedsoftware": with_canary})
    supplies = [{"name": planted("supply"), "levelpercent": 5}]
    shop.submit("printers", {"serialnumber": "PRN1", "supplies": supplies})
    for each in (planted("refusal"), *ATTACKS):
        shop.post("computers", {"hostname": each, "memorygb": each, "macaddress": each, each: each})


def _edit(shop: Shop) -> None:
    """Let people write hostile fields and reasons."""
    listed = shop.get("/api/assets?assettype=anything&limit=100").json["items"]
    for asset, text in zip(listed[1:], [planted("sitefield"), *ATTACKS], strict=False):
        path = f"/api/assets/{asset['assetid']}"
        version = shop.get(path).headers["etag"]
        changed = shop.edit("PATCH", path, {"sitefields": {"note": text}}, **{"If-Match": version})
        assert changed.status_code == 200, changed.text
    for asset in listed[-2:]:
        reason = {"reason": planted("retired")}
        assert shop.edit("POST", f"/api/assets/{asset['assetid']}/retire", reason).status_code == 200


def _administer(shop: Shop) -> None:
    """Let there be users, tokens and backups with hostile names."""
    at, about = datetime.now(UTC), {"role": "viewer", "ttl": timedelta(hours=1)}
    for each in (planted("user"), *ATTACKS):
        with suppress(ShopDBError):
            add_user(shop, each)
    # More would be throttled.
    for each in (planted("user"), ATTACKS[0]):
        login(shop, each, "wrong-horse-battery")
    for each in (planted("token"), *ATTACKS):
        with suppress(ShopDBError):
            change(shop, create_token, shop.tokens, at=at, subject=each, **about)
    name = planted("backup")
    shop.store.transaction(lambda connection: record_backup(connection, at, name, 1, verified=False))
