"""Merging two assets after a look at the effect, undoing a merge, and releasing a name."""

import pytest
from browsing import Browsing, plain
from editing import faults
from shops import Shop

ONE = {"hostname": "PC-7", "model": "G4", "osname": "Windows 10", "macaddress": "3C:52:82:11:22:33"}
OTHER = {"hostname": "PC-8", "model": "G5"}


@pytest.fixture
def shop(make_shop) -> Shop:
    """Return a site with three computers: 1 relates to 2 and to 3."""
    shop = make_shop()
    for submission in (ONE, OTHER, {"hostname": "PC-9"}):
        shop.submit("computers", submission)
    for target in (2, 3):
        relationship = {"relationshiptype": "connected_to", "targetassetid": target}
        shop.edit("POST", "/api/assets/1/relationships", relationship)
    return shop


@pytest.fixture
def admin(shop) -> Browsing:
    return Browsing(shop, "admin")


def merge(admin: Browsing):
    """Merge PC-7 (1) into PC-8 (2) by the form of the preview."""
    return admin.send("/assets/2/merge?gone=1")


@pytest.mark.every_database
def test_the_preview_shows_what_the_merge_does(shop, admin):
    """Fields that it takes, values that are dropped, relationships that move; and nothing is stored."""
    text = plain(admin.text("/assets/2/merge?gone=1"))

    assert "Merge PC-7 into PC-8 ?" in text
    assert "Fields that it takes Field Afterwards" in text
    assert "MAC address 3C:52:82:11:22:33" in text
    assert "Operating system Windows 10" in text
    assert "Values that are dropped Field Stays Dropped Model G5 G4" in text
    assert "Relationships that move 1 PC-7 connected_to PC-9" in text
    assert "between the two 1 PC-7 connected_to PC-8" in text
    assert shop.get("/api/assets/1").json["state"] == "active"
    assert shop.count("assetmerge") == 0


@pytest.mark.every_database
def test_merging_and_undoing(shop, admin):
    """The merge is one of the API, by the person; its undoing is previewed as well."""
    sent = merge(admin)
    merged = shop.get("/api/assets/2").json
    # On database servers the dry run of the preview has used up a number.
    undo = f"/merges/{shop.get('/api/merges').json['items'][0]['mergeid']}/undo"
    text = plain(admin.text(undo))
    listed = plain(admin.text("/merges"))
    undone = admin.post(undo, {})

    assert (sent.status_code, sent.headers["location"]) == (303, "/assets/2")
    assert merged["attributes"]["osname"] == "Windows 10"
    assert "PC-8 PC-7 browsing-admin In force Undo" in listed
    assert "Operating system Windows 10 \N{EN DASH}" in text
    assert "2 relationships go back to PC-7 ." in text
    assert undone.headers["location"] == "/merges"
    assert shop.get("/api/assets/1").json["state"] == "active"
    assert "osname" not in shop.get("/api/assets/2").json["attributes"]
    assert "Undone" in admin.text("/merges")
    assert faults(shop) == []


def test_a_merge_is_into_the_version_that_was_shown(shop, admin):
    """Somebody changed the kept asset meanwhile: the effect is shown again, with the reason."""
    page = admin.open("/assets/2/merge?gone=1").text
    shop.submit("computers", {**OTHER, "model": "G6"})
    stale = 'version" value="1"' in page

    answer = admin.post("/assets/2/merge", {"gone": "1", "version": "1"})

    assert stale
    assert answer.status_code == 412
    assert "Someone changed the kept asset meanwhile." in answer.text
    assert "G6" in answer.text
    assert shop.count("assetmerge") == 0


@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        ("2", "Asset 2 cannot be merged with itself."),
        ("99", "There is no asset 99."),
        ("4", "only assets of one type can be merged"),
    ],
)
def test_what_cannot_be_merged_is_said(shop, admin, gone, reason):
    """In the preview, which then has no button; and to a form that is sent all the same."""
    shop.submit("printers", {"serialnumber": "PRN1"})

    text = admin.text(f"/assets/2/merge?gone={gone}")
    sent = admin.post("/assets/2/merge", {"gone": gone, "version": "1"})

    assert reason in plain(text)
    assert 'button-danger">Merge' not in text
    assert sent.status_code == 409
    assert reason in plain(sent.text)


def test_a_form_without_numbers_is_refused(admin):
    """It is not one of the page."""
    assert admin.post("/assets/2/merge", {"gone": "all", "version": "1"}).status_code == 400
    assert admin.post("/assets/2/merge", {"gone": "1"}).status_code == 400


def test_without_a_number_the_page_asks_for_it(admin):
    """The form leads to the preview."""
    assert "Number of the asset that goes" in admin.text("/assets/2/merge")


def test_a_released_name_makes_a_new_asset(shop, admin):
    """The preview says so; a second release is refused in words."""
    merge(admin)

    assert "makes a new asset, and no longer goes to PC-8" in plain(admin.text("/merges/1/release"))
    assert admin.post("/merges/1/release", {}).status_code == 303
    again = admin.post("/merges/1/release", {})

    assert again.status_code == 409
    assert "has released the identity PC-7 already" in again.text
    assert "Name released" in admin.text("/merges")
    assert shop.submit("computers", {"hostname": "PC-7"}).action == "created"
    assert "belongs to asset 4" in admin.text("/merges/1/undo")


def test_undoing_what_is_undone_says_when(admin):
    """And an unknown merge has a page that says so."""
    merge(admin)
    admin.post("/merges/1/undo", {})

    again = admin.post("/merges/1/undo", {})

    assert again.status_code == 409
    assert "Merge 1 was undone at" in again.text
    assert admin.open("/merges/9/undo").status_code == 404


def test_merges_are_listed_in_pages(shop, admin, monkeypatch):
    """The newest first; a viewer reads them, and sees no action."""
    monkeypatch.setattr("shopdb_core.console.merges.view.ROWS", 1)
    merge(admin)
    admin.send("/assets/2/merge?gone=3")

    first = admin.text("/merges")

    assert "PC-9" in first
    assert "PC-7" not in first
    assert '<a class="button" rel="next" href="/merges?before=2">' in first
    assert "PC-7" in admin.text("/merges?before=2")
    assert "/undo" not in Browsing(shop, "viewer").text("/merges")


def test_from_a_finding_to_the_merge_without_scripts(console):
    """In a browser: the finding, the preview, the merge, what the next page says, and undoing it."""
    for name in ("PC-7", "PC-8"):
        console.shop.submit("computers", {"hostname": name, "macaddress": ONE["macaddress"]})
    visitor = console.visit("admin", scripts=False)
    page = visitor.open("/duplicates")

    page.get_by_role("link", name="Renamed?").last.click()
    page.get_by_role("link", name="Preview: keep PC-8").click()
    page.get_by_role("button", name="Merge").click()
    merged = page.get_by_role("status").inner_text()
    page.get_by_role("link", name="Duplicates").click()
    nothing = page.get_by_text("Nothing waits for a decision.").count()
    page.get_by_role("link", name="Merges").click()
    page.get_by_role("link", name="Undo PC-7").click()
    page.get_by_role("button", name="Undo the merge").click()

    assert merged == "Merged. The page of merges can undo it."
    assert nothing == 1
    assert page.get_by_role("status").inner_text() == "The merge was undone."
    assert visitor.complaints == []
