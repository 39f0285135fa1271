"""`PATCH /api/assets/{id}`: identity, attributes and site fields of the version that was read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from editing import MAC, PC, faults, patch, retire
from shops import ORIGIN, Shop

from shopdb_core.edits.creating import ManualEntry
from shopdb_core.edits.edit import Editor
from shopdb_core.settings import PluginSelection

pytestmark = pytest.mark.every_database

MERGE_PATCH = "application/merge-patch+json"


def places(answer: Any) -> list[tuple[str, str]]:
    """Return place and keyword of each fault of a refusal."""
    assert answer.status_code == 422, answer.json
    return [(fault["pointer"], fault["keyword"]) for fault in answer.json["errors"]]


def test_a_change_is_a_new_version_with_an_entry(stocked: Shop) -> None:
    """By the person; the plugin's tables follow, and the next submission is compared field by field."""
    answer = patch(stocked, {"attributes": {"osname": "Debian", "installedsoftware": None}})

    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    assert answer.json["attributes"] == {"hostname": "PC-1", "macaddress": MAC, "osname": "Debian"}
    entry = stocked.get("/api/assets/1/history").json["items"][-1]
    assert (entry["action"], entry["plugin"], entry["actor"]) == ("updated", None, "user:tester")
    assert entry["diff"] == answer.json["diff"]
    assert stocked.get("/api/reports/computers/software").json["items"][0]["installations"] == 1
    assert stocked.submit("computers", PC).action == "updated"
    assert stocked.get("/api/assets/1").json["attributes"]["osname"] == "Debian"
    assert faults(stocked) == []


def test_a_change_needs_the_version_that_was_read(stocked: Shop) -> None:
    """428 without If-Match, 400 for what is not one ETag, 412 for another version; a weak one will do."""
    body = {"attributes": {"osname": "Debian"}}

    assert stocked.edit("PATCH", "/api/assets/1", body).status_code == 428
    for given in ("1", "*", '"1", "2"', '"x"', ""):
        assert patch(stocked, body, **{"If-Match": given}).status_code == 400
    assert patch(stocked, body, version=2).status_code == 412
    assert patch(stocked, body, **{"If-Match": 'W/"1"'}).status_code == 200
    assert patch(stocked, body, version=1).status_code == 412
    assert patch(stocked, body, 99, version=1).status_code == 404


def test_a_change_is_sent_as_json_or_as_a_merge_patch(stocked: Shop) -> None:
    """Any other media type is 415, and a merge patch is not a submission."""
    client, headers = stocked.client, {**stocked.bearer("editor"), "If-Match": '"1"'}

    def status(method: str, path: str, content_type: str) -> int:
        sent = client.simulate_request(method, path, headers=headers, body=b"{}", content_type=content_type)
        return sent.status_code

    assert status("PATCH", "/api/assets/1", "application/json") == 200
    assert status("PATCH", "/api/assets/1", "Application/Merge-Patch+JSON; charset=utf-8") == 200
    assert status("PATCH", "/api/assets/1", "application/json-patch+json") == 415
    assert status("POST", "/api/assets", MERGE_PATCH) == 415


def test_what_changes_nothing_writes_nothing(stocked: Shop) -> None:
    """The same version and no entry; also for a whole asset that is sent back."""
    asset = stocked.get("/api/assets/1").json
    whole = {name: asset[name] for name in ("identityvalue", "attributes", "sitefields")}

    for body in ({}, {"attributes": {}}, {"attributes": {"osname": None}}, whole):
        answer = patch(stocked, body)
        assert (answer.status_code, answer.json["version"], answer.json["diff"]) == (200, 1, {})
    assert len(stocked.get("/api/assets/1/history").json["items"]) == 1


def test_given_fields_are_checked_by_the_declaration(stocked: Shop) -> None:
    """Each at its place; what is not declared, and the identity field, cannot be given."""
    body = {"macaddress": "zz", "osnam": "Debian", "installedsoftware": [{"name": 7}]}

    answer = patch(stocked, {"attributes": body})

    assert places(answer) == [("/attributes/osnam", "additionalProperties")]
    assert "Did you mean osname?" in answer.json["detail"]
    del body["osnam"]
    assert sorted(places(patch(stocked, {"attributes": body}))) == [
        ("/attributes/installedsoftware/0/name", "type"),
        ("/attributes/macaddress", "pattern"),
    ]
    assert places(patch(stocked, {"attributes": {"hostname": "PC-7"}})) == [
        ("/attributes/hostname", "identity")
    ]
    assert stocked.get("/api/assets/1").json["version"] == 1


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"attributes": None}, "/attributes"),
        ({"attributes": {"@state": 1}}, "/attributes"),
        ({"attributes": {"osname": "a\u0000b"}}, "/attributes/osname"),
        ({"identityvalue": None}, "/identityvalue"),
        ({"identityvalue": "x" * 256}, "/identityvalue"),
        ({"identityvalue": "N/A"}, "/identityvalue"),
        ({"identityvalue": "PC\u202e1"}, "/identityvalue"),
        ({"identityvalue": "  "}, "/identityvalue"),
        ({"version": 2}, "/version"),
        ({"sitefields": {"owner": "ann"}}, "/sitefields/owner"),
    ],
)
def test_a_change_that_cannot_be_made_names_the_place(stocked: Shop, body: object, place: str) -> None:
    """422, and nothing is written."""
    found = places(patch(stocked, body))

    assert found[0][0].startswith(place)
    assert stocked.get("/api/assets/1").json["version"] == 1


