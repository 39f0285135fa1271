"""Pages of every list are bounded in bytes as well as rows."""

from collections.abc import Iterator
from typing import Any

import pytest
from shops import ORIGIN, Shop

from shopdb_core.edits.creating import ManualEntry
from shopdb_core.edits.edit import Editor
from shopdb_core.store.paging import MAX_PAGE_BYTES
from shopdb_hookspecs import Report, hookimpl

ASSETS = 24
LETTERS = 800_000


class Wide:
    """A plugin whose report has 24 rows of 800 kB."""

    @hookimpl
    def get_reports(self) -> list[Report]:
        """Offer it."""
        rows = [(number, "\u00e9" * (LETTERS // 2)) for number in range(ASSETS)]
        return [Report("wide", "Wide rows", ["number", "text"], lambda _: rows)]


def enter(shop: Shop, number: int, letters: int = LETTERS) -> None:
    """Enter an asset with one long attribute."""
    text = "\u00e9" * (letters // 2)
    editor = Editor(ORIGIN, shop.chain, shop.plugins)
    shop.store.transaction(ManualEntry("cell", f"Cell {number}", {"text": text}, editor))


@pytest.fixture
def large(shop: Shop) -> Shop:
    """Return a site with 24 assets of 800 kB."""
    for number in range(ASSETS):
        enter(shop, number)
    return shop


def pages(shop: Shop, path: str) -> Iterator[Any]:
    """Yield the answers of a list until its end."""
    after = 0
    while after is not None:
        answer = shop.get(f"{path}?limit=1000&after={after}")
        yield answer
        after = answer.json["next"]


@pytest.mark.every_database
@pytest.mark.parametrize(("path", "key"), [("/api/assets", "assetid"), ("/api/audit", "auditid")])
def test_a_page_has_at_most_8_mib(large: Shop, path: str, key: str) -> None:
    """Each page is as full as it may be, and the pages together have every item once."""
    answers = list(pages(large, path))

    assert [len(answer.json["items"]) for answer in answers] == [10, 10, 4]
    assert max(len(answer.content) for answer in answers) <= MAX_PAGE_BYTES
    shown = [item[key] for answer in answers for item in answer.json["items"]]
    assert shown == list(range(1, ASSETS + 1))
    assert {answer.headers["content-type"] for answer in answers} == {"application/json"}


@pytest.mark.every_database
def test_filters_hold_in_short_pages(large: Shop) -> None:
    """The filters of a list apply to the page that is bounded in bytes, too."""
    for number in range(ASSETS):
        large.submit("computers", {"hostname": f"PC-{number}"})

    first, *_ = pages(large, "/api/assets")
    filtered = large.get("/api/assets?assettype=cell&limit=9&after=3").json

    assert {item["assettype"] for item in first.json["items"]} == {"cell"}
    assert ([item["assetid"] for item in filtered["items"]], filtered["next"]) == (list(range(4, 13)), 12)
    assert large.get("/api/audit?plugin=computers&limit=2").json["next"] == ASSETS + 2


@pytest.mark.every_database
def test_an_item_that_is_larger_is_a_page_of_its_own(shop: Shop) -> None:
    """A reader can always go on."""
    for number, letters in enumerate([10, MAX_PAGE_BYTES + 2, 10]):
        enter(shop, number, letters)

    assert [len(answer.json["items"]) for answer in pages(shop, "/api/assets")] == [1, 1, 1]
    assert [len(answer.json["items"]) for answer in pages(shop, "/api/audit")] == [1, 1, 1]


@pytest.mark.every_database
def test_a_history_has_at_most_8_mib(shop: Shop) -> None:
    """As the list of all entries."""
    programs = [{"name": f"{number:0400}"} for number in range(1_800)]
    for version in range(12):
        software = [{**program, "version": str(version)} for program in programs]
        shop.submit("computers", {"hostname": "PC-1", "installedsoftware": software})

    answers = list(pages(shop, "/api/assets/1/history"))

    assert len(answers) > 1
    assert max(len(answer.content) for answer in answers) <= MAX_PAGE_BYTES
    assert sum(len(answer.json["items"]) for answer in answers) == 12


def test_a_page_of_a_report_has_at_most_8_mib(make_shop: Any) -> None:
    """And the file has the whole table."""
    shop = make_shop({"wide": Wide()})

    answers = list(pages(shop, "/api/reports/wide/wide"))
    file = shop.get("/api/reports/wide/wide.csv")

    assert [answer.json["next"] for answer in answers] == [10, 20, None]
    assert max(len(answer.content) for answer in answers) <= MAX_PAGE_BYTES
    shown = [item["number"] for answer in answers for item in answer.json["items"]]
    assert shown == list(range(ASSETS))
    header, *rows = file.text.splitlines()
    assert (header, len(rows)) == ('"number","text"', ASSETS)
    assert int(file.headers["content-length"]) == len(file.content)


def test_head_of_a_long_answer_has_its_length(large: Shop) -> None:
    """The answer is in blocks, and HEAD counts them."""
    for path in ("/api/assets?limit=3", "/api/reports/computers/software.csv"):
        got = large.get(path)
        head = large.client.simulate_head(path, headers=large.bearer())

        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["content-length"]) == len(got.content)
