"""Assets, relationships, audit, reports and health over HTTP."""

import csv
import io

import pytest


@pytest.fixture
def stocked(shop):
    """Return a site with five computers, one printer and a machine."""
    for number in range(5):
        software = [{"name": "7-Zip", "version": f"2{number}.0"}]
        shop.submit("computers", {"hostname": f"PC-{number}", "installedsoftware": software})
    shop.submit("printers", {"serialnumber": "SN-1"})
    machine = {"assettype": "machine", "identityvalue": " Lathe 7 ", "attributes": {"cell": "A"}}
    assert (
        shop.client.simulate_post("/api/assets", json=machine, headers=shop.bearer("editor")).status_code
        == 201
    )
    return shop


def pages(shop, path: str, **query: object) -> list[dict[str, object]]:
    """Return all items of a list, read page by page."""
    items, after = [], 0
    while after is not None:
        text = "&".join(f"{name}={value}" for name, value in {**query, "after": after}.items())
        page = shop.get(f"{path}?{text}").json
        items += page["items"]
        after = page["next"]
    return items


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
@pytest.mark.every_database
def test_pages_show_every_asset_once(stocked, limit):
    """Keyset paging neither skips nor repeats."""
    shown = pages(stocked, "/api/assets", limit=limit)
    assert [asset["assetid"] for asset in shown] == list(range(1, 8))


@pytest.mark.every_database
def test_an_asset_has_exactly_the_fields_of_the_contract(stocked):
    """Others script against them."""
    (asset,) = stocked.get("/api/assets?assettype=machine").json["items"]
    assert asset.keys() == {
        "assetid",
        "assettype",
        "identityvalue",
        "attributes",
        "createdat",
        "updatedat",
        "lastseenat",
        "version",
        "state",
        "reason",
        "mergedinto",
        "sitefields",
    }
    assert (asset["state"], asset["reason"], asset["mergedinto"]) == ("active", None, None)
    assert asset["sitefields"] == {}
    assert (asset["identityvalue"], asset["attributes"], asset["version"]) == ("Lathe 7", {"cell": "A"}, 1)
    assert asset["createdat"].endswith("Z")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("assettype=computers", 5),
        ("identityvalue=pc-", 5),
        ("identityvalue=PC-3", 1),
        ("identityvalue=C-3", 0),
        ("assettype=printers&identityvalue=s", 1),
        ("assettype=toasters", 0),
        ("identityvalue=%25", 0),
    ],
)
@pytest.mark.every_database
def test_assets_are_filtered_by_type_and_prefix(stocked, query, found):
    """The prefix follows the rules of identities: upper and lower case are one, and nothing is a wildcard."""
    assert len(stocked.get(f"/api/assets?{query}").json["items"]) == found


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "after=-1",
        "after=1e3",
        "limit=1&limit=2",
        "typo=1",
        "after=99999999999999999999",
    ],
)
def test_odd_windows_are_refused(stocked, query):
    """The answer names the wrong parameter."""
    answer = stocked.get(f"/api/assets?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize(
    "path",
    [
        "assets/99",
        "assets/99/history",
        "assets/99/relationships",
        "assets/1/relationships/9",
        "reports/computers/nope",
        "reports/nope/nope",
        "nope",
    ],
)
def test_what_does_not_exist_is_a_404_problem(stocked, path):
    """Every error is a problem document."""
    answer = stocked.get(f"/api/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "path",
    [
        "assets",
        "assets/1",
        "assets/1/history",
        "assets/1/relationships",
        "audit",
        "duplicates",
        "reports",
        "reports/computers/software",
    ],
)
def test_reads_need_a_token(stocked, path):
    """Only health is open."""
    assert stocked.client.simulate_get(f"/api/{path}").status_code == 401


