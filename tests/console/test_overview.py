"""The overview: what it links to, what needs attention, an empty site, a screen on a wall."""

import re
from datetime import UTC, date, datetime, timedelta
from gettext import NullTranslations

import pytest
from people import add_user, cookie, login

from shopdb_core.console.framework.language import Language
from shopdb_core.console.overview.view import daily_chart, weekly_chart
from shopdb_core.operations.overview import Overview
from shopdb_core.operations.records import record_backup
from shopdb_core.outcomes.totals import DayTotals
from shopdb_core.plugins.served_declarations import BreakingChanges
from shopdb_hookspecs import Report, hookimpl

HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }}'\""


class Racks:
    """A plugin with a report that needs attention, and a name for people."""

    def __init__(self, rows=lambda _: [(1,)], text="Racks that lean"):
        self.report = Report("leaning", "Leaning", ("height",), rows, attention=text)
        self.text = text

    @hookimpl
    def get_collector_schema(self):
        fields = {"serial": {"type": "string"}}
        return {"identityfield": "serial", "fields": fields, "x-label": self.text[:40]}

    @hookimpl
    def get_reports(self):
        return [self.report]


def show(shop, path="/", role="viewer"):
    """Return a page as somebody with this role sees it."""
    if not hasattr(shop, "browser"):
        add_user(shop, role, role)
        shop.browser = {"Accept": "text/html", **cookie(login(shop, role, cookies=True))}
    answer = shop.client.simulate_get(path, headers=shop.browser)
    # On a busy machine a report is counted later.
    return show(shop, path, role) if "(is being counted)" in answer.text else answer


def links(answer):
    return set(re.findall(r'href="(/[^"]*)"', answer.text.replace("&amp;", "&")))


def fill(shop):
    """Submit to both collectors, with a silent computer, a finding, a low toner and a refusal."""
    for number in range(2):
        shop.submit("computers", {"hostname": f"PC-{number}", "macaddress": "00:1A:2B:00:00:01"})
    shop.submit("printers", {"serialnumber": "SN-1", "errorstate": ["nopaper"]})
    shop.post("printers", {"serialnumber": "SN-1", "model": 7})
    shop.store.transaction(
        lambda connection: connection.exec_driver_sql(
            "UPDATE asset SET lastseenat = '2020-01-01 00:00:00' WHERE assetid = 1"
        )
    )
    shop.recorder.write()


@pytest.fixture
def filled(make_shop):
    """Return a site of which everything can be said."""
    shop = make_shop()
    fill(shop)
    return shop


def test_everything_leads_to_its_list(filled):
    """Types, silent assets, reports, findings, refusals, collectors."""
    filled.broken = {"computers": BreakingChanges("1.0", None, ("/fields/osname: was removed",))}
    answer = show(filled)

    assert answer.status_code == 200
    assert {
        "/assets?assettype=computers",
        "/assets?assettype=computers&q=seen%3E30d",
        "/reports/printers/needs",
        "/duplicates?kind=renamed",
        "/collectors/computers",
        "/refusals?plugin=printers",
    } <= links(answer)
    assert "Printers that need toner or paper" in answer.text
    assert "breaks what clients of computers could rely on" in answer.text
    assert "422 type" in answer.text
    assert "No backup was ever made." in answer.text


def test_the_link_to_silent_assets_finds_as_many_as_it_says(filled):
    """The search counts days as the overview does."""
    (link,) = (each for each in links(show(filled)) if "seen%3E" in each)

    items = filled.get(f"/api{link}").json["items"]

    assert [each["assetid"] for each in items] == [1]
    assert "1 silent" in show(filled).text


def test_a_calm_site_says_so(make_shop):
    """With a backup and a head, nothing silent and nothing refused."""
    shop = make_shop()
    shop.submit("computers", {"hostname": "PC-1"})
    now = datetime.now(UTC)
    shop.store.transaction(lambda connection: record_backup(connection, now, "b.tar", 7, verified=True))
    shop.store.transaction(
        lambda connection: connection.exec_driver_sql(
            f"INSERT INTO audithead (auditid, at) VALUES (1, '{now - timedelta(hours=1):%Y-%m-%d %H:%M:%S}')"
        )
    )

    assert "Nothing needs attention." in show(shop).text


def test_an_empty_site_shows_the_first_submission(make_shop):
    """With the address and the required fields of each collector; and what is quarantined."""
    shop = make_shop()
    shop.plugins.quarantine("printers", "its import raised OSError")

    text = show(shop).text

    assert "There is no asset yet." in text
    assert "/api/collector/computers" in text
    assert "&#34;hostname&#34;" in text
    assert "The plugin printers is quarantined: its import raised OSError" in text
    assert "/api/collector/printers" not in text


