"""The pages of reports: parameters, paging, sorting, links to assets, charts, and what can go wrong."""

import csv
import io
import re

import pytest
from people import add_user, cookie, login

from shopdb_core.console.reports.table import LONGEST_CELL, make_table
from shopdb_core.console.reports.view import LIMIT
from shopdb_hookspecs import Parameter, Report, hookimpl

HOSTILE = "<script>alert(1)</script>{{ 7*7 }}'\""
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}&#39;&#34;"
ABOVE = Parameter("above", "integer", "Only racks that are taller.", default=0)
ROOM = Parameter("room", "string", "The room, exactly.", required=True)
SORT = Parameter("sort", "number", "A name that the page must not need for itself.")


class Racks:
    """A collector of racks with reports of any rows."""

    def __init__(self, *reports):
        self.reports = reports

    @hookimpl
    def get_collector_schema(self):
        serial = {"type": "string", "title": "Serial number"}
        height = {"type": "integer", "title": "Height", "x-unit": "mm"}
        return {"identityfield": "serial", "fields": {"serial": serial, "height": height}}

    @hookimpl
    def get_reports(self):
        return self.reports


def report(rows, columns=("serial", "height"), parameters=(), **more):
    return Report("tall", "Tall racks", columns, rows, parameters, **more)


@pytest.fixture
def open_report(make_shop):
    """Return a function that makes a site with a report, and returns how to open pages of it."""

    def make(*reports):
        shop = make_shop({"racks": Racks(*reports)})
        add_user(shop, "viewer", "viewer")
        headers = {"Accept": "text/html", **cookie(login(shop, "viewer", cookies=True))}

        def show(query="", path="/reports/racks/tall"):
            return shop.client.simulate_get(path + query, headers=headers)

        show.shop = shop
        return show

    return make


