"""The pages of one asset: what they show, and what people do there."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from browsing import FORM, HTML, Browsing, active_parts, hidden_fields, plain
from editing import PC
from shops import KEY, Shop

import shopdb_printers
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.plugins.served_declarations import record_served_declarations
from shopdb_core.settings import PluginSelection
from shopdb_core.store import open_store
from shopdb_hookspecs import Panel, hookimpl

SITE_FIELDS = """{
  "properties": {
    "owner": {"type": "string", "title": "Owner", "maxLength": 20, "description": "Who answers for it."},
    "costcentre": {"type": "integer", "title": "Cost centre"},
    "critical": {"type": "boolean", "title": "Critical"},
    "note": {"type": "string", "title": "Note", "maxLength": 2000}
  },
  "x-relationship-types": {"prints_to": "used_by"}
}"""
HOSTILE = "\"'><img src=x onerror=alert(1)>"
PROGRAMS = [{"name": f"Program {number:04}", "version": f"1.{number}"} for number in range(5000)]


@pytest.fixture
def shop(make_shop: Callable[..., Shop], tmp_path: Path) -> Shop:
    """Return a site with fields of its own, a computer (1) and a printer (2)."""
    (tmp_path / "fields.json").write_text(SITE_FIELDS)
    shop = make_shop(site_fields=str(tmp_path / "fields.json"))
    shop.submit("computers", {**PC, "memorygb": 15.5, "disks": [{"name": "sda", "sizebytes": 512110190592}]})
    shop.submit("printers", {"serialnumber": "SN1", "supplies": [{"name": "Drum", "levelpercent": 1}]})
    return shop


@pytest.fixture
def editor(shop: Shop) -> Browsing:
    return Browsing(shop, "editor")


def attributes(shop: Shop, assetid: int = 1) -> dict[str, Any]:
    return shop.get(f"/api/assets/{assetid}").json["attributes"]


def sitefields(shop: Shop, assetid: int = 1) -> dict[str, Any]:
    return shop.get(f"/api/assets/{assetid}").json["sitefields"]


def test_fields_have_titles_units_and_hints(editor: Browsing) -> None:
    """Those of the declaration; sizes in a larger unit, and a field without a value is shown as such."""
    page = editor.text("/assets/1")

    assert '<dt title="The computer&#39;s name; upper and lower case are one."><bdi>Name</bdi></dt>' in page
    assert '15.5 <span class="unit">GiB</span>' in page
    assert '<span title="512,110,190,592 B">512.1 <span class="unit">GB</span></span>' in page
    assert '<bdi>Processor</bdi></dt> <dd><span class="muted">' in page
    assert page.index("At a glance") < page.index("<bdi>Operating system</bdi>") < page.index(">Details<")


def test_a_panel_of_the_plugin_is_on_the_page(editor: Browsing) -> None:
    """The printer's supplies, and none on the page of a computer."""
    assert "Supplies and their levels" in editor.text("/assets/2")
    assert "Supplies and their levels" not in editor.text("/assets/1")


def test_a_panel_that_fails_leaves_the_page(make_shop: Callable[..., Shop], tmp_path: Path) -> None:
    """A notice names the plugin; the fields are there."""

    class Racks:
        @hookimpl
        def get_collector_schema(self) -> dict[str, Any]:
            return {"identityfield": "serial", "fields": {"serial": {"type": "string"}}}

        @hookimpl
        def get_asset_panels(self) -> list[Panel]:
            (tmp_path / "tall.html").write_text("x")
            return [Panel("tall", "Tall", tmp_path / "tall.html", lambda _: 1 / 0)]  # type: ignore[return-value]

    shop = make_shop({"rack": Racks()})
    shop.submit("rack", {"serial": "R1"})

    text = plain(Browsing(shop, "viewer").text("/assets/1"))

    assert "Plugin rack (distribution unknown): the panel tall raised ZeroDivisionError." in text
    assert "At a glance serial R1" in text


