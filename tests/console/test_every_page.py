"""Every page: what each must be, whatever it shows."""

import re
from functools import cache
from urllib.parse import urlsplit

import falcon.inspect
import pytest
from markup import Markup

ASSET = "/assets/{assetid:id}"
PROGRAM = "plugin=computers&name=7-Zip"
PAGES = {
    "/sign-in": (),  # tests/console/test_framework.py opens it
    "/sign-in/link": (),  # tests/console/test_sign_in_link.py opens it
    "/": ("/", "/?wall=1"),
    "/assets": (
        "/assets",
        "/assets?q=osnam:x",
        "/assets?q=memorygb>8",
        "/assets?state=retired",
        "/assets?assettype=computers&limit=20&sort=identityvalue",
    ),
    "/assets/columns": ("/assets/columns?fields=osname,attributes.hall",),
    "/assets/columns/chosen": (),  # leads back to the list
    "/assets/retire": ("/assets/retire?assets={computer},{retired}",),
    ASSET: ("/assets/{line}", "/assets/{printer}", "/assets/{switch}", "/assets/{machine}"),
    f"{ASSET}/lists/{{field}}": ("/assets/{computer}/lists/installedsoftware",),
    f"{ASSET}/related": ("/assets/{line}/related",),
    f"{ASSET}/raw": ("/assets/{printer}/raw",),
    f"{ASSET}/past": ("/assets/{line}/past",),
    f"{ASSET}/past/revert": ("/assets/{line}/past/revert?auditid={entry}",),
    f"{ASSET}/label": ("/assets/{switch}/label",),
    f"{ASSET}/edit": ("/assets/{line}/edit",),
    f"{ASSET}/retire": ("/assets/{printer}/retire",),
    f"{ASSET}/restore": ("/assets/{retired}/restore",),
    f"{ASSET}/rename": ("/assets/{computer}/rename",),
    f"{ASSET}/erase": ("/assets/{computer}/erase",),
    f"{ASSET}/merge": ("/assets/{computer}/merge", "/assets/{computer}/merge?gone=1"),
    "/duplicates": ("/duplicates",),
    "/duplicates/{duplicateid:id}": ("/duplicates/{duplicate}",),
    "/merges": ("/merges",),
    "/merges/{mergeid:id}/undo": ("/merges/{merge}/undo",),
    "/merges/{mergeid:id}/release": ("/merges/{merge}/release",),
    "/account": ("/account",),
    "/admin": ("/admin",),
    "/admin/users": ("/admin/users",),
    "/admin/users/{userid:id}": ("/admin/users/1",),
    "/admin/tokens": ("/admin/tokens",),
    "/admin/tokens/{tokenid:id}/revoke": ("/admin/tokens/{token}/revoke",),
    "/admin/keys": ("/admin/keys",),
    "/admin/settings": ("/admin/settings",),
    "/admin/plugins": ("/admin/plugins",),
    "/admin/backups": ("/admin/backups",),
    "/admin/webhooks": ("/admin/webhooks",),
    "/admin/events": ("/admin/events",),
    "/changes": ("/changes",),
    "/changes/{auditid:id}": ("/changes/{entry}",),
    "/changes/day/{day}": ("/changes/day/{today}",),
    "/reports": ("/reports",),
    "/reports/{plugin}/{name}": ("/reports/computers/software?_sort=name", "/reports/printers/needs"),
    "/software": ("/software",),
    "/software/program": (f"/software/program?{PROGRAM}",),
    "/software/holders": (f"/software/holders?{PROGRAM}",),
    "/software/changes": ("/software/changes?plugin=computers",),
    "/collectors": ("/collectors",),
    "/collectors/{plugin}": ("/collectors/computers", "/collectors/network"),
    "/refusals": ("/refusals",),
}
"""The addresses of each route; in braces, an id of the populated site. A route without a line fails."""

ADDRESSES = [address for several in PAGES.values() for address in several]

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
OF_FORMS = ("form", "button", "input", "select", "textarea")
MOST_BYTES = 150_000

WIDER = """(width) => {
  const scrolls = (each) => each && each !== document.body &&
    (getComputedStyle(each).overflowX !== "visible" || scrolls(each.parentElement));
  return document.scrollingElement.scrollWidth <= width ? [] :
    [...document.querySelectorAll("body *")]
      .filter((each) => each.getBoundingClientRect().right > width + 1 && !scrolls(each.parentElement))
      .slice(0, 5).map((each) => each.outerHTML.slice(0, 200));
}"""
"""The elements that make a page wider than the screen, if it is."""