def cells(answer):
    """Return the texts of the cells of the table of rows."""
    table = answer.text.partition('id="results"')[2]
    rows = re.findall(r"<tr>(.*?)</tr>", table.partition("<tbody>")[2], re.DOTALL)
    return [
        [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
        for row in rows
    ]


def test_the_list_has_every_report(open_report):
    """By plugin, with its parameters; a plugin that is quarantined is said."""
    show = open_report(report(lambda _, **_given: [], parameters=[ABOVE]))
    text = show(path="/reports").text
    assert 'href="/reports/racks/tall"' in text
    assert "Tall racks" in text
    assert "above" in text

    show.shop.plugins.quarantine("racks", "its import raised OSError")
    text = show(path="/reports").text
    assert "its import raised OSError" in text
    assert "No plugin has a report." in text


def test_rows_page_by_page(open_report):
    """The page says which rows they are; the next one goes on, and the last one is the last."""
    show = open_report(report(lambda _: ((f"R{number}", number) for number in range(LIMIT + 3))))

    first = show()
    second = show(f"?after={LIMIT}")

    assert cells(first)[-1] == [f"R{LIMIT - 1}", str(LIMIT - 1)]
    assert "Rows 1 to 100" in first.text
    assert f'href="/reports/racks/tall?after={LIMIT}"' in first.text
    assert cells(second) == [[f"R{number}", str(number)] for number in range(LIMIT, LIMIT + 3)]
    assert 'rel="next"' not in second.text
    assert "There are no more rows." in show("?after=500").text


def test_parameters_reach_the_report_and_its_files(open_report):
    """The CSV has exactly the rows that the parameters give, the JSON those of the page."""

    def rows(_connection, above, room, sort):
        return [(room, number) for number in range(5) if number > above and not sort]

    show = open_report(report(rows, parameters=[ABOVE, ROOM, SORT]))
    answer = show("?above=2&room=a%26b&sort=")
    files = [link.replace("&amp;", "&") for link in re.findall(r'href="(/api/reports/[^"]*)"', answer.text)]

    assert cells(answer) == [["a&amp;b", "3"], ["a&amp;b", "4"]]
    assert 'value="a&amp;b"' in answer.text
    table, page = (show.shop.client.simulate_get(file, headers=show.shop.bearer()) for file in files)
    assert [*csv.reader(io.StringIO(table.text))][1:] == [["a&b", "3"], ["a&b", "4"]]
    assert [[*item.values()] for item in page.json["items"]] == [["a&b", 3], ["a&b", 4]]


def test_a_required_parameter_is_asked_for(open_report):
    """Without an error, and without running the report."""
    show = open_report(report(lambda _, **_given: 1 / 0, parameters=[ROOM]))

    for query in ("", "?room="):
        answer = show(query)
        assert answer.status_code == 200
        assert "Fill in what is required" in answer.text
        assert "The room, exactly." in answer.text


def test_each_wrong_parameter_is_marked_at_its_field(open_report):
    """What was typed stays, also markup."""
    share = Parameter("share", "number", "Which share.")
    show = open_report(report(lambda _, **_given: 1 / 0, parameters=[ABOVE, share]))

    answer = show("?above=1.5&share=%3Cb%3E")

    assert answer.status_code == 400
    assert answer.text.count('aria-invalid="true"') == 2
    assert 'value="1.5"' in answer.text
    assert "above is not a valid integer: &#39;1.5&#39;; it must be a whole number of 64 bits." in answer.text
    assert "<b>" not in answer.text
    assert "CSV of all rows" not in answer.text


@pytest.mark.parametrize(
    "query", ["?nothing=1", "?after=-1", "?after=x", "?_sort=nothing", "?after=1&after=2"]
)
def test_an_address_that_is_not_valid(open_report, query):
    """It is a page that says what is wrong."""
    answer = open_report(report(lambda _: []))(query)

    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")


def test_a_page_is_sorted_and_says_what_of_it(open_report):
    """Up and down, values that are missing last; of more rows only those of the page."""
    rows = [("b", 2), ("A", 10), ("c", None), ("d", 1.5)]
    show = open_report(report(lambda _: rows))
    assert [row[0] for row in cells(show("?_sort=height"))] == ["d", "b", "A", "c"]
    assert [row[0] for row in cells(show("?_sort=-height"))] == ["A", "b", "d", "c"]
    assert [row[0] for row in cells(show("?_sort=serial"))] == ["A", "b", "c", "d"]
    assert 'aria-sort="descending"' in show("?_sort=-height").text
    assert "Only the rows of this page are sorted" not in show("?_sort=height").text

    many = open_report(report(lambda _: ((f"R{number}", -number) for number in range(LIMIT + 1))))
    answer = many("?_sort=height")
    assert cells(answer)[0][0] == f"R{LIMIT - 1}"
    assert "Only the rows of this page are sorted" in answer.text


def test_cells_lead_to_assets(open_report):
    """By `assetid`, or by the identity among the assets of the plugin; what is not an asset is a text."""
    by_id = Report(
        "ids", "Ids", ("identityvalue", "assetid", "owner"), lambda _: [("R1", 7, "x"), ("R2", None, "y")]
    )
    by_name = Report("names", "Names", ("identityvalue",), lambda _: [("r1",), ("gone",), (None,), (5,)])
    show = open_report(by_id, by_name)
    show.shop.submit("racks", {"serial": "R1"})

    text = show(path="/reports/racks/ids").text
    assert text.count('href="/assets/7"') == 2
    text = show(path="/reports/racks/names").text
    assert text.count('href="/assets/') == 1
    assert '<a href="/assets/1"><bdi>r1</bdi></a>' in text


def test_columns_have_the_titles_of_the_declaration(open_report):
    """Of the field with the same name, with its unit; of the identity, that of its field."""
    columns = ("identityvalue", "height", "other")
    show = open_report(report(lambda _: [("R1", 7, 1)], columns, category="other", number="height"))

    text = show().text

    titles = re.findall(r'title="(\w+)" href="[^"]*_sort=[^"]*"><bdi>(.*?)</bdi>', text)
    assert titles == [("identityvalue", "Serial number"), ("height", "Height (mm)"), ("other", "other")]
    assert "Height (mm) by other" in text


def test_columns_may_have_one_name(open_report):
    """Two of them are shown, though no program can tell them apart."""
    show = open_report(report(lambda _: [("R1", 7)], ("height", "height")))

    assert cells(show("?_sort=height")) == [["R1", "7"]]


def test_a_chart_has_the_sums_of_the_page(open_report):
    """Of each category; above the table, with the numbers as text."""
    rows = [("a", 1), ("b", 5), ("a", 2), (None, 4)]
    show = open_report(report(lambda _: rows, category="serial", number="height"))

    text = show().text

    found = re.findall(r'<th scope="row"><bdi>(.*?)</bdi></th><td class="number">(.*?)</td>', text)
    assert found == [("b", "5"), ("", "4"), ("a", "3")]
    assert "Height (mm) by Serial number" in text
    assert "of the rows on this page" not in text


def test_a_report_that_fails_keeps_its_form(open_report, caplog):
    """The page names plugin and report, the log has the rest, and the others run."""
    show = open_report(report(lambda _, above: [1 / above], parameters=[ABOVE]))

    answer = show("?above=0")

    assert answer.status_code == 500
    assert "This report failed." in answer.text
    assert "the report tall raised ZeroDivisionError" in answer.text
    assert 'name="above"' in answer.text
    assert "ZeroDivisionError" in caplog.text


def test_a_report_that_is_not_there(open_report):
    """Quarantined, unknown, or of a plugin that is not installed: each says what to do."""
    show = open_report(report(lambda _: []))
    unknown = show(path="/reports/racks/short")
    absent = show("?above=3", path="/reports/desks/tall")
    show.shop.plugins.quarantine("racks", "its import raised OSError")
    quarantined = show("?above=3&above=4")

    assert (unknown.status_code, absent.status_code, quarantined.status_code) == (404, 404, 503)
    assert "The plugin racks has no report of this name." in unknown.text
    assert "There is no plugin named desks on this site." in absent.text
    assert "The plugin racks is quarantined: its import raised OSError" in quarantined.text


def test_what_a_report_says_is_text(open_report):
    """Cells, columns, title, description of parameters, categories."""
    parameter = Parameter("above", "string", HOSTILE, default=HOSTILE)
    hostile = Report(
        "tall",
        HOSTILE,
        (HOSTILE, "n"),
        lambda _, **_given: [(HOSTILE, 1)],
        [parameter],
        category=HOSTILE,
        number="n",
    )
    names = Report("names", "Names", ("identityvalue",), lambda _: [(HOSTILE,)])
    show = open_report(hostile, names)
    show.shop.submit("racks", {"serial": HOSTILE})
    text, linked = show().text, show(path="/reports/racks/names").text

    assert text.count(ESCAPED) >= 6
    assert f'<a href="/assets/1"><bdi>{ESCAPED}</bdi></a>' in linked
    assert "<script>alert" not in text + linked


def test_kinds_of_cells():
    """Times are those of the viewer, ids stay plain, a long text is cut."""
    rows = [("2026-11-22T10:00:00Z", 1234567, 1234567, True, "x" * 5000, "2026-11-22")]
    columns = ("lastseenat", "assetid", "pages", "on", "note", "day")

    (row,) = make_table(columns, rows, 0, more=False).rows

    assert [cell.kind for cell in row] == ["time", "number", "number", "flag", "text", "text"]
    assert [cell.assetid for cell in row] == [None, 1234567, None, None, None, None]
    assert (len(row[4].text), row[4].cut, row[5].cut) == (LONGEST_CELL, True, False)
    assert make_table(columns, rows, 0, more=False).numbers == {"pages"}


def test_a_report_in_a_browser(make_console, make_shop):
    """Run with the keyboard, sorted by a click, accessible on a desktop and a phone, without scripts."""
    rows = [(f"R{number} \u202ehsoh", number, "2026-11-22T10:00:00Z", None) for number in range(30)]
    tall = Report(
        "tall",
        "Tall racks",
        ("identityvalue", "height", "seenat", "note"),
        lambda _, above: [row for row in rows if row[1] >= above],
        [ABOVE],
        category="identityvalue",
        number="height",
    )
    console = make_console(make_shop({"racks": Racks(tall)}))
    visitor = console.visit("viewer", theme="dark")
    page = visitor.open("/reports")
    assert visitor.axe() == []
    page.get_by_role("link", name="Tall racks").click()
    page.get_by_label("above").fill("28")
    page.get_by_label("above").press("Enter")
    page.get_by_role("link", name="Height (mm)", exact=True).click()
    assert page.url.endswith("/reports/racks/tall?above=28&_sort=height")
    assert page.locator("#results tbody tr").count() == 2
    assert visitor.axe() == []

    phone = console.visit("viewer", viewport={"width": 390, "height": 844}, scripts=False)
    page = phone.open("/reports/racks/tall?above=x")
    assert page.locator("[aria-invalid=true]").count() == 1
    page = phone.open("/reports/racks/tall")
    assert page.locator("#results tbody tr").count() == 30
    assert visitor.complaints == phone.complaints == []
