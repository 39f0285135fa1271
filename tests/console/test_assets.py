"""The list of assets: what it shows, its pages and columns, faults at their place, and retiring several."""

import re
from datetime import UTC, date, datetime
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import Browsing, plain
from markup import Markup
from shops import ORIGIN

from shopdb_core.console.assets import view
from shopdb_core.console.assets.columns import Column
from shopdb_core.console.assets.table import LONGEST, cell_of
from shopdb_core.edits.creating import ManualEntry
from shopdb_core.search.columns import MOST_FIELDS
from shopdb_core.search.grammar import parse

NONE = "\u2013"
NAMES = ("PC-1", "pc-2", "SRV-3", "PC-4", "PC-5")


@pytest.fixture
def stocked(shop):
    """Return a site with five computers and a printer."""
    for number, name in enumerate(NAMES, 1):
        programs = [{"name": f"Program {each}", "version": "1"} for each in range(number)]
        computer = {"hostname": name, "osname": f"Windows {number}", "memorygb": 8 * number}
        shop.submit("computers", {**computer, "installedsoftware": programs})
    shop.submit("printers", {"serialnumber": "SN-9", "model": "LaserJet"})
    return shop


@pytest.fixture
def viewer(stocked):
    return Browsing(stocked, "viewer")


@pytest.fixture
def editor(stocked):
    return Browsing(stocked, "editor")


def rows(text):
    """Return the texts of the cells of each row, the identity first."""
    found = re.findall(r"(?s)<tr[^>]*>(.*?)</tr>", text.partition('id="results"')[2].partition("<tbody>")[2])
    return [
        [plain(cell) for cell in re.findall(r"(?s)<t[hd](?! class=\"pick\").*?</t[hd]>", row)]
        for row in found
    ]


def names(text):
    """Return the identities of a page."""
    return [row[0] for row in rows(text)]


def headings(text):
    """Return the headings of the columns."""
    head = text.partition('id="results"')[2].partition("<thead>")[2].partition("</thead>")[0]
    return [plain(each) for each in re.findall(r"(?s)<th .*?</th>", head)]


def link(text, label):
    """Return where a link with a label leads; `None` if there is none."""
    found = re.search(rf'<a [^>]*?href="([^"]*)"[^>]*>{label}<', text.partition('id="results"')[2])
    return unescape(found[1]) if found else None


def test_a_type_has_the_columns_of_its_plugin(viewer):
    """With titles, units, and the newest asset first; of several types, what every asset has."""
    page = viewer.text("/assets?assettype=computers&identityvalue=&q=")
    assert headings(page) == ["Name", "Operating system", "Model", "Serial number", "IP address", "Last seen"]
    assert names(page) == [*NAMES[::-1]]
    assert rows(page)[0][1:3] == ["Windows 5", NONE]
    assert "5 assets" in page

    every = viewer.text("/assets")
    assert headings(every) == ["Identity", "Type", "Created ▼", "Changed", "Last seen"]
    assert rows(every)[0][:2] == ["SN-9", "Printer"]
    assert [row[1] for row in rows(every)[1:]] == ["Computer"] * 5
    assert "Retire selected" not in every
    assert 'type="checkbox"' not in every


def test_columns_can_be_chosen(viewer):
    """By the address: fields of plugins with their units, members of lists, and what nobody declares."""
    fields = "memorygb,installedsoftware.name,installedsoftware,version,attributes.hall"
    page = viewer.text(f"/assets?fields={fields}&identityvalue=pc-4")

    assert headings(page)[1:] == [
        "Memory (GiB)",
        "Installed software · Name",
        "Installed software",
        "Version",
        "attributes.hall",
    ]
    programs = "Program 0, Program 1, Program 2 and 1 more"
    assert rows(page) == [["PC-4", "32", programs, "4 entries", "1", NONE]]


def test_the_choice_of_columns_makes_one_parameter(viewer):
    """The page of the boxes ticks what is shown, and keeps the rest of the address; too many are refused."""
    chooser = viewer.text("/assets?q=pc&assettype=computers&fields=memorygb,attributes.hall")
    boxes = viewer.text(link(chooser, "Columns"))
    ticked = re.findall(r'name="(column\.[\w.]+)" checked', boxes)
    assert ticked == ["column.memorygb"]
    assert 'name="fields" value="attributes.hall" checked' in boxes
    assert 'name="column.installedsoftware.name">' in boxes
    assert "Printer" not in boxes.partition("<h1>")[2].partition("</form>")[0]

    rest = "assettype=computers&q=pc&fields=attributes.hall"
    answer = viewer.open(f"/assets/columns/chosen?{rest}&column.memorygb=on&column.osname=on")
    assert answer.status_code == 303
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked.pop("fields") == ["identityvalue,memorygb,osname,attributes.hall"]
    assert asked == {"assettype": ["computers"], "q": ["pc"]}

    every = re.findall(r'name="(column\.[\w.]+)"', viewer.text("/assets/columns"))
    assert len(every) == len({*every}) > MOST_FIELDS
    many = viewer.open(f"/assets/columns/chosen?{'&'.join(f'{box}=on' for box in every)}")
    assert many.status_code == 400
    assert f"at most {MOST_FIELDS} fields" in many.text