def test_sources_and_values_that_lost(make_shop: Callable[..., Shop]) -> None:
    """Who said a field and when, and beside it the value of a source that was overruled."""
    keys = {name: f"a-collector-key-of-{name}-0123456789-abcdef" for name in ("mdm", "script")}
    shared = (*(f"{name}:{key}" for name, key in keys.items()), KEY)
    shop = make_shop(shared_keys=shared, sources={"computers": ("mdm", "script")})
    for source, memory in (("script", 15), ("mdm", 16)):
        submission = {"hostname": "PC-1", "memorygb": memory}
        shop.post("computers", submission, **{"X-API-Key": keys[source]})

    page = plain(Browsing(shop, "viewer").text("/assets/1"))

    assert re.search(r"Memory 16 GiB mdm ?, \S+ seconds? ago Overruled: 15 GiB script ?, ", page), page
    assert re.search(r"script \S+ seconds? ago 1 1", page)


def test_a_long_list_has_a_page_with_filter_and_pages(shop: Shop, editor: Browsing) -> None:
    """5,000 programs: the asset's page links to them, each page has 100, and the filter ignores case."""
    shop.submit("computers", {**PC, "installedsoftware": PROGRAMS})
    first = editor.open("/assets/1/lists/installedsoftware").text
    second = editor.text("/assets/1/lists/installedsoftware?after=100")
    found = editor.text("/assets/1/lists/installedsoftware?filter=PROGRAM+499")
    none = editor.text("/assets/1/lists/installedsoftware?filter=nothing")

    assert "Program 0000" not in (page := editor.open("/assets/1").text)
    assert 'href="/assets/1/lists/installedsoftware"' in page
    assert max(len(page), len(first)) < 100_000
    assert first.count("<bdi>Program ") == 100
    assert "<bdi>Program 0100</bdi>" in second
    assert 'href="/assets/1/lists/installedsoftware?after=200"' in second
    assert "10 of 5,000 have “PROGRAM 499”" in found
    assert found.count("<bdi>Program ") == 10
    assert "Nothing here has that text." in none


@pytest.mark.parametrize("field", ["osname", "nothing", "disks%2Fsize"])
def test_what_is_not_a_list_has_no_page(editor: Browsing, field: str) -> None:
    """The page of the error says so."""
    assert editor.open(f"/assets/1/lists/{field}").status_code == 404


def test_values_that_do_not_fit_are_shown_as_they_are(shop: Shop, editor: Browsing) -> None:
    """People enter what they want: a date that is none, deep objects, long texts, lists of anything."""
    odd = {
        "when": "tomorrow",
        "deep": {"a": {"b": {"c": [1, {"d": 2}]}}},
        "long": "x" * 5000,
        "mixed": [1, "a", {"b": None}, [2]],
        "many": [*map(str, range(300))],
        "": "no name",
        "zero": 0,
        "no": False,
        "big": 10**15,
    }
    body = {"assettype": "thing", "identityvalue": "T1", "attributes": odd}
    assetid = shop.edit("POST", "/api/assets", body).json["assetid"]

    page = editor.text(f"/assets/{assetid}")

    assert "<bdi>tomorrow</bdi>" in page
    assert "<bdi>{&#34;b&#34;:{&#34;c&#34;:[1,{&#34;d&#34;:2}]}}</bdi>" in page
    assert "(4,000 more characters)" in page
    assert "and 280 more" in page
    assert editor.open(f"/assets/{assetid}/edit").status_code == 200


def test_hostile_texts_stay_texts(shop: Shop) -> None:
    """In identity, type, names, values, relationships and label."""
    admin = Browsing(shop, "admin")
    body = {"assettype": "thing", "identityvalue": HOSTILE, "attributes": {HOSTILE: [{HOSTILE: HOSTILE}]}}
    assetid = shop.edit("POST", "/api/assets", body).json["assetid"]
    relation = {"relationshiptype": "prints_to", "targetassetid": assetid}
    assert shop.edit("POST", "/api/assets/1/relationships", relation).status_code == 201

    tabs = ("", "/related", "/raw", "/label", "/edit", "/retire", "/rename", "/erase")
    for path in ("/assets/1", "/assets/1/related", *(f"/assets/{assetid}{tab}" for tab in tabs)):
        page = admin.text(path)
        assert active_parts(page) == [], path
        assert "alert(1)" in page or path == "/assets/1", path