def test_a_first_submission_is_seen_at_once(make_shop):
    """The overview of a site without assets is not kept."""
    shop = make_shop()
    assert "There is no asset yet." in show(shop).text
    shop.submit("computers", {"hostname": "PC-1"})

    assert "/assets?assettype=computers" in show(shop).text


def test_what_a_plugin_and_a_client_wrote_is_text(make_shop):
    """Its label, the sentence of a report, why it is quarantined."""
    shop = make_shop({"racks": Racks(text=HOSTILE), "other": Racks()})
    shop.submit("racks", {"serial": "R1"})
    shop.plugins.quarantine("other", HOSTILE)

    text = show(shop).text

    assert text.count("&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }}&#39;&#34;") >= 3
    assert "<img src=x" not in text


def test_a_report_that_fails_does_not_break_the_page(make_shop):
    """Its line says so, and leads to it."""
    shop = make_shop({"racks": Racks(lambda _: [1 / 0])})
    shop.submit("racks", {"serial": "R1"})

    answer = show(shop)

    assert answer.status_code == 200
    assert "Racks that lean: this report failed" in answer.text
    assert "/reports/racks/leaning" in links(answer)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_overview_is_accessible(make_console, filled, theme):
    """On a desktop with the tables open, and on a phone; nothing is wider than the screen."""
    console = make_console(filled)
    for viewport in ({"width": 1280, "height": 900}, {"width": 390, "height": 844}):
        visitor = console.visit("viewer", theme=theme, viewport=viewport)
        page = visitor.open("/")
        page.locator("details summary").first.click()

        assert visitor.axe() == []
        assert visitor.complaints == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_refreshes_itself_unless_it_is_in_use(make_console, filled):
    """Each 30 seconds; not while something in it has the focus, which would be lost."""
    visitor = make_console(filled).visit("viewer")
    visitor.page.clock.install()
    page = visitor.open("/?wall=1")
    page.wait_for_function("window.htmx")
    assert not page.locator(".top").is_visible()
    page.evaluate("document.querySelector('#overview').dataset.mark = 'old'")
    page.clock.fast_forward(31_000)
    page.wait_for_selector("#overview:not([data-mark])")

    page.locator("#overview a").first.focus()
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    page.clock.fast_forward(31_000)
    page.evaluate("fetch('/api/health')")

    assert [url.removeprefix(visitor.url) for url in sent] == ["/api/health"]
    assert visitor.complaints == []


def test_a_wall_screen_outlives_a_server_that_is_away(make_console, filled):
    """It keeps what it shows and says that it is old, until the server answers again."""
    visitor = make_console(filled).visit("viewer")
    visitor.page.clock.install()
    page = visitor.open("/?wall=1")
    page.wait_for_function("window.htmx")
    old = page.get_by_text("These numbers are those of before.")
    for answer in (lambda route: route.fulfill(status=503, body="away"), lambda route: route.abort()):
        page.route("**/?wall=1", answer)
        page.clock.fast_forward(31_000)
        old.wait_for()
        assert page.get_by_text("Printers that need toner or paper").is_visible()

        page.unroute("**/?wall=1")
        page.clock.fast_forward(31_000)
        old.wait_for(state="hidden")


def test_each_submission_is_in_one_column():
    """Of the last 14 days, and of the 52 weeks that end today; a label where a month begins."""
    today = date(2026, 11, 27)
    days = tuple(DayTotals(today - timedelta(days=back), noop=1, refused=2) for back in reversed(range(372)))
    overview = Overview(datetime(2026, 11, 27, 12, tzinfo=UTC), (), {}, 30, days, (), {}, None, None)
    language = Language("en", NullTranslations(), UTC, "auto", overview.at)

    fortnight, year = daily_chart(overview, language), weekly_chart(overview, language)

    assert [column.label for column in fortnight.columns][-2:] == ["26", "27"]
    assert {column.numbers for column in fortnight.columns} == {(2, 0, 0, 1)}
    assert [column.numbers[3] for column in year.columns] == [7] * 51 + [5]
    assert [column.title for column in year.columns][-1] == "Nov 23, 2026"
    assert [column.label for column in year.columns if column.label][-3:] == ["Sep", "Oct", "Nov"]
    assert [series.total for series in year.series] == [2 * 362, 0, 0, 362]
