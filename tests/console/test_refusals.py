"""The page of refusals: the newest first, with filters, and nothing of a submission but its identity."""

import re

import pytest
from people import add_user, cookie, login

from shopdb_core.outcomes import records


@pytest.fixture
def shop(make_shop):
    """Return a site that refused five submissions, of which each is written."""
    shop = make_shop()
    shop.post("computers", {"hostname": "PC-1", "memorygb": "secret-value", "installedsoftware": [{}] * 9})
    shop.post("printers", {"model": "x"})
    shop.post("computers", {"hostname": "<b>PC-2</b>", "osname": 7}, **{"X-Request-ID": "run-2"})
    shop.client.simulate_post("/api/collector/computers", json={}, headers={"X-API-Key": "wrong"})
    shop.post("nothing", {})
    shop.recorder.write()
    return shop


def statuses(text):
    """Return the statuses of the rows."""
    return [int(each) for each in re.findall(r'<span class="badge badge-\w+">(\d+)</span>', text)]


def test_the_newest_are_first(read):
    """With what is known of each, and a link to what the collector accepts."""
    page = read("/refusals")

    assert statuses(page) == [404, 401, 422, 422, 422]
    assert "secret-value" not in page
    assert "<b>PC-2</b>" not in page
    assert "&lt;b&gt;PC-2&lt;/b&gt;" in page
    assert "<code>/osname</code> type" in page
    assert "run-2" in page
    assert 'href="/collectors/printers#contract"' in page


def test_many_faults_are_folded(read):
    """The first four are shown, and the others on demand."""
    shown, _, folded = read("/refusals?plugin=computers&status=422").partition("<details>")

    assert shown.count("<li><code>") == 5, "one of the newer refusal"
    assert folded.startswith("<summary>6 more</summary>")
    assert folded.count("<li><code>") == 6


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("plugin=printers", [422]),
        ("plugin=computers&status=422", [422, 422]),
        ("plugin=&source=&status=", [404, 401, 422, 422, 422]),
        ("status=401", [401]),
    ],
)
def test_filters(read, query, expected):
    """One of each, or none; the form sends empty ones."""
    assert statuses(read(f"/refusals?{query}")) == expected


def test_filters_that_find_nothing(read):
    """An unknown source is kept in the form; a status that is none is an error of the address."""
    assert "No refusal matches." in read("/refusals?source=pxe")
    assert 'value="pxe"' in read("/refusals?source=pxe")
    assert "status must be" in read("/refusals?status=7", 400)


def test_pages(read, monkeypatch):
    """From the newest to the oldest, each once."""
    monkeypatch.setattr("shopdb_core.console.refusals.view.REFUSALS", 2)
    path, seen = "/refusals", []
    while path:
        page = read(path)
        seen += statuses(page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = found and found[1]

    assert seen == [404, 401, 422, 422, 422]


@pytest.mark.every_database
def test_older_ones_are_found_by_their_ids(shop):
    """The page before is not read again."""
    newest = shop.store.read(lambda connection: records.newest_refusals(connection, 2))
    older = shop.store.read(
        lambda connection: records.newest_refusals(connection, 9, before=newest[0]["refusalid"])
    )

    assert [each["status"] for each in newest] == [401, 404]
    assert [each["status"] for each in older] == [422, 422, 422]


def test_a_site_without_refusals(make_shop):
    """It says so."""
    shop = make_shop()
    add_user(shop, "viewer", "viewer")
    headers = {"Accept": "text/html", **cookie(login(shop, "viewer", cookies=True))}

    assert "Nothing was refused lately." in shop.client.simulate_get("/refusals", headers=headers).text
