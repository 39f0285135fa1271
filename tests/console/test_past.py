"""The past of an asset: its timeline, the asset as of a moment, what changed between two, and reverting."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from browsing import Browsing, active_parts, plain
from editing import patch, retire
from fleet import Fleet
from shops import Shop

from shopdb_core.audit.prune import Expiry, prune
from shopdb_core.console.past import view

FIREFOX, NEWER, VIM = (
    {"name": "Firefox", "version": "9"},
    {"name": "Firefox", "version": "10"},
    {"name": "Vim", "version": "9.1"},
)
PAST = "/assets/1/past"


@pytest.fixture
def fleet(make_shop: Callable[..., Shop], tmp_path: Path) -> Fleet:
    """Return a site with a computer: created, changed, two noops, changed by a person, changed."""
    (tmp_path / "fields.json").write_text('{"properties": {"owner": {"type": "string", "title": "Owner"}}}')
    fleet = Fleet(make_shop(site_fields=str(tmp_path / "fields.json")))
    fleet.computer("PC-1", osname="Windows 10", installedsoftware=[FIREFOX], model="M")
    for _ in range(3):
        fleet.computer("PC-1", osname="Windows 11", installedsoftware=[FIREFOX])
    patch(fleet.shop, {"sitefields": {"owner": "ann"}})
    fleet.computer("PC-1", installedsoftware=[NEWER, VIM])
    return fleet


@pytest.fixture
def editor(fleet: Fleet) -> Browsing:
    return Browsing(fleet.shop, "editor")


def times(fleet: Fleet, assetid: int = 1) -> list[str]:
    """Return the times of the asset's entries as an address has them."""
    items = fleet.shop.get(f"/api/assets/{assetid}/history").json["items"]
    return [item["at"] for item in items]


def lines(page: str) -> list[str]:
    """Return the text of each line of the timeline."""
    timeline = "".join(re.findall(r'(?s)<ol class="[^"]*timeline">(.*?)</ol>', page))
    return [plain(f"<li{line}") for line in timeline.split('<li class="line')[1:]]


def test_the_timeline_is_in_words_with_noops_in_one_line(editor: Browsing) -> None:
    """The newest first, by days."""
    page = editor.text(PAST)
    software, owner, noops, osname, created = lines(page)

    assert "Installed software: Firefox upgraded 9 → becomes 10 Vim added 9.1" in software
    assert "Owner: ann" in owner
    assert "2 submissions without a change since" in noops
    assert "Operating system: Windows 10 → becomes Windows 11" in osname
    assert "created with 4 fields" in created
    assert page.count("<h2>") == 1
    assert active_parts(page) == []


def test_the_timeline_of_one_field(editor: Browsing) -> None:
    """What is left out between its changes is counted."""
    found = lines(editor.text(f"{PAST}?field=osname&show="))

    assert [("osname" in line or "Operating" in line, "other" in line) for line in found] == [
        (False, True),
        (True, False),
        (False, False),
    ]
    assert "4 other entries" in found[0]
    assert "No entry of this asset fits" in editor.text(f"{PAST}?field=nothing")


def test_the_timeline_goes_on_on_the_next_page(fleet: Fleet, editor: Browsing) -> None:
    """No entry and no noop is missing or there twice."""
    for number in range(60):
        fleet.computer("PC-1", memorygb=number + 1)
        fleet.computer("PC-1", memorygb=number + 1)
    page = editor.text(PAST)
    found = lines(page)
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    found += lines(editor.text(following[1].replace("&amp;", "&")))

    assert sum("Memory:" in line for line in found) == 60
    assert sum("1 submission without a change" in line for line in found) == 60


def test_what_was_pruned_has_its_place(fleet: Fleet, editor: Browsing) -> None:
    """As one line with the number of entries."""
    later = datetime.now(UTC) + timedelta(2)
    list(prune(fleet.shop.store, fleet.shop.chain, [Expiry("noop", later, later)], bool))

    assert "2 entries were pruned" in lines(editor.text(PAST))[2]