def test_values_get_the_form_of_a_submission(stocked: Shop) -> None:
    """They are trimmed and normalised as those of a collector, with the same warnings."""
    answer = patch(stocked, {"attributes": {"macaddress": " 3c-52-82-11-22-77 ", "osname": ""}})

    assert answer.json["attributes"]["macaddress"] == "3C:52:82:11:22:77"
    assert answer.json["warnings"] == ["osname: an empty string counts as absent"]
    assert faults(stocked) == []


def test_a_rename_moves_the_identity(stocked: Shop) -> None:
    """The identity field follows; submissions find the asset by the new identity, in any case."""
    answer = patch(stocked, {"identityvalue": " Pc-9 ", "attributes": {"osname": "Debian"}})

    assert (answer.json["identityvalue"], answer.json["attributes"]["hostname"]) == ("Pc-9", "Pc-9")
    entry = stocked.get("/api/assets/1/history").json["items"][-1]
    assert (entry["action"], entry["identityvalue"], set(entry["diff"])) == (
        "renamed",
        "Pc-9",
        {"hostname", "osname"},
    )
    assert stocked.submit("computers", {"hostname": "PC-9"}).assetid == 1
    assert stocked.submit("computers", {"hostname": "PC-1"}).action == "created"
    assert faults(stocked) == []


def test_another_spelling_is_a_rename_too(stocked: Shop) -> None:
    """The identity of the asset itself is not taken."""
    answer = patch(stocked, {"identityvalue": "pc-1"})

    assert (answer.status_code, answer.json["identityvalue"]) == (200, "pc-1")
    assert stocked.submit("computers", PC).assetid == 1
    assert faults(stocked) == []


def test_a_taken_identity_is_a_conflict(stocked: Shop) -> None:
    """The answer names the other asset, also a retired one, and what to do."""
    answer = patch(stocked, {"identityvalue": "pc-2"})

    assert answer.status_code == 409
    assert answer.json["detail"] == (
        "PC-2 is another asset already: it is asset 2. If both are one device, merge them."
    )
    retire(stocked, 2)
    assert "asset 2, which is retired (scrapped)" in patch(stocked, {"identityvalue": "pc-2"}).json["detail"]


def test_a_rename_withdraws_what_the_old_identity_was_found_by(stocked: Shop) -> None:
    """And searches by the new one."""
    stocked.submit("computers", {"hostname": "PC-1.example.org"})
    assert [each["kind"] for each in stocked.get("/api/duplicates").json["items"]] == ["samehost"]

    assert patch(stocked, {"identityvalue": "PC-7"}).json["warnings"] == []

    assert stocked.get("/api/duplicates").json["items"] == []
    warnings = patch(stocked, {"identityvalue": "PC-2.example.org"}).json["warnings"]
    assert warnings == [
        "hostname: PC-2 (asset 2) is a form of the same name; if both are one host, merge them"
    ]
    assert faults(stocked) == []


def test_an_asset_of_people_takes_any_json(stocked: Shop) -> None:
    """Its attributes are merged at every depth, its identity is checked as when it was created."""
    made = {"assettype": "cell", "identityvalue": "C1", "attributes": {"hall": {"number": 3, "side": "west"}}}
    cell = stocked.edit("POST", "/api/assets", made).json["assetid"]

    answer = patch(stocked, {"identityvalue": "C2", "attributes": {"hall": {"side": None}, "any": [1]}}, cell)

    assert answer.json["attributes"] == {"hall": {"number": 3}, "any": [1]}
    assert stocked.get(f"/api/assets/{cell}/history").json["items"][-1]["action"] == "renamed"
    assert places(patch(stocked, {"identityvalue": "N/A"}, cell)) == [("/identityvalue", "placeholder")]
    assert faults(stocked) == []