@pytest.mark.parametrize(
    "query", ["sort=-assetid", "sort=identityvalue", "q=windows", "q=-nothing&sort=assetid"]
)
def test_pages_lead_forth_and_back(viewer, query):
    """Next to the end, then back to the beginning; the address of a page is the same both ways."""
    start = f"/assets?assettype=computers&limit=2&{query}"
    address, seen, found = start, [], []
    while address is not None:
        text = viewer.text(address)
        seen.append(address)
        found += names(text)
        address = link(text, "Next page")
    assert len(found) == len({*found}) == 5
    assert len(seen) == 3

    assert names(viewer.text(link(text, "Previous page"))) == found[2:4]
    back = viewer.text(link(viewer.text(link(text, "Previous page")), "Previous page"))
    assert names(back) == found[:2]
    assert link(back, "Previous page") is link(back, "First page") is None
    assert names(viewer.text(link(text, "First page"))) == found[:2]


def test_headings_sort_by_what_an_index_has(viewer):
    """Both ways; a search offers its order by age alone, and says so if another was asked for."""
    text = viewer.text("/assets?assettype=computers&fields=identityvalue,assetid,osname")
    sorting = re.findall(r'<th scope="col"[^>]*>(<a class="sort")?', text.partition('id="results"')[2])
    assert [bool(each) for each in sorting] == [True, True, False]
    by_name = viewer.text(link(text, "<bdi>Name"))
    assert names(by_name) == ["PC-1", "pc-2", "PC-4", "PC-5", "SRV-3"]
    assert 'aria-sort="ascending"' in by_name
    assert names(viewer.text(link(by_name, "<bdi>Name")))[0] == "SRV-3"

    search = viewer.text("/assets?q=pc&sort=identityvalue")
    assert names(search) == ["PC-5", "PC-4", "pc-2", "PC-1"]
    assert "this list has no order by identity" in search


def test_csv_and_json_have_what_is_shown(viewer, stocked):
    """The same assets, in the same order, with the same columns, of the same page."""
    first = viewer.text("/assets?q=pc&limit=2&fields=memorygb,osname")
    page = viewer.text(link(first, "Next page"))
    shown = [row[:2] for row in rows(page)]
    assert [name for name, _ in shown] == ["pc-2", "PC-1"]

    table = stocked.get(link(page, "CSV")).text.splitlines()
    assert table[0] == '"identityvalue","memorygb","osname"'
    assert [line.replace('"', "").split(",")[:2] for line in table[1:]] == shown
    items = stocked.get(link(page, "JSON")).json["items"]
    assert [[item["identityvalue"], str(item["memorygb"])] for item in items] == shown


def test_a_fault_is_marked_where_it_is(viewer):
    """The text that was typed stays in its field, and the other filters stay as they are."""
    text = viewer.text("/assets?q=pc+osnam:x&assettype=computers")
    assert "pc <mark>o</mark>snam:x" in text
    assert "Did you mean osname?" in text
    assert 'value="pc osnam:x"' in text
    assert 'aria-invalid="true"' in text
    assert '<option value="computers" selected>' in text
    assert "<tbody>" not in text.partition('id="results"')[2]
    unfinished = viewer.text("/assets?q=osname:")
    assert "osname:<mark> </mark>" in unfinished


def test_an_empty_list_says_what_to_do(viewer):
    """Where nothing matches, and after the last page."""
    nothing = viewer.text("/assets?q=laser+nothing&assettype=printers")
    for advice in ("Nothing was found", "Search in all states", "Search in all types", "Try fewer words"):
        assert advice in nothing
    assert names(viewer.text(link(nothing, "Search in all types").replace("laser+nothing", "pc-1"))) == [
        "PC-1"
    ]
    assert "There are no more" in viewer.text("/assets?after=1")


def test_the_first_page_of_a_new_site_leads_to_the_collectors(shop):
    """There is nothing to search in."""
    text = Browsing(shop, "viewer").text("/assets")
    assert "There is no asset yet." in text
    assert 'href="/collectors">See how' in text


