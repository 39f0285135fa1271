"""The log of the site: its filters, one entry, and what happened on a day."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from browsing import Browsing, active_parts, plain
from databases import execute
from fleet import Fleet
from shops import Shop
from sqlalchemy import make_url

from shopdb_core.audit.browsing import pages as audit_pages
from shopdb_core.submissions import Origin

HOSTILE = "\"'><img src=x onerror=alert(1)>"
SITE_FIELDS = '{"properties": {"owner": {"type": "string", "title": "Owner"}}}'


@pytest.fixture
def fleet(make_shop: Callable[..., Shop], tmp_path: Path) -> Fleet:
    """Return a site with entries of two collectors and of people."""
    (tmp_path / "fields.json").write_text(SITE_FIELDS)
    fleet = Fleet(make_shop(site_fields=str(tmp_path / "fields.json")))
    old, new, vim = {"name": "Firefox", "version": "9"}, {"name": "Firefox", "version": "10"}, {"name": "Vim"}
    fleet.computer("PC-1", osname="Windows 10", installedsoftware=[old], memorygb=8)
    fleet.computer("PC-1", osname="Windows 11", installedsoftware=[new, vim], memorygb=16)
    fleet.computer("PC-1", osname="Windows 11")
    origin = Origin("collector:printers", "run-7", source="snmp")
    fleet.shop.submissions.submit("printers", {"serialnumber": "SN-1"}, origin)
    headers = {"If-Match": '"2"'}
    fleet.shop.edit("PATCH", "/api/assets/1", {"sitefields": {"owner": HOSTILE}}, **headers)
    fleet.relate(1, 2)
    return fleet


@pytest.fixture
def viewer(fleet: Fleet) -> Browsing:
    return Browsing(fleet.shop, "viewer")


def rows(page: str) -> list[str]:
    """Return the text of each row of the log."""
    table = page.partition('<table class="log rows-stack">')[2].partition("</table>")[0]
    return [plain(row) for row in re.findall(r"(?s)<tr[ >].*?</tr>", table)[1:]]


def test_the_log_has_changes_in_words_the_newest_first(viewer: Browsing) -> None:
    """With the titles and units of the declaration; what changed nothing is only counted."""
    page = viewer.text("/changes")
    related, owner, printer, updated, created = rows(page)

    assert "related tester Relationships: part_of added asset 2" in related
    assert f"updated tester Owner: {HOSTILE}" in owner
    assert "SN-1 created printers · snmp with 1 field" in printer
    assert "Memory: 8 GiB → becomes 16 GiB" in updated
    assert "Operating system: Windows 10 → becomes Windows 11" in updated
    assert "Installed software: Firefox upgraded 9 → becomes 10 Vim added" in updated
    assert "PC-1 created computers with 4 fields" in created
    assert "1 submission without a change is not shown." in page
    assert active_parts(page) == []


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("plugin=printers", 1),
        ("plugin=@people", 2),
        ("plugin=nobody", 0),
        ("source=snmp&plugin=&actor=", 1),
        ("actor=tester", 4),
        ("action=created", 2),
        ("field=osname", 2),
        ("field=owner", 1),
        ("requestid=run-7", 1),
        ("show=all", 6),
        ("show=lasting", 5),
        ("from=2001-01-01T00:00&to=2002-01-01T00:00", 0),
        ("from=2001-01-01T00:00:00Z", 5),
    ],
)
def test_every_filter_is_in_the_address(viewer: Browsing, query: str, number: int) -> None:
    """A field that a form sends empty is no filter."""
    page = viewer.text(f"/changes?{query}")

    assert len(rows(page)) == number
    assert ("No entry fits these filters." in page) == (number == 0)


def test_the_same_entries_in_the_api(viewer: Browsing) -> None:
    """Where the API has the filters, and nowhere else."""
    assert 'href="/api/audit?action=created&amp;plugin=computers"' in viewer.text(
        "/changes?plugin=computers&action=created"
    )
    assert 'href="/api/audit"' in viewer.text("/changes")
    assert 'href="/api/audit' not in viewer.text("/changes?actor=tester")


def test_pages_follow_each_other(fleet: Fleet, viewer: Browsing) -> None:
    """Fifty rows a page, in the order of the ids, and each page keeps the filters."""
    for number in range(60):
        fleet.computer("PC-1", memorygb=number + 100)

    first = viewer.text("/changes?field=memorygb")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    second = viewer.text(following[1].replace("&amp;", "&"))

    assert (len(rows(first)), len(rows(second))) == (50, 12)
    assert 'value="memorygb"' in second
    assert 'rel="next"' not in second


def test_a_page_that_looked_long_enough_says_how_far(viewer: Browsing, monkeypatch) -> None:
    """It has a way to go on, even without a row."""
    for name, value in (("FIRST_CHUNK", 2), ("LARGEST_CHUNK", 2)):
        monkeypatch.setattr(audit_pages, name, value)
    monkeypatch.setattr(audit_pages.time, "monotonic", iter(range(100)).__next__)

    page = viewer.text("/changes?requestid=nobody")

    assert "were looked through; go on to look further." in page
    assert 'rel="next"' in page
    assert "No entry fits" not in page


def test_many_changes_of_a_list_are_numbers(fleet: Fleet, viewer: Browsing) -> None:
    """A row has how many of each kind; the page of the entry has each of them."""
    programs = [{"name": f"Program {number}", "version": "2"} for number in range(9)]
    fleet.computer("PC-1", installedsoftware=programs)

    row = rows(viewer.text("/changes"))[0]

    assert "Installed software: 2 removed 9 added" in row
    assert viewer.text("/changes/7").count(">added</span>") == 9


def test_one_entry_has_its_place_in_the_chain(fleet: Fleet, viewer: Browsing) -> None:
    """And says that it is not intact once somebody changed it."""
    page = plain(viewer.text("/changes/2"))
    assert "Seal intact" in page
    assert "2 of 5 entries of this asset" in page
    assert "Firefox upgraded 9 → becomes 10" in page

    execute(make_url(fleet.shop.settings.database_url), "UPDATE auditentry SET actor = 'x' WHERE auditid = 2")

    assert "not intact" in plain(viewer.text("/changes/2"))
    assert "Nothing changed: the submission was the same as before." in plain(viewer.text("/changes/3"))
    missing = viewer.open("/changes/99")
    assert missing.status_code == 404
    assert "There is no audit entry 99, or it was pruned." in plain(missing.text)


def test_a_day_in_numbers(today: date, viewer: Browsing) -> None:
    """Of the viewer's zone, with links to the log of the day."""
    page = viewer.text(f"/changes/day/{today}")
    text = plain(page)

    table = text.replace("\N{EN DASH}", "-")
    assert re.search(r"computers 1 1 1 - .*printers 1 - - - .*People - 1 - 1", table)
    assert "created" in text
    assert "PC-1" in text
    assert "Memory 1" in text
    assert f"/changes/day/{today - timedelta(days=1)}" in page
    assert f"/changes/day/{today + timedelta(days=1)}" not in page
    log = re.search(r'href="(/changes\?[^"]+)">The log of this day', page)
    assert log
    assert len(rows(viewer.text(log[1].replace("&amp;", "&")))) == 5
    assert "Nothing happened on this day" in viewer.text("/changes/day/2001-01-01")