SHORTEN = """() => document.querySelectorAll("tbody tr:nth-child(n+31), ol > li:nth-child(n+31)")
  .forEach((each) => each.remove())"""
"""What is left out of long lists, whose rows are alike: axe-core takes seconds for hundreds of them."""


@pytest.fixture(scope="session")
def window(busy):
    """Return the window of an admin, which all tests of this file use in turn."""
    visitor = busy.visit("admin")
    # Colours that are on their way to those of the other theme would be measured.
    visitor.page.emulate_media(reduced_motion="reduce")
    return visitor


@pytest.fixture(scope="session")
def client(busy):
    """Return a function that gets a page as an admin, without a browser, each one once."""
    headers = {"Accept": "text/html", "Cookie": f"shopdb-session={busy.session('admin')}"}
    return cache(lambda path: busy.shop.client.simulate_get(path, headers=headers))


def filled(address, floor):
    """Return an address with the ids of the site."""
    return address.format_map(vars(floor))


def pages(app):
    """Return the routes that answer GET with a page."""
    return {
        route.path
        for route in falcon.inspect.inspect_routes(app)
        if not route.path.startswith(("/api/", "/metrics", "/static/"))
        and any(method.method == "GET" and not method.internal for method in route.methods)
    }


def test_every_page_is_tested(floor):
    """A new page fails here until it has a line in the table."""
    assert pages(floor.shop.client.app) == PAGES.keys()


@pytest.mark.parametrize("address", ADDRESSES)
def test_in_a_browser(window, floor, address):
    """Axe-core finds nothing in either theme, a phone does not scroll sideways, and nothing complains."""
    page = window.page
    window.complaints.clear()
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="light")

    answer = page.goto(window.url + filled(address, floor))

    assert answer.status == 200
    assert page.evaluate(WIDER, PHONE["width"]) == []
    page.set_viewport_size(DESKTOP)
    page.evaluate(SHORTEN)
    assert window.axe() == []
    page.emulate_media(color_scheme="dark")
    assert window.axe(["color-contrast"]) == []
    assert window.complaints == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_without_a_browser(client, floor, address):
    """The page is small, has a title and a language, and everything on it works without scripts."""
    answer = client(filled(address, floor))
    page = Markup(answer.text)

    assert answer.status_code == 200
    assert re.search(r"<title>\s*\S.* · ShopDB</title>", answer.text)
    assert '<html lang="en"' in answer.text
    files = [client(file) for file in set(page.files)]
    assert {file.status_code for file in files} == {200}
    assert len(answer.content) + sum(len(file.content) for file in files) < MOST_BYTES
    assert [form.action for form in page.forms if not form.buttons] == ["/assets"]
    assert [form for form in page.forms if form.method == "post" and not sendable(form)] == []
    assert [asking for asking in page.asking if not works_without(*asking)] == []
    assert {link: status for link, status in followed(page, client) if status >= 400} == {}


def sendable(form):
    """Whether a form is accepted: it has the token, but where it changes nothing that is stored."""
    return "csrftoken" in form.fields or form.action in ("/preferences", "/sign-in")


def works_without(tag, attributes):
    """Whether an element that asks htmx is a link, or of a form, or only shows again what the page shows."""
    again = "every" in attributes.get("hx-trigger", "")
    return tag in OF_FORMS or bool(attributes.get("href")) or again


def followed(page, client):
    """Yield the status of one link of each kind: those that differ in numbers alone are of one kind."""
    kinds = {re.sub(r"\d+", "0", link.partition("#")[0]): link for link in page.links}
    for link in kinds.values():
        path = urlsplit(link)
        assert not path.netloc, link
        if path.path:
            yield link, client(link.partition("#")[0]).status_code


def test_a_walk_without_scripts(busy):
    """From page to page by links, searching and filtering by forms, in a browser that runs no script."""
    visitor = busy.visit("viewer", scripts=False)
    page = visitor.open("/")
    titles = page.locator("header nav a").all_inner_texts()
    assert "Admin" not in titles

    for title in titles:
        page.locator("header nav").get_by_role("link", name=title, exact=True).click()
        assert page.locator("h1").inner_text() == title
    page.locator("#find").fill("line4")
    page.locator("#find").press("Enter")
    page.locator("#results").get_by_role("link", name="LINE4-PACK").click()
    page.locator(".tabs").get_by_role("link", name="History").click()
    page.get_by_role("link", name="As it was").last.click()

    assert page.locator("h1").inner_text().startswith("LINE4-PACK")
    assert page.locator("h2", has_text="As of").count() == 1
    assert "Windows 10 Enterprise" in page.locator("#past table").first.inner_text()
    assert visitor.complaints == []