def test_people_edit_their_fields_in_place(shop: Shop, editor: Browsing) -> None:
    """The form on the page changes what was typed, by its type; an empty text clears."""
    typed = {"v.sitefields.owner": "Ada", "v.sitefields.costcentre": "47", "v.sitefields.critical": "true"}
    done = editor.send("/assets/1", "/assets/1/edit", **typed, **{"v.sitefields.note": "a\r\nb"})
    assert (done.status_code, done.headers["location"]) == (303, "/assets/1")
    assert sitefields(shop) == {"owner": "Ada", "costcentre": 47, "critical": True, "note": "a\nb"}
    before = shop.get("/api/assets/1").json["version"]

    editor.send("/assets/1", "/assets/1/edit")  # as the browser posts it back, with its ends of lines
    assert shop.get("/api/assets/1").json["version"] == before

    editor.send("/assets/1", "/assets/1/edit", **{"v.sitefields.note": ""})
    assert sitefields(shop) == {"owner": "Ada", "costcentre": 47, "critical": True}


def test_a_value_that_is_refused_is_kept_beside_its_fault(shop: Shop, editor: Browsing) -> None:
    """The page has what was typed, and what is wrong at its place; then it can be corrected."""
    typed = {"v.sitefields.owner": "a" * 21, "v.sitefields.costcentre": "many"}
    refused = editor.send("/assets/1", "/assets/1/edit", **typed)

    assert refused.status_code == 422
    assert (
        'aria-invalid="true" aria-describedby="in-v.sitefields.owner-problem in-v.sitefields.owner-hint" '
        in (page := re.sub(r"\s+", " ", refused.text))
    )
    assert f'value="{"a" * 21}"' in page
    assert 'value="many"' in page
    assert "must be an integer" in page or "integer" in page
    assert sitefields(shop) == {}


def test_two_people_edit_one_asset(shop: Shop, editor: Browsing) -> None:
    """Who comes second sees both values, and what the other changed alone is not written back."""
    other = {"v.sitefields.owner": "Grace", "v.sitefields.costcentre": "9"}
    mine = {"v.sitefields.owner": "Ada", "v.sitefields.note": "mine"}
    shown = editor.open("/assets/1")
    editor.send("/assets/1", "/assets/1/edit", **other)

    late = editor.post("/assets/1/edit", {**hidden_fields(shown.text, "/assets/1/edit"), **mine})

    assert late.status_code == 412
    page = re.sub(r"\s+", " ", late.text)
    assert "Someone else stored: Grace" in page
    assert (
        'aria-describedby="in-v.sitefields.owner-now in-v.sitefields.owner-hint" type="text" value="Ada"'
        in page
    )
    assert sitefields(shop) == {"owner": "Grace", "costcentre": 9}

    again = editor.post("/assets/1/edit", hidden_fields(late.text, "/assets/1/edit"))
    assert again.status_code == 303
    assert sitefields(shop) == {"owner": "Ada", "costcentre": 9, "note": "mine"}


def test_an_edit_after_the_end_of_a_session_is_not_lost(shop: Shop, editor: Browsing) -> None:
    """The page to sign in keeps the form, with what it showed: sent again, it changes what was typed."""
    form = hidden_fields(editor.open("/assets/1").text, "/assets/1/edit")
    typed = {**form, "v.sitefields.owner": "Ada", "csrftoken": "of a session that ended"}
    headers = {**HTML, **FORM}
    late = shop.client.simulate_post("/assets/1/edit", headers=headers, body=urlencode(typed))
    (kept,) = re.findall(r'name="resume" value="([^"]+)"', late.text)
    resumed = json.loads(unescape(kept))

    assert resumed["action"] == "/assets/1/edit"
    assert editor.post(resumed["action"], resumed["fields"]).status_code == 303
    assert sitefields(shop) == {"owner": "Ada"}