@pytest.mark.every_database
def test_history_lists_one_asset_and_audit_all(stocked):
    """The same entries, in the order of the database's sequence."""
    stocked.submit("computers", {"hostname": "PC-1", "osname": "W"})
    history = stocked.get("/api/assets/2/history").json["items"]
    assert [entry["action"] for entry in history] == ["created", "updated"]
    assert history[1].keys() == {
        "auditid",
        "at",
        "plugin",
        "action",
        "assetid",
        "identityvalue",
        "diff",
        "volatileonly",
        "actor",
        "clientaddress",
        "source",
        "requestid",
    }
    assert len(pages(stocked, "/api/audit", limit=3)) == 8


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("plugin=computers", 5),
        ("plugin=printers", 1),
        ("action=created", 7),
        ("action=noop", 0),
        ("assetid=3", 1),
    ],
)
@pytest.mark.every_database
def test_audit_is_filtered(stocked, query, found):
    """By plugin, action and asset."""
    assert len(stocked.get(f"/api/audit?{query}").json["items"]) == found


@pytest.mark.every_database
def test_an_asset_entered_by_hand_has_an_audit_entry_too(stocked):
    """With the person as actor, and no plugin."""
    (entry,) = stocked.get("/api/assets/7/history").json["items"]
    assert (entry["actor"], entry["plugin"], entry["action"]) == ("user:tester", None, "created")
    assert entry["diff"] == {"cell": {"before": None, "after": "A"}}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"assettype": "machine", "identityvalue": "LATHE 7"}, 409),
        ({"assettype": "computers", "identityvalue": "PC-9"}, 409),
        ({"assettype": "Machine", "identityvalue": "x"}, 422),
        ({"assettype": "machine", "identityvalue": "  "}, 422),
        ({"assettype": "machine", "identityvalue": "x" * 256}, 422),
        ({"assettype": "machine"}, 422),
        ({"assettype": "machine", "identityvalue": "x", "attributes": []}, 422),
        ({"assettype": "machine", "identityvalue": "x", "attributes": {"a": "\x00"}}, 422),
        ({"assettype": "machine", "identityvalue": "x", "more": 1}, 422),
        ([], 400),
    ],
)
@pytest.mark.every_database
def test_an_asset_that_cannot_be_entered(stocked, body, status):
    """It exists, its type has a collector, or the body is invalid."""
    answer = stocked.client.simulate_post("/api/assets", json=body, headers=stocked.bearer("editor"))
    assert answer.status_code == status
    assert stocked.count("asset") == 7


@pytest.mark.every_database
def test_relationships_are_seen_from_both_ends_and_deleted(stocked):
    """An editor makes and deletes them; both assets stay."""
    editor = stocked.bearer("editor")
    body = {"relationshiptype": "controls", "targetassetid": 7}
    made = stocked.client.simulate_post("/api/assets/1/relationships", json=body, headers=editor)
    assert made.status_code == 201
    assert made.json["sourceassetid"] == 1
    for end in (1, 7):
        assert [
            item["relationshipid"] for item in stocked.get(f"/api/assets/{end}/relationships").json["items"]
        ] == [1]
    assert stocked.get(made.headers["location"]).json == made.json
    assert stocked.client.simulate_delete(made.headers["location"], headers=editor).status_code == 204
    assert stocked.get("/api/assets/1/relationships").json == {"items": [], "next": None}
    assert stocked.client.simulate_delete(made.headers["location"], headers=editor).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/assets/1/relationships", {"relationshiptype": "controls", "targetassetid": 99}, 422),
        ("/api/assets/1/relationships", {"relationshiptype": "controls", "targetassetid": 1}, 422),
        ("/api/assets/99/relationships", {"relationshiptype": "controls", "targetassetid": 1}, 404),
        ("/api/assets/1/relationships", {"relationshiptype": "Controls!", "targetassetid": 2}, 422),
        ("/api/assets/1/relationships", {"relationshiptype": "controls", "targetassetid": "2"}, 422),
        ("/api/assets/1/relationships", {"relationshiptype": "controls"}, 422),
    ],
)
@pytest.mark.every_database
def test_a_relationship_that_cannot_be(stocked, path, body, status):
    """Both ends exist and differ."""
    answer = stocked.client.simulate_post(path, json=body, headers=stocked.bearer("editor"))
    assert (answer.status_code, stocked.count("assetrelationship")) == (status, 0)


