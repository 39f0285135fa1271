"""The pages of an asset in a real browser: nothing that axe-core or the browser complains of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from editing import PC
from shops import Shop

SITE_FIELDS = '{"properties": {"owner": {"type": "string", "title": "Owner", "description": "Who answers."}}}'
HOSTILE = "\"'><img src=x onerror=alert(1)>"
PROGRAMS = [{"name": f"Program {number:03}", "version": f"1.{number}"} for number in range(250)]
DISKS = [{"name": "sda", "model": HOSTILE, "sizebytes": 512110190592}]


@pytest.fixture
def console(make_console: Callable[[Shop], Any], make_shop: Callable[..., Shop], tmp_path: Path) -> Any:
    """Return the console of a site with a computer (1) and a printer (2), related to each other."""
    (tmp_path / "fields.json").write_text(SITE_FIELDS)
    shop = make_shop(site_fields=str(tmp_path / "fields.json"))
    shop.submit("computers", {**PC, "installedsoftware": PROGRAMS, "disks": DISKS, "model": HOSTILE})
    supplies = [{"name": HOSTILE, "levelpercent": 4}, {"name": "Drum", "levelstate": "unknown"}]
    shop.submit("printers", {"serialnumber": HOSTILE, "supplies": supplies})
    shop.edit("POST", "/api/assets/1/relationships", {"relationshiptype": "uses", "targetassetid": 2})
    return make_console(shop)


def test_long_and_hostile_values_on_a_phone(console: Any) -> None:
    """Pages are as wide as the window, and nothing is wrong with them; `test_every_page` has the others."""
    visitor = console.visit("admin", theme="dark", viewport={"width": 390, "height": 844})
    pages = ["/assets/1", "/assets/2", "/assets/1/related", "/assets/2/label", "/assets/2/erase"]

    found = {path: _faults(visitor, path) for path in pages}

    assert {path: faults for path, faults in found.items() if faults} == {}
    assert visitor.complaints == []


def _faults(visitor, path: str) -> list[str]:
    page = visitor.open(path)
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return visitor.axe() + ([f"{width} pixels too wide"] if width > 0 else [])


def test_editing_and_filtering_with_scripts(console: Any) -> None:
    """The filter changes the list and the address while one types; the form in the page saves."""
    visitor = console.visit("editor")
    page = visitor.open("/assets/1/lists/installedsoftware")
    page.get_by_label("Filter").press_sequentially("249")
    page.wait_for_url("**?filter=249")
    assert page.locator("#results tbody tr").count() == 1
    assert page.locator("#results").count() == 1

    visitor.open("/assets/1")
    page.get_by_text("Edit these fields").click()
    page.get_by_label("Owner").fill(HOSTILE)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()

    assert page.locator("dd", has_text=HOSTILE).count() >= 1
    assert visitor.complaints == []


def test_everything_works_without_scripts(console: Any) -> None:
    """Editing, the filter and its pages, relating and retiring are links and forms."""
    visitor = console.visit("editor", scripts=False)
    page = visitor.open("/assets/1/lists/installedsoftware")
    page.get_by_label("Filter").fill("program 1")
    page.get_by_role("button", name="Apply").first.click()
    assert page.locator("#results tbody tr").count() == 100

    visitor.open("/assets/1/related")
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("This asset has no relationships.").wait_for()
    page.get_by_label("This asset …").fill("uses")
    page.get_by_label("Number or identity").fill("2")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("row", name="uses").wait_for()

    page.get_by_role("link", name="Retire").click()
    page.get_by_label("Reason").fill("scrapped")
    page.get_by_role("button", name="Retire").click()
    page.get_by_text("This asset is retired: scrapped.").wait_for()
    assert visitor.complaints == []


def test_a_label_prints_alone(console: Any, tmp_path: Path) -> None:
    """On a page of the label's size there is the label and nothing else."""
    visitor = console.visit("viewer")
    page = visitor.open("/assets/1/label")
    assert page.get_by_role("button", name="Print").is_visible()
    page.emulate_media(media="print")

    shown = page.evaluate(
        """() => [...document.querySelectorAll("h1, nav, .not-printed, header, footer")]
        .filter((each) => each.checkVisibility()).map((each) => each.outerHTML.slice(0, 80))"""
    )
    page.pdf(path=tmp_path / "label.pdf", prefer_css_page_size=True)
    pdf = (tmp_path / "label.pdf").read_bytes()

    assert shown == []
    assert pdf.count(b"/Type /Page\n") == 1
    # 62 mm and 29 mm in points.
    assert b"/MediaBox [0 0 175." in pdf
    assert page.locator(".asset-label").bounding_box()["height"] == pytest.approx(29 * 96 / 25.4, abs=1)