def test_a_retired_asset_can_be_changed(stocked: Shop) -> None:
    """It gets no rows by it; restoring stores what it has then."""
    retire(stocked)
    patch(stocked, {"attributes": {"installedsoftware": [{"name": "Vim"}]}})
    assert len(stocked.get("/api/reports/computers/software").json["items"]) == 1

    stocked.edit("POST", "/api/assets/1/restore")

    assert len(stocked.get("/api/reports/computers/software").json["items"]) == 2
    assert faults(stocked) == []


def test_a_dry_run_shows_a_change(stocked: Shop) -> None:
    """And writes nothing."""
    answer = stocked.edit(
        "PATCH", "/api/assets/1?dryrun=true", {"identityvalue": "PC-9"}, **{"If-Match": '"1"'}
    )

    assert answer.json["diff"] == {"hostname": {"before": "PC-1", "after": "PC-9"}}
    assert stocked.get("/api/assets/1").json["identityvalue"] == "PC-1"


@pytest.fixture
def declare(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes the file of the site's fields, and returns its path."""

    def write(**properties: object) -> str:
        file = tmp_path / "fields.json"
        file.write_text(json.dumps({"properties": properties}))
        return str(file)

    return write


def test_site_fields_belong_to_people(make_shop: Callable[..., Shop], declare: Callable[..., str]) -> None:
    """They are checked, audited, shown in every read, and no submission changes them."""
    shop = make_shop(site_fields=declare(owner={"type": "string"}, room={"type": "integer"}))
    shop.submit("computers", PC)

    answer = patch(shop, {"sitefields": {"owner": "ann", "room": 3}})

    assert answer.json["sitefields"] == {"owner": "ann", "room": 3}
    assert answer.json["diff"]["@sitefields.owner"] == {"before": None, "after": "ann"}
    shop.submit("computers", {**PC, "osname": "Debian"})
    assert (
        shop.get("/api/assets?assettype=computers").json["items"][0]["sitefields"]
        == answer.json["sitefields"]
    )
    faulty = patch(shop, {"sitefields": {"owner": 7, "rom": 4}, "attributes": {"macaddress": "zz"}})
    assert sorted(places(faulty)) == [
        ("/attributes/macaddress", "pattern"),
        ("/sitefields/owner", "type"),
        ("/sitefields/rom", "additionalProperties"),
    ]
    assert patch(shop, {"sitefields": {"owner": None, "room": None}}).json["sitefields"] == {}
    assert shop.count("assetsitefields") == 0
    assert faults(shop) == []


def test_a_value_whose_schema_changed_stays_until_it_is_changed(
    make_shop: Callable[..., Shop], declare: Callable[..., str]
) -> None:
    """It is readable, does not stop other changes, and can be removed, also if it is no longer declared."""
    shop = make_shop(site_fields=declare(owner={"type": "string"}, room={"type": "integer"}))
    shop.submit("computers", PC)
    patch(shop, {"sitefields": {"owner": "ann", "room": 3}})
    shop.sitefields = type(shop.sitefields)({"owner": {"type": "string", "maxLength": 2}, "note": {}})

    whole = patch(shop, {"sitefields": {"owner": "ann", "room": 3, "note": "new"}})

    assert whole.json["sitefields"] == {"owner": "ann", "room": 3, "note": "new"}
    assert places(patch(shop, {"sitefields": {"owner": "bob"}})) == [("/sitefields/owner", "maxLength")]
    assert places(patch(shop, {"sitefields": {"room": 4}})) == [("/sitefields/room", "additionalProperties")]
    assert places(patch(shop, {"sitefields": {"rome": None}})) == [
        ("/sitefields/rome", "additionalProperties")
    ]
    assert patch(shop, {"sitefields": {"room": None}}).json["sitefields"] == {"owner": "ann", "note": "new"}
    assert faults(shop) == []


def test_site_fields_do_not_need_the_plugin(
    make_shop: Callable[..., Shop], declare: Callable[..., str]
) -> None:
    """They are changed while a blocked plugin refuses every other edit, since its tables would not follow."""
    selection = PluginSelection(blocked=frozenset({"computers"}))
    shop = make_shop(plugin_selection=selection, site_fields=declare(owner={}))
    editor = Editor(ORIGIN, shop.chain, shop.plugins)
    shop.store.transaction(ManualEntry("computers", "PC-1", {"hostname": "PC-1"}, editor))

    assert patch(shop, {"sitefields": {"owner": "ann"}}).status_code == 200

    for refused in (
        patch(shop, {"identityvalue": "PC-2"}),
        patch(shop, {"attributes": {"a": 1}}),
        retire(shop),
    ):
        assert refused.status_code == 503
        assert refused.json["detail"].startswith("The plugin computers is not loaded")
    assert faults(shop) == []