def test_how_many_there_are(viewer, monkeypatch):
    """Counted up to a number; a search knows only whether there are more."""
    assert "2 of 5 assets" in plain(viewer.text("/assets?assettype=computers&limit=2"))
    assert "2 assets on this page; there may be more" in viewer.text("/assets?q=windows&limit=2")
    assert "4 assets" in plain(viewer.text("/assets?q=pc"))
    monkeypatch.setattr(view, "MOST_COUNTED", 3)
    assert "2 of more than 3 assets" in plain(viewer.text("/assets?limit=2"))


def test_a_plugin_that_is_gone_leaves_its_assets(viewer, stocked):
    """They are listed with what every asset has; a column of the plugin is named, and missing."""
    stocked.plugins.quarantine("computers", "it does not load")
    text = viewer.text("/assets?assettype=computers&fields=osname")
    assert names(text) == [*NAMES[::-1]]
    assert headings(text)[:2] == ["Identity", "Type"]
    assert "osname is not a known field" in text
    assert '<option value="computers" selected>computers</option>' in text
    assert "Marked" not in viewer.text("/assets/columns?fields=osname")


def test_the_examples_of_the_help_are_valid(viewer):
    """Each is a query of declared fields, and a link."""
    for assettype in ("", "printers"):
        text = viewer.text(f"/assets?assettype={assettype}")
        part = text.partition('class="search-help"')[2].partition("</details>")[0]
        links = [address for address in Markup(part).links if address.startswith("/assets?q=")]
        assert len(links) >= 5
        for address in links:
            assert parse(parse_qs(urlsplit(address).query)["q"][0])
            assert 'id="fault"> </div>' in viewer.text(address), address


def retired(shop):
    return shop.rows("SELECT assetid, reason FROM asset WHERE state = 'retired' ORDER BY assetid")


def test_several_assets_are_retired_after_a_look(editor, stocked):
    """Those that cannot be are left out and named; a reason is needed; then the list says it."""
    stocked.edit("POST", "/api/assets/2/retire", {"reason": "sold"})
    listed = "/assets?assettype=computers&sort=assetid"
    selected = editor.send(listed, "/assets/selection", **{"asset-1": "on", "asset-2": "on", "asset-4": "on"})
    assert selected.status_code == 303
    preview = editor.text(selected.headers["location"])
    assert "Retire 2 assets?" in preview
    assert "Asset 2 is retired already (sold)." in preview
    assert retired(stocked) == [(2, "sold")]

    fields = {"assets": "1,4", "back": listed}
    without = editor.post("/assets/retire", {**fields, "reason": " "})
    assert without.status_code == 422
    assert "Say why" in without.text
    done = editor.post("/assets/retire", {**fields, "reason": "scrapped"})
    assert (done.status_code, done.headers["location"]) == (303, listed)
    assert retired(stocked) == [(1, "scrapped"), (2, "sold"), (4, "scrapped")]
    assert names(editor.text(listed)) == ["SRV-3", "PC-5"]
    assert names(editor.text("/assets?state=retired")) == ["PC-4", "pc-2", "PC-1"]


def test_assets_that_cannot_be_retired_are_named(editor, stocked):
    """The others are retired nevertheless, each in a transaction of its own."""
    answer = editor.post("/assets/retire", {"assets": "1,99,3", "reason": "scrapped"})
    assert answer.status_code == 409
    assert "There is no asset 99." in answer.text
    assert retired(stocked) == [(1, "scrapped"), (3, "scrapped")]


def test_a_selection_of_nothing_and_of_nonsense(editor, stocked):
    """Leads back to the list, also where an address is of another page; viewers may not."""
    nothing = editor.post("/assets/selection", {"back": "//elsewhere.example/"})
    assert (nothing.status_code, nothing.headers["location"]) == (303, "/assets")
    assert "shopdb-done" in nothing.headers["set-cookie"]
    for ids in ("", "0", "1,1", "x", ",".join(map(str, range(1, 152))), str(2**63)):
        assert editor.open(f"/assets/retire?assets={ids}").status_code == 400
    assert Browsing(stocked, "viewer").open("/assets/retire?assets=1").status_code == 403


NAMED = Column("field", "Field")


