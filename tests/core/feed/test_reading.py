"""The feed over HTTP: every committed entry once, in pages, by cursors that fit one site alone."""

import pytest
from feedreader import Reader

from shopdb_core.feed import reading

pytestmark = pytest.mark.every_database


def test_every_entry_is_read_once(shop, reader, submit):
    """In the order of the commits, as the audit shows it, with its position and the type of its asset."""
    submit("PC-1", "PC-2", times=2)
    shop.submit("printers", {"serialnumber": "SN-1"})

    items = reader.rest(limit=2)

    assert [item["auditid"] for item in items] == [1, 2, 3, 4, 5]
    assert [item["position"] for item in items] == sorted({item["position"] for item in items})
    assert {item["assettype"] for item in items} == {"computers", "printers"}
    for item in items:
        del item["position"], item["assettype"]
    assert items == shop.get("/api/audit").json["items"]


def test_a_reader_goes_on_where_it_was(reader, submit):
    """A cursor stays valid; at the end it is the same again."""
    assert reader.rest() == []
    submit("PC-1", "PC-2")
    assert [item["identityvalue"] for item in reader.rest()] == ["PC-1", "PC-2"]
    end = reader.after
    assert reader.page() == []
    assert reader.after == end
    submit("PC-3")
    assert [item["identityvalue"] for item in reader.rest()] == ["PC-3"]


def test_a_reader_may_begin_at_the_end(shop, submit):
    """With what is written after its first request."""
    submit("PC-1")
    reader = Reader(shop, after="newest")
    assert reader.page() == []
    submit("PC-2")
    assert [item["identityvalue"] for item in reader.rest()] == ["PC-2"]


@pytest.mark.parametrize("window", [2, 10_000])
def test_filters(shop, submit, monkeypatch, window):
    """By plugin, type, action and kind, however many other entries lie between."""
    monkeypatch.setattr(reading, "WINDOW", window)
    submit("PC-1", "PC-2", times=3)
    shop.submit("printers", {"serialnumber": "SN-1"})
    submit("PC-1", osname="Debian")
    shop.edit("POST", "/api/assets", {"assettype": "cell", "identityvalue": "7"})

    def read(query: str) -> list[str]:
        items = Reader(shop, query).rest(limit=2)
        return [f"{item['identityvalue']} {item['action']}" for item in items]

    assert read("&plugin=printers") == ["SN-1 created"]
    assert read("&assettype=cell") == ["7 created"]
    assert read("&action=updated") == ["PC-1 updated"]
    assert read("&kind=noop") == ["PC-1 noop", "PC-2 noop"] * 2
    assert read("&kind=change&plugin=computers") == ["PC-1 created", "PC-2 created", "PC-1 updated"]
    assert read("&plugin=nobody") == []


def test_a_page_is_bounded_in_bytes(reader, submit, monkeypatch):
    """As every list; what does not fit follows."""
    monkeypatch.setattr("shopdb_core.store.paging.MAX_PAGE_BYTES", 5000)
    submit("PC-1", "PC-2", "PC-3")

    assert len(reader.page()) == 1
    assert len(reader.rest()) == 2


@pytest.mark.parametrize(
    "cursor", ["", "7", "x-y-z", "00000000-1-00000000", "abc-1-0000000g", "ä-1-00000000"]
)
def test_a_cursor_of_something_else_is_refused(shop, submit, cursor):
    """With the way to begin anew."""
    submit("PC-1")

    answer = shop.get(f"/api/changes?after={cursor}")

    assert answer.status_code == 400
    assert "after=newest" in answer.json["detail"]


def test_a_cursor_of_a_later_state_is_gone(shop, reader, submit):
    """After an older backup was put back: whether or not other entries have these positions now."""
    submit("PC-1", "PC-2")
    reader.rest()
    feedid, position, mark = reader.after.split("-")

    for cursor in (f"{feedid}-{int(position) + 1}-{mark}", f"{feedid}-{int(position) - 1}-{mark}"):
        answer = shop.get(f"/api/changes?after={cursor}")
        assert answer.status_code == 410
        assert "older backup" in answer.json["detail"]
        assert "after=newest" in answer.json["detail"]