def test_the_asset_as_of_a_moment_beside_that_of_now(fleet: Fleet, editor: Browsing) -> None:
    """What differs is marked; lists say what has changed in them since."""
    page = plain(editor.text(f"{PAST}?at={times(fleet)[0]}"))

    assert "Operating system Windows 10 Windows 11" in page
    assert "Model M the same" in page
    assert "Owner \N{EN DASH} ann" in page
    assert "Installed software 1 differs from now" in page
    assert "Firefox upgraded 9 → becomes 10 Vim added 9.1" in page
    assert "3 fields differ from now" in page
    assert "Change before" not in page
    assert "Change after" in page
    now = plain(editor.text(f"{PAST}?at=2999-01-01T00:00:00Z"))
    assert "nothing differs from now" in now
    assert "Change after" not in now


def test_going_from_change_to_change(fleet: Fleet, editor: Browsing) -> None:
    """The buttons pass over noops; the slider has a position for each change."""
    at = times(fleet)
    page = editor.text(f"{PAST}?at={at[3]}")
    before, after = (
        re.findall(rf'rel="{rel}" href="{PAST}\?at=([^"]+)"', page)[0] for rel in ("prev", "next")
    )
    assert (before, after) == (at[0], at[4])

    assert re.search(r'max="4" value="2"', page)
    step = editor.open(f"{PAST}?step=3")
    assert step.headers["hx-replace-url"] == f"{PAST}?at={at[4]}"
    assert "Owner ann the same" in plain(step.text)


def test_of_many_changes_the_slider_has_some(editor: Browsing, monkeypatch) -> None:
    """Their number is that of all."""
    monkeypatch.setattr(view, "MOST_STEPS", 2)

    page = editor.text(PAST)

    assert 'max="2" value="2"' in page
    assert "4 changes" in page


def test_values_that_were_pruned_are_named(fleet: Fleet, editor: Browsing) -> None:
    """The others are known."""
    for day in (1, 2, 3):
        fleet.computer("PC-1", lastboottime=f"2026-01-0{day}T00:00:00Z")
    at = times(fleet)[-3]
    later = datetime.now(UTC) + timedelta(2)
    list(prune(fleet.shop.store, fleet.shop.chain, [Expiry("noop", later, later)], bool))

    page = plain(editor.text(f"{PAST}?at={at}"))

    assert re.search(r"What these fields were then was pruned: .*Last start", page)
    assert "Last start unknown" in page
    assert "Operating system Windows 11 the same" in page


def test_the_difference_of_two_moments(fleet: Fleet, editor: Browsing) -> None:
    """From one to the other, from the beginning, or to now."""
    at = times(fleet)

    page = plain(editor.text(f"{PAST}?from={at[0]}&to={at[4]}"))
    assert "Operating system: Windows 10 → becomes Windows 11" in page
    assert "Owner: ann" in page
    assert "Firefox" not in page
    assert "Firefox upgraded 9 → becomes 10" in plain(editor.text(f"{PAST}?from={at[4]}&to="))
    assert "Nothing differs" in plain(editor.text(f"{PAST}?from={at[2]}&to={at[3]}"))


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("at=2001-01-01T00:00:00Z", 404, "There was no asset 1 at 2001-01-01"),
        ("from=2020-01-01T00:00&to=2019-01-01T00:00", 400, "to must not be before from"),
        ("from=now", 400, "from must be a date and a time"),
        ("to=2001-01-01T00:00", 400, "to must not be before from"),
    ],
)
def test_what_cannot_be_shown_is_said_in_the_page(
    editor: Browsing, query: str, status: int, message: str
) -> None:
    """With the form to ask again."""
    answer = editor.open(f"{PAST}?{query}")

    assert answer.status_code == status
    assert message in plain(answer.text)
    assert 'name="step"' in answer.text