def test_editors_correct_what_collectors_submitted(shop: Shop, editor: Browsing) -> None:
    """The plugin's rules hold, and its form: a MAC address in any spelling, a number with its type."""
    wrong = editor.send("/assets/1/edit", **{"v.attributes.macaddress": "nonsense"})
    right = editor.send(
        "/assets/1/edit", **{"v.attributes.macaddress": "3c-52-82-aa-bb-cc", "v.attributes.memorygb": "32"}
    )

    assert wrong.status_code == 422
    assert "in-v.attributes.macaddress-problem" in wrong.text
    assert right.status_code == 303
    assert attributes(shop)["macaddress"] == "3C:52:82:AA:BB:CC"
    assert attributes(shop)["memorygb"] == 32
    assert attributes(shop)["disks"] == [{"name": "sda", "sizebytes": 512110190592}]


def test_people_edit_any_field_of_their_own_assets(shop: Shop, editor: Browsing) -> None:
    """Values keep their types, and a field can be added."""
    stored = {"height": 42, "vendor": "Rittal", "places": ["a", "b"]}
    body = {"assettype": "rack", "identityvalue": "R1", "attributes": stored}
    assetid = shop.edit("POST", "/api/assets", body).json["assetid"]

    done = editor.send(
        f"/assets/{assetid}/edit",
        **{"v.attributes.height": "47", "v.attributes.vendor": "", "v.attributes.places": '["c"]'},
        newname="colour",
        newvalue="red",
    )

    assert done.status_code == 303
    assert attributes(shop, assetid) == {"height": 47, "places": ["c"], "colour": "red"}


def test_a_form_that_is_not_ours(editor: Browsing) -> None:
    """A version that is none, or no digests, is refused with what to do."""
    for fields in ({}, {"version": "1"}, {"version": "x", "shown": "{}"}, {"version": "1", "shown": "[]"}):
        answer = editor.post("/assets/1/edit", fields)
        assert answer.status_code == 400
        assert "open the page again" in answer.text


def test_retire_and_restore(shop: Shop, editor: Browsing) -> None:
    """A reason is needed; the page of a retired asset says it, and offers to restore it."""
    nothing = editor.send("/assets/1/retire", reason=" ")
    done = editor.send("/assets/1/retire", reason="scrapped & sold")
    page = plain(editor.text("/assets/1"))

    assert nothing.status_code == 422
    assert "Say why" in nothing.text
    assert done.status_code == 303
    assert "This asset is retired: scrapped & sold." in page
    assert "Restore" in page
    assert "is retired already" in editor.text("/assets/1/retire")

    assert "Retired Active" in plain(editor.text("/assets/1/restore"))
    assert editor.send("/assets/1/restore").status_code == 303
    assert shop.get("/api/assets/1").json["state"] == "active"


def test_rename_shows_what_it_would_do_first(shop: Shop, editor: Browsing) -> None:
    """A preview changes nothing; an identity that another asset has is refused there."""
    shop.submit("computers", {"hostname": "PC-2"})
    preview = plain(editor.text("/assets/1/rename?identityvalue=PC-9"))
    taken = editor.text("/assets/1/rename?identityvalue=pc-2")

    assert f"{PC['hostname']} → PC-9" in preview
    assert shop.get("/api/assets/1").json["identityvalue"] == PC["hostname"]
    assert "PC-2 is another asset already" in taken
    assert 'method="post" action="/assets/1/rename"' not in taken
    assert editor.send("/assets/1/rename?identityvalue=PC-9").status_code == 303
    assert shop.get("/api/assets/1").json["identityvalue"] == "PC-9"


def test_an_action_on_another_version_is_not_done(shop: Shop, editor: Browsing) -> None:
    """Somebody changed the asset after the page was opened: the page says so, with the new version."""
    late = editor.send("/assets/1/retire", reason="old", version="7")

    assert late.status_code == 412
    assert "Someone else changed this asset meanwhile" in late.text
    assert 'name="version" value="1"' in late.text
    assert shop.get("/api/assets/1").json["state"] == "active"


