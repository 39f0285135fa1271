"""The pages about software: what they show, what they lead to, and what they say when there is nothing."""

import re
from html import unescape
from importlib.metadata import version
from urllib.parse import quote_plus

import pytest
from people import add_user, cookie, login

from shopdb_core.console.software.view import SEGMENTS, listed, segments
from shopdb_core.plugins.reports import software
from shopdb_core.plugins.reports.software import Program, Version
from shopdb_hookspecs import hookimpl

HOSTILE = "<img src=x onerror=alert(1)>"


def install(shop, hostname, *programs):
    listed = [{"name": name, "version": version} if version else {"name": name} for name, version in programs]
    shop.submit("computers", {"hostname": hostname, "installedsoftware": listed})


def links(text):
    """Return the addresses that a page leads to."""
    return [unescape(each) for each in re.findall(r'href="(/software[^"]*)"', text)]


def listed_names(text):
    """Return the programs that a page lists."""
    return re.findall(r'<th scope="row"><a[^>]*><bdi>(.*?)</bdi>', text)


def test_from_the_list_to_the_assets(shop, read):
    """Each page leads to the next one, whatever the name of a program has."""
    name = 'a&b=c "%" #/?' + HOSTILE
    install(shop, "PC-1", (name, "1.9"), ("tar", None))
    install(shop, "PC-2", (name, "1.10"))

    page = read("/software")
    (program,) = [each for each in links(page) if "/program" in each and "tar" not in each]
    versions = read(program)
    holders = [each for each in links(versions) if "/holders" in each]

    assert HOSTILE not in page + versions
    assert unescape(page).count(name) == 1
    assert re.search(r"2 installations ·\s+2 versions", versions)
    assert [each.rpartition("=")[2] for each in holders] == ["1.10", "1.9"]
    assert '<a href="/assets/2"><bdi>PC-2</bdi></a>' in read(holders[0])
    single = read("/software/program?plugin=computers&name=tar")
    assert re.search(r"1 installation ·\s+1 version\b", single)
    assert "unknown version" in single
    holders = read("/software/holders?plugin=computers&name=tar&version=")
    assert "PC-1" in holders
    assert f"ShopDB {version('shopdb-core')}" in holders


def test_pages_of_the_list(shop, read, monkeypatch):
    """By names, also of what is searched for; the last page leads nowhere."""
    monkeypatch.setattr("shopdb_core.console.software.view.PROGRAMS", 2)
    install(shop, "PC-1", *((name, "1") for name in ("liba", "libb", "libc", "zip")))

    first = read("/software?plugin=computers&q=LIB")
    (following,) = [each for each in links(first) if "after=" in each]
    second = read(following)

    assert (listed_names(first), listed_names(second)) == (["liba", "libb"], ["libc"])
    assert following == "/software?plugin=computers&q=LIB&after=libb"
    assert 'rel="next"' not in second


def test_every_list_is_a_file_as_well(today, shop, read):
    """With all rows of what is shown."""
    install(shop, "PC-1", ("tar & co", "1"), ("zip", None))
    pages = {
        "/software?q=tar": '"name","version","installations"\n"tar & co","1","1"\n',
        "/software/holders?name=zip": '"identityvalue","assetid","name","version"\n"PC-1","1","zip",""\n',
        "/software/changes?days=1": f'"{today}","appeared","zip","","1"\n',
    }
    for page, expected in pages.items():
        (address,) = re.findall(r'href="(/api/reports/[^"]+)"', read(page))
        file = read(unescape(address)).replace("\r\n", "\n")
        assert file.endswith(expected), page


def test_what_came_and_went(shop, read):
    """Each with a link to what is there, and none to what is not."""
    install(shop, "PC-1", ("tar", "1"))

    page = read("/software/changes?days=3")

    assert "No program was removed in these days." in page
    assert "/software/holders?plugin=computers&name=tar&version=1" in links(page)
    assert '<option value="3" selected>the last 3 days</option>' in page


def test_nothing_there_is_said(shop, read):
    """No software, a search without a result, an unknown program, version or plugin, and no name."""
    assert "No software has been submitted yet." in read("/software")
    install(shop, "PC-1", ("tar", "1"))
    assert "No program has this in its name." in read("/software?q=zip")
    assert "No asset has this version now." in read("/software/holders?plugin=computers&name=tar&version=2")
    for path, what in {
        f"/software/program?plugin=computers&name={quote_plus('x' * 500)}": "No asset of computers has",
        "/software/program?plugin=computers": "This address is incomplete",
        "/software/holders?version=1": "This address is incomplete",
        "/software?plugin=nothing": "There is no collector named",
        "/software?plugin=printers": "does not count software",
        "/software/changes?plugin=printers": "does not count software",
    }.items():
        assert what in read(path, 404)
    assert "days must be a whole number" in read("/software/changes?plugin=computers&days=0", 400)


def test_a_site_without_a_plugin_that_counts_software(make_shop):
    """The page says which plugins do."""

    class Doors:
        @hookimpl
        def get_collector_schema(self):
            return {"identityfield": "number", "fields": {"number": {"type": "string"}}}

    shop = make_shop({"doors": Doors()})
    add_user(shop, "viewer", "viewer")
    headers = {"Accept": "text/html", **cookie(login(shop, "viewer", cookies=True))}

    for path, status in {"/software": 200, "/software/changes": 404, "/software/program?name=a": 404}.items():
        answer = shop.client.simulate_get(path, headers=headers)
        assert answer.status_code == status
        assert "No plugin of this site counts software." in answer.text


def test_two_plugins_with_software_have_tabs(read, monkeypatch):
    """The first one is shown unless another one is chosen."""
    monkeypatch.setattr(software.SoftwareLists, "plugins", lambda _: ["computers", "switches"])

    page = read("/software")

    assert '<a href="/software?plugin=computers" aria-current="page">computers</a>' in page
    assert '<a href="/software?plugin=switches">switches</a>' in page


@pytest.mark.parametrize("numbers", [[1], [5, 3], [1] * SEGMENTS, [1, 2, 3, 4, 5, 6, 7, 10_000]])
def test_a_bar_is_filled_by_its_versions(numbers):
    """Each is as long as its share; the most frequent ones are told apart, the others are one."""
    program = Program("tar", [Version(str(index), number) for index, number in enumerate(numbers)])

    bar = listed(program).segments

    assert [each.start for each in bar] == pytest.approx(
        [sum(other.width for other in bar[:index]) for index in range(len(bar))]
    )
    assert sum(each.width for each in bar) == pytest.approx(100)
    assert sum(each.installations for each in bar) == program.installations
    assert len(bar) == min(len(numbers), SEGMENTS + 1)
    assert (bar[-1].version is None) == (len(numbers) > SEGMENTS)


def test_no_versions_have_no_segments():
    """A program that nobody has any more is not divided by."""
    assert segments([]) == []


def test_searching_while_typing(console):
    """The list follows, the address keeps it, and what it leads to is a whole page; axe finds nothing."""
    install(console.shop, "PC-1", ("7-Zip", "23.01"), (HOSTILE, "1"), ("tar", "1.34"))
    visitor = console.visit("viewer")
    page = visitor.open("/software")
    assert visitor.axe() == []

    page.locator("#q").press_sequentially("ZIP")
    page.wait_for_url("**/software?plugin=computers&q=ZIP")
    assert page.locator("tbody th").all_inner_texts() == ["7-Zip"]

    page.get_by_role("link", name="7-Zip").click()
    page.get_by_role("link", name="23.01").click()
    page.get_by_role("link", name="PC-1").wait_for()
    assert visitor.complaints == []