@pytest.mark.parametrize(
    "path",
    [
        "/changes?from=yesterday",
        "/changes?action=destroyed",
        "/changes?colour=red",
        "/changes?before=0",
        "/changes/day/20261122",
        "/changes/day/9999-12-31",
    ],
)
def test_a_wrong_address_is_explained(viewer: Browsing, path: str) -> None:
    """What is wrong, and what it must be."""
    answer = viewer.open(path)

    assert answer.status_code == 400
    assert re.search(r"must|takes|is not a day such as", plain(answer.text))


def test_an_entry_of_a_plugin_that_vanished_has_the_names_of_fields(fleet: Fleet, viewer: Browsing) -> None:
    """Not their titles, which its declaration had."""
    statement = "UPDATE asset SET assettype = 'gone' WHERE assetid = 1"
    execute(make_url(fleet.shop.settings.database_url), statement)

    assert "osname: Windows 10" in plain(viewer.text("/changes"))


def test_the_pages_in_a_browser(today: date, make_console: Callable[[Shop], Any], fleet: Fleet) -> None:
    """Nothing that axe-core or the browser complains of; a filter changes list and address at once."""
    visitor = make_console(fleet.shop).visit("viewer", theme="dark")
    page = visitor.open("/changes")
    assert visitor.axe() == []

    page.get_by_label("Collector").select_option("printers")
    page.wait_for_url("**/changes?plugin=printers&show=changes")
    assert page.locator(".log tbody tr").count() == 1

    for path in ("/changes/2", f"/changes/day/{today}"):
        visitor.open(path)
        assert visitor.axe() == []
    assert visitor.complaints == []