@pytest.mark.parametrize(
    ("value", "column", "shown"),
    [
        (None, NAMED, ("empty", None)),
        ([], NAMED, ("empty", None)),
        (0, NAMED, ("number", 0)),
        (False, NAMED, ("truth", False)),
        ("2026-11-01", Column("day", "Day", rules={"format": "date"}), ("day", date(2026, 11, 1))),
        ("soon", Column("day", "Day", rules={"format": "date-time"}), ("text", "soon")),
        (3_000_000_000, Column("size", "Size", rules={"x-unit": "B"}), ("size", 3.0)),
        ({"a": 1}, NAMED, ("text", '{"a":1}')),
        ([{"a": 1}, 2], NAMED, ("objects", 2)),
        ([True, None, "a", 1.5], NAMED, ("text", "true, a")),
        (
            datetime(2026, 11, 1, tzinfo=UTC),
            Column("lastseenat", "Seen", istext=True),
            ("moment", datetime(2026, 11, 1, tzinfo=UTC)),
        ),
        (7, Column("version", "Version", istext=True), ("mono", 7)),
    ],
)
def test_a_cell_shows_any_value(value, column, shown):
    """Whatever JSON a field has, also where its schema says something else."""
    cell = cell_of(value, column)
    assert (cell.kind, cell.value) == shown


def test_a_cell_is_short():
    """The page of the asset has the rest."""
    cell = cell_of("x" * 5_000, NAMED)
    assert (len(cell.value), cell.cut, cell.is_long) == (LONGEST, True, True)
    listed = cell_of(["name"] * 5_000, NAMED)
    assert (listed.value, listed.more) == ("name, name, name", 4_997)


def test_long_and_right_to_left_names(shop):
    """A long name is shown as a whole, and the direction of one stays in its cell."""
    hebrew, long = "\u05e9\u05dc\u05d5\u05dd", "xy" * 127
    for name in (hebrew, long):
        shop.store.transaction(ManualEntry("line", name, {"note": "<b>"}, shop.editor(ORIGIN)))
    text = Browsing(shop, "viewer").text("/assets?fields=attributes.note")
    assert f"<bdi>{hebrew}</bdi>" in text
    assert rows(text)[0] == [long, "<b>"]
    assert "<b>" not in text


def test_typing_and_keys(console):
    """What is typed replaces the table alone; arrows move, x selects, Enter opens; axe finds nothing."""
    shop = console.shop
    for number in range(1, 31):
        shop.submit(
            "computers", {"hostname": f"PC-{number:02}", "osname": "Windows 11" if number > 3 else "Debian"}
        )
    visitor = console.visit("editor")
    page = visitor.open("/assets")
    page.evaluate("window.same = true")

    page.keyboard.press("/")
    page.keyboard.type("debian osnam")
    page.get_by_text("3 assets").wait_for(state="detached")
    page.keyboard.type("e:")
    page.locator(".query mark").wait_for()
    assert page.locator("#q").get_attribute("aria-invalid") == "true"
    page.locator("#q").fill("debian")
    page.locator("#found").get_by_text("3 assets", exact=True).wait_for()
    assert page.url.endswith("/assets?q=debian&state=active&sort=-assetid")
    assert page.locator("#said").inner_text() == "3 assets"
    assert page.locator("#q").get_attribute("aria-invalid") == "false"

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    assert page.locator("tr:focus-within th").inner_text() == "PC-02"
    assert page.locator("#retire").inner_text() == "Retire selected… (1)"
    assert visitor.axe() == []
    page.locator("#all").check()
    assert page.locator("#retire").inner_text() == "Retire selected… (3)"
    assert page.evaluate("window.same")
    page.locator("#retire").click()
    page.get_by_role("heading", name="Retire 3 assets?").wait_for()
    page.get_by_label("Reason").fill("scrapped")
    page.get_by_role("button", name="Retire").click()
    page.get_by_text("each can be restored").wait_for()
    assert page.url.endswith("/assets?q=debian&state=active&sort=-assetid")

    page.locator("#q").fill("pc-07")
    page.locator("#found").get_by_text("1 asset", exact=True).wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/assets/7")
    assert visitor.complaints == []


def test_without_scripts(console):
    """The form, the filters, the pages and the boxes work as plain HTML does."""
    for number in range(1, 4):
        console.shop.submit("computers", {"hostname": f"PC-{number}", "osname": "Debian"})
    page = console.visit("editor", scripts=False, viewport={"width": 390, "height": 844}).open(
        "/assets?limit=2"
    )
    page.get_by_label("Search", exact=True).fill("debian")
    page.get_by_label("Type").select_option(label="Computer")
    page.locator("#filters button").click()
    assert page.locator("tbody th").all_inner_texts()[-3:] == ["PC-3", "PC-2", "PC-1"]
    page.get_by_role("link", name="Columns").click()
    page.get_by_label("Memory (GiB)").check()
    page.get_by_role("button", name="Show these columns").click()
    assert "Memory (GiB)" in page.locator("#results thead").inner_text()
    page.get_by_label("Select PC-2").check()
    page.get_by_role("button", name="Retire selected…").click()
    assert page.get_by_role("heading", name="Retire 1 asset?").is_visible()