def test_erase_says_what_goes(shop: Shop) -> None:
    """An admin alone; afterwards the page says that the asset was erased."""
    admin = Browsing(shop, "admin")
    relation = {"relationshiptype": "prints_to", "targetassetid": 2}
    shop.edit("POST", "/api/assets/1/relationships", relation)
    preview = plain(admin.text("/assets/1/erase"))

    assert "This cannot be undone." in preview
    assert "Relationships that are deleted: 1" in preview
    assert shop.get("/api/assets/1").status_code == 200
    done = admin.send("/assets/1/erase")
    assert (done.status_code, done.headers["location"]) == (303, "/assets")
    gone = admin.open("/assets/1")
    assert gone.status_code == 410
    assert "Asset 1 was erased." in plain(gone.text)


def test_what_a_role_may_not_do_is_not_offered(shop: Shop, editor: Browsing) -> None:
    """A viewer sees no action, an editor not that of an admin; their addresses refuse."""
    viewer = Browsing(shop, "viewer")
    page = viewer.text("/assets/1")

    for action in ("edit", "rename", "retire", "erase"):
        assert f'href="/assets/1/{action}"' not in page
        assert viewer.open(f"/assets/1/{action}").status_code == 403
    assert "<form" not in page.partition('id="main"')[2].partition("<footer")[0]
    assert 'href="/assets/1/retire"' in editor.text("/assets/1")
    assert 'href="/assets/1/erase"' not in editor.text("/assets/1")
    assert editor.open("/assets/1/erase").status_code == 403


@pytest.mark.every_database
def test_relationships_are_drawn_listed_added_and_removed(editor: Browsing) -> None:
    """From both ends, with the word that each sees; by number or by identity."""
    by_number = {"relationshiptype": "prints_to", "targettype": "", "target": "2"}
    assert editor.post("/assets/1/related", by_number).status_code == 303
    again = editor.post("/assets/1/related", {**by_number, "targettype": "printers", "target": "sn1"})

    assert again.status_code == 422
    assert "already has the relationship prints_to" in again.text
    assert 'value="sn1"' in again.text
    assert "prints_to SN1 Printer Active" in plain(editor.text("/assets/1/related"))
    assert f"used_by {PC['hostname']} Computer Active" in plain(editor.text("/assets/2/related"))
    assert '<a href="/assets/2"> <title>SN1 (printers)</title>' in editor.text("/assets/1")
    # What leads to an asset is drawn left of it, what it leads to right.
    assert 'class="node middle" x="0"' in editor.text("/assets/1")
    assert 'class="node middle" x="430"' in editor.text("/assets/2")
    assert editor.post("/assets/2/related/1/remove", {}).status_code == 303
    assert "This asset has no relationships." in editor.text("/assets/1/related")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"target": "x"}, "is given by its number"),
        ({"target": "9" * 30}, "is given by its number"),
        ({"target": "99"}, "there is no asset 99"),
        ({"target": "1"}, "an asset cannot relate to itself"),
        ({"target": "nobody", "targettype": "printers"}, "no printers asset named"),
        ({"target": "2", "relationshiptype": "Likes"}, "is not a type of relationships"),
    ],
)
def test_relationships_that_cannot_be_added(editor: Browsing, fields: dict[str, str], told: str) -> None:
    """The page says why, and keeps what was typed."""
    answer = editor.post("/assets/1/related", {"relationshiptype": "prints_to", "targettype": "", **fields})

    assert answer.status_code == 422
    assert told in plain(answer.text)
    assert f'value="{fields["target"]}"' in answer.text


def test_many_relationships_are_drawn_in_part(shop: Shop, editor: Browsing) -> None:
    """24 nodes, how many more there are, and a list in pages of 100."""
    for number in range(130):
        shop.submit("computers", {"hostname": f"PC-{number + 100}"})
        path = f"/api/assets/{number + 3}/relationships"
        assert (
            shop.edit("POST", path, {"relationshiptype": "prints_to", "targetassetid": 2}).status_code == 201
        )

    page = editor.text("/assets/2")
    listed = editor.text("/assets/2/related")

    assert page.count('class="node-name"') == 24
    assert "And 106 more" in page
    assert listed.count("<td>Computer</td>") == 100
    assert 'href="/assets/2/related?after=100"' in listed
    assert editor.text("/assets/2/related?after=100").count("<td>Computer</td>") == 30


