"""Whatever somebody writes into a field, a name or an address is shown as text, and never becomes HTML.

The pages of a hostile site are followed from link to link, some of each kind. A real browser parses each of
them, and opens one of each kind.
"""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hostile import PLACES, hostile_site, planted
from markup import Markup

from shopdb_core.console.framework.static import CONSOLE

OF_EACH_KIND = 4
"""How many pages of one kind are parsed; their addresses differ in numbers, and in what is asked for."""

PAGE = re.compile(r"/(?!api/|/)")
START = ("/", "/assets/1", "/assets?assettype=anything", "/changes", "/refusals", "/reports", "/admin")

INJECTED = """(html) => {
  const tree = new DOMParser().parseFromString(html, "text/html");
  const found = [];
  const scripts = ["console.js", "htmx.js"];
  for (const each of tree.querySelectorAll("*")) {
    const kind = each.localName;
    const own = kind !== "script" || scripts.some((name) => each.getAttribute("src")?.endsWith("/" + name));
    if (/^x-|^(iframe|object|embed|base|math|style|animate)$/.test(kind) || !own)
      found.push(each.outerHTML.slice(0, 150));
    if (kind === "img" && !each.getAttribute("src")?.startsWith("/static/")) found.push(each.outerHTML);
    if (kind === "meta" && each.httpEquiv) found.push(each.outerHTML);
    for (const { name, value } of each.attributes) {
      const address = ["href", "src", "action", "formaction", "xlink:href"].includes(name);
      const elsewhere = address && !/^(\\/(?!\\/)|#|\\?|$)/.test(value);
      if (/^on|^style$|^srcdoc$|^hx-vals$|^hx-on/.test(name) || elsewhere)
        found.push(`${kind} ${name}=${value}`.slice(0, 150));
    }
  }
  return found;
}"""
"""What a page contains that none of our templates does; the parser runs nothing."""


ASKED = (planted("asked"), "javascript:window.hit=1", "//elsewhere.example/")


@dataclass
class Visited:
    """What was found from link to link: pages by address, one address of each kind, and what may be asked."""

    pages: dict[str, str] = field(default_factory=dict)
    kinds: dict[tuple[str, bool], list[str]] = field(default_factory=dict)
    parameters: set[tuple[str, str]] = field(default_factory=set)


@pytest.fixture(scope="session")
def besieged(serve, tmp_path_factory, testdata):
    """Return the console of a site where every text is hostile; tests only read it."""
    strings = json.loads((testdata / "blns.json").read_text("utf-8"))
    with hostile_site(tmp_path_factory.mktemp("hostile"), strings) as shop:
        yield serve(shop)


@pytest.fixture(scope="session")
def client(besieged):
    """Return a function that gets a page as an admin, without a browser."""
    headers = {"Accept": "text/html", "Cookie": f"shopdb-session={besieged.session('admin')}"}
    return lambda path: besieged.shop.client.simulate_get(path, headers=headers)


@pytest.fixture(scope="session")
def visited(client):
    """Follow the links of the pages."""
    found = Visited()
    waiting = list(START)
    while waiting:
        address = waiting.pop(0).partition("#")[0]
        parts = urlsplit(address)
        alike = found.kinds.setdefault(kind_of(parts), [])
        if not PAGE.match(address) or address in alike or len(alike) == OF_EACH_KIND:
            continue
        alike.append(address)
        found.parameters |= {(parts.path, name) for name in names_of(parts)}
        answer = client(address)
        if answer.headers.get("content-type", "").startswith("text/html"):
            page = Markup(answer.text)
            found.pages[address] = answer.text
            asking = [form for form in page.forms if form.method == "get"]
            found.parameters |= {(form.action or parts.path, name) for form in asking for name in form.fields}
            waiting += page.links
    return found


@pytest.fixture(scope="session")
def parse(besieged):
    """Return a function that lets the browser parse pages, and returns what was injected into each."""
    page = besieged.visit(None).page

    def injected(pages):
        found = {address: page.evaluate(INJECTED, html) for address, html in pages.items()}
        return {address: elements for address, elements in found.items() if elements}

    return injected


def names_of(parts):
    """Return the names in the query of an address."""
    return tuple(sorted({name for name, _ in parse_qsl(parts.query)}))


def kind_of(parts):
    """Return what pages of one kind have in common: the path without numbers, and if it has a query."""
    return re.sub(r"\d+", "0", parts.path), bool(parts.query)


def test_hostile_texts_are_texts(visited, parse):
    """No page has an element, an attribute or an address that came from a text; each place was seen."""
    everything = "\n".join(visited.pages.values())

    assert parse(visited.pages) == {}
    assert [place for place in PLACES if f"&lt;x-{place}&gt;" not in everything] == []


def test_the_name_of_who_is_signed_in_is_a_text(besieged, parse):
    """It is at the top of every page."""
    cookie = f"shopdb-session={besieged.session(planted('user'))}"

    page = besieged.shop.client.simulate_get("/account", headers={"Accept": "text/html", "Cookie": cookie})

    assert "&lt;x-user&gt;" in page.text
    assert parse({"/account": page.text}) == {}


def test_hostile_texts_do_nothing(besieged, visited):
    """One page of each kind is opened as people do it: nothing runs, and the browser does not complain."""
    visitor = besieged.visit("admin")

    for (_, asks), addresses in visited.kinds.items():
        if addresses and not asks:
            visitor.open(addresses[0])
            assert visitor.page.evaluate("window.hit") is None
    assert visitor.complaints == []


def test_hostile_addresses_are_texts(visited, client, parse):
    """What an address asks for is shown, in a field or in an error, as text; nothing fails."""
    addresses = [f"{path}?{name}={quote(text)}" for path, name in visited.parameters for text in ASKED]
    answers = {address: client(address) for address in addresses}
    pages = {address: answer.text for address, answer in answers.items()}

    assert {address for address, answer in answers.items() if answer.status_code >= 500} == set()
    assert sum("&lt;x-asked&gt;" in html for html in pages.values()) > 5
    assert parse(pages) == {}


def test_no_template_says_that_a_text_is_html():
    """Escaping is never switched off: neither in a template, nor in the code of a room."""
    unescaped = re.compile(r"\|\s*safe\b|autoescape|\bon\w+=|\bhx-on|\bstyle=|<style")
    rooms = [path for path in CONSOLE.glob("*/*.py") if path.parent.name != "framework"]

    assert [path for path in CONSOLE.rglob("*.html") if unescaped.search(path.read_text("utf-8"))] == []
    assert [path for path in rooms if "Markup(" in path.read_text("utf-8")] == []