def test_an_asset_without_a_past_to_show(fleet: Fleet, editor: Browsing) -> None:
    """One that never was, one that was erased, one that was merged, one of a plugin that vanished."""
    assert editor.open("/assets/99/past").status_code == 404
    other = fleet.computer("PC-2")
    fleet.merge(1, other)
    assert "was merged into asset 1" in plain(editor.text(f"/assets/{other}/past"))
    assert f"of asset {other}, which was merged into this one" in plain(editor.text(PAST))
    fleet.erase(fleet.cell("Cell"))
    assert editor.open("/assets/3/past").status_code == 410


def test_reverting_shows_its_effect_first(fleet: Fleet, editor: Browsing) -> None:
    """The fields of people stay; nothing is written by looking."""
    preview = f"{PAST}/revert?auditid=1"
    page = plain(editor.text(preview))
    assert "Operating system: Windows 11 → becomes Windows 10" in page
    assert "Firefox downgraded 10 → becomes 9" in page
    assert len(times(fleet)) == 6

    answer = editor.send(preview, f"{PAST}/revert")

    assert (answer.status_code, answer.headers["location"]) == (303, "/assets/1")
    attributes = fleet.shop.get("/api/assets/1").json["attributes"]
    assert (attributes["osname"], attributes["installedsoftware"]) == ("Windows 10", [FIREFOX])
    assert "Reverting would change nothing." in plain(editor.text(preview))


def test_two_people_who_edit_one_asset(fleet: Fleet, editor: Browsing) -> None:
    """The one who comes second sees what reverting would do now, and may go on."""
    fields = {"auditid": "1", "version": "4"}
    retire(fleet.shop)

    answer = editor.post(f"{PAST}/revert", fields)

    assert answer.status_code == 412
    assert "The asset was changed since you opened this page" in plain(answer.text)
    assert 'name="version" value="5"' in answer.text
    assert editor.post(f"{PAST}/revert", {**fields, "version": "5"}).status_code == 303
    assert editor.post(f"{PAST}/revert", {"auditid": "1"}).status_code == 400
    assert editor.open(f"{PAST}/revert?auditid=99").status_code == 404


def test_who_may_not_revert_is_not_offered_it(fleet: Fleet, editor: Browsing) -> None:
    """A viewer has no link, and a merged asset none either."""
    assert "/past/revert" in editor.text(PAST)
    assert "/past/revert" not in Browsing(fleet.shop, "viewer").text(PAST)
    other = fleet.computer("PC-2")
    fleet.merge(1, other)
    assert "/past/revert" not in editor.text(f"/assets/{other}/past")


def test_the_slider_in_a_browser(make_console: Callable[[Shop], Any], fleet: Fleet) -> None:
    """Moving it shows the asset of then and its address; axe-core and the browser complain of nothing."""
    visitor = make_console(fleet.shop).visit("editor")
    page = visitor.open(PAST)
    assert visitor.axe() == []
    slider = page.get_by_label("4 changes")
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_url(f"**{PAST}?at=*")
    row = page.locator(".then-and-now tr.differs", has_text="Operating system")
    assert row.locator("td").all_inner_texts() == ["Windows 10", "Windows 11"]
    assert slider.get_attribute("aria-valuetext") == page.locator("#moment").get_attribute("data-moment")
    page.keyboard.press("ArrowRight")
    page.locator(".page-head a[rel=prev]").wait_for()
    assert visitor.axe() == []
    page.get_by_role("link", name="Change before").click()
    page.get_by_role("link", name="Change after").wait_for()
    assert page.locator("#step").input_value() == "1"
    for query in (f"?from={times(fleet)[0]}", "/revert?auditid=1"):
        visitor.open(PAST + query)
        assert visitor.axe() == []
    assert visitor.complaints == []


def test_without_scripts_a_button_moves_the_slider(make_console: Callable[[Shop], Any], fleet: Fleet) -> None:
    """On a phone, where nothing is wider than the screen."""
    visitor = make_console(fleet.shop).visit("viewer", scripts=False, viewport={"width": 390, "height": 844})
    page = visitor.open(PAST)
    page.locator("#step").fill("1")
    page.get_by_role("button", name="Go").click()

    assert page.locator(".then-and-now tr.differs", has_text="Operating system").count() == 1
    assert page.locator("main").bounding_box()["width"] <= 390