def test_the_label_has_a_code_of_the_address(make_shop: Callable[..., Shop]) -> None:
    """The address that people open, as the site has it set."""
    shop = make_shop(public_url="https://shop.example.org")
    shop.submit("computers", PC)
    page = Browsing(shop, "viewer").text("/assets/1/label")

    assert "QR code of https://shop.example.org/assets/1" in page
    assert re.search(r'<path class="ink" d="M4 4h7v1h-7z', page)


def test_the_json_is_that_of_the_api(shop: Shop, editor: Browsing) -> None:
    """The same members, readable; a long one is cut off at the end of a line."""
    text = plain(editor.text("/assets/1/raw"))
    assert f'"identityvalue": "{PC["hostname"]}"' in text
    assert '"sources": []' in text or '"sources"' in text
    shop.submit("computers", {**PC, "installedsoftware": PROGRAMS})

    answer = editor.open("/assets/1/raw")

    assert len(answer.text) < 150_000
    assert "the address above has all of them" in answer.text


def test_a_merged_asset_leads_to_the_other(shop: Shop, editor: Browsing) -> None:
    """It cannot be edited, and its page says where it went."""
    shop.submit("computers", {"hostname": "PC-2"})
    assert shop.edit("POST", "/api/assets/3/merge", {"gone": 1}, "admin").status_code == 200

    page = editor.text("/assets/1")

    assert "This asset was merged into asset 3" in page
    assert '<a href="/assets/3">' in page
    assert 'href="/assets/1/edit"' not in page
    assert "Nothing of this asset can be edited in its state." in editor.text("/assets/1/edit")
    assert "was merged into asset 3" in editor.text("/assets/1/retire")
    refused = editor.post("/assets/1/edit", {"version": "2", "shown": "{}", "v.sitefields.owner": "Ada"})
    assert refused.status_code == 409


@pytest.mark.parametrize("path", ["/assets/99", "/assets/99/related", "/assets/99/label", "/assets/99/edit"])
def test_an_unknown_asset(editor: Browsing, path: str) -> None:
    """The page says that there is none."""
    answer = editor.open(path)

    assert answer.status_code == 404
    assert "There is no asset 99." in plain(answer.text)


@contextmanager
def reopened(shop: Shop, plugins: dict[str, object]) -> Iterator[Shop]:
    """Open a site again, after a server has served it, with other plugins."""
    record_served_declarations(shop.store, shop.plugins)
    loaded = load_plugins(PluginSelection(), plugins)
    with Shop(shop.settings, loaded, open_store(shop.settings), sitefields=shop.sitefields) as other:
        yield other


def test_a_plugin_that_vanished(shop: Shop) -> None:
    """Its assets keep their titles; the page says what to do, and nothing of a collector is edited."""
    with reopened(shop, {"printers": shopdb_printers.plugin}) as site:
        editor = Browsing(site, "editor")
        page, form = editor.text("/assets/1"), editor.text("/assets/1/edit")

    assert "The plugin computers is not installed any more." in page
    assert "<bdi>Operating system</bdi>" in page
    assert "v.attributes." not in form
    assert "v.sitefields.owner" in form


def test_a_quarantined_plugin(shop: Shop) -> None:
    """The page gives the reason, and what cannot be done says so."""

    class Broken:
        @hookimpl
        def get_collector_schema(self) -> dict[str, Any]:
            raise OSError("no such file")

    with reopened(shop, {"computers": Broken()}) as site:
        editor = Browsing(site, "editor")
        page, retire = plain(editor.text("/assets/1")), editor.open("/assets/1/retire")

    assert "The plugin computers is quarantined: get_collector_schema raised OSError: no such file" in page
    assert "Operating system" in page
    assert retire.status_code == 503