@pytest.mark.every_database
def test_the_same_relationship_twice_is_a_conflict(stocked):
    """It is unique in source, target and type."""
    body = {"relationshiptype": "controls", "targetassetid": 2}
    answers = [
        stocked.client.simulate_post(
            "/api/assets/1/relationships", json=body, headers=stocked.bearer("editor")
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 409]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/assets"),
        ("POST", "/api/assets/1/relationships"),
        ("DELETE", "/api/assets/1/relationships/1"),
    ],
)
def test_a_viewer_does_not_edit(stocked, method, path):
    """403 says which role is needed."""
    answer = stocked.client.simulate_request(method, path, json={}, headers=stocked.bearer("viewer"))
    assert answer.status_code == 403
    assert "editor" in answer.json["detail"]


def test_reports_are_listed_with_their_parameters(stocked):
    """Each has its columns, its parameters and its address."""
    items = stocked.get("/api/reports").json["items"]
    assert {(item["plugin"], item["name"]) for item in items} == {
        ("computers", "software"),
        ("computers", "software_versions"),
        ("computers", "software_on"),
        ("computers", "software_changes"),
        ("computers", "stale"),
        ("printers", "needs"),
        ("printers", "supplies_low"),
        ("printers", "pages"),
    }


@pytest.mark.every_database
def test_a_report_comes_in_pages_and_as_one_file(stocked):
    """JSON for programs, CSV for spreadsheets; the rows are the same."""
    shown = pages(stocked, "/api/reports/computers/software", limit=2)
    answer = stocked.get("/api/reports/computers/software.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["name"], row["version"]) for row in rows] == [
        (item["name"], item["version"]) for item in shown
    ]
    assert len(rows) == 5


@pytest.mark.every_database
def test_a_report_takes_parameters(stocked):
    """Which computers run 7-Zip below 22."""
    answer = stocked.get("/api/reports/computers/software_on?name=7-Zip&below=22.0")
    assert [item["identityvalue"] for item in answer.json["items"]] == ["PC-0", "PC-1"]


@pytest.mark.parametrize("query", ["", "?name=a&nope=1", "?name=a&name=b"])
def test_a_report_asked_wrongly_says_what_is_missing(stocked, query):
    """Required, unknown and doubled parameters."""
    assert stocked.get(f"/api/reports/computers/software_on{query}").status_code == 400


@pytest.mark.parametrize("days", ["x", "1.5", "99999999999999999999", "-1"])
@pytest.mark.every_database
def test_a_report_survives_odd_numbers(stocked, days):
    """A wrong number is a 400, never a 500."""
    assert stocked.get(f"/api/reports/computers/stale?days={days}").status_code in (200, 400)


FULL_WIDTH = ["\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", *FULL_WIDTH])
def test_csv_cells_are_not_formulas(shop, name):
    """A spreadsheet shows what was submitted and does not execute it."""
    shop.submit("printers", {"serialnumber": "SN-1", "supplies": [{"name": f"x{name}", "levelpercent": 1}]})
    shop.submit("computers", {"hostname": "PC-1", "installedsoftware": [{"name": name}]})
    rows = list(csv.reader(io.StringIO(shop.get("/api/reports/computers/software.csv").text)))
    assert rows[1][0] == f"'{name.strip()}"


def test_csv_cells_are_quoted(shop):
    """A spreadsheet whose separator is not the comma finds no cell inside a cell."""
    name = 'x;=1+1\t=1+1|"=1+1'
    shop.submit("computers", {"hostname": "PC-1", "installedsoftware": [{"name": name}]})
    header, row, end = shop.get("/api/reports/computers/software.csv").text.split("\r\n")
    assert header == '"name","version","installations"'
    assert row == '"x;=1+1\t=1+1|""=1+1","","1"'
    assert end == ""


def test_health_is_open_and_shows_nothing_else(shop):
    """For a load balancer."""
    answer = shop.client.simulate_get("/api/health")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_a_method_that_is_not_offered_is_a_problem_too(shop):
    """The header Allow lists the methods that are."""
    answer = shop.client.simulate_put("/api/assets", headers=shop.bearer())
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert "GET" in answer.headers["allow"]
