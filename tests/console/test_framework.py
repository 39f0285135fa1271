"""What all pages share: the policy, files, languages, errors, signing in, and going on with a form."""

import re
from hashlib import sha256
from importlib import import_module

import httpx
import pytest
from people import PASSWORD, add_user, cookie, login

from shopdb_core.console.framework.static import FRAMEWORK, HTMX, HTMX_SHA256
from shopdb_core.console.routes import PAGES
from shopdb_core.web.request import METHODS

HTML = {"Accept": "text/html"}


def session(shop, role="viewer"):
    """Return the headers of a browser in which a user with this role is signed in."""
    add_user(shop, role, role)
    return {**HTML, **cookie(login(shop, role, cookies=True))}


def test_htmx_is_the_file_that_was_published():
    """A change of the file, or another release without its hash, fails."""
    assert sha256((FRAMEWORK / HTMX).read_bytes()).hexdigest() == HTMX_SHA256


@pytest.mark.parametrize(("methods", "address", "place"), PAGES)
def test_the_methods_of_a_page_are_those_of_its_class(methods, address, place):
    """The table is read before the page is imported, and must not differ from it."""
    module, name, *suffix = place.split(":")
    page = getattr(import_module(f"shopdb_core.console.{module}"), name)
    ending = f"_{suffix[0]}" if suffix else ""

    offered = {method for method in METHODS if hasattr(page, f"on_{method.lower()}{ending}")}

    assert offered == set(methods.split()), address


def test_a_page_loads_its_own_files_alone(shop):
    """The policy names nothing else, and every file is there under the address of its content."""
    answer = shop.client.simulate_get("/sign-in", headers=HTML)
    policy = answer.headers["content-security-policy"]
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text)

    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert {name.rpartition("/")[2] for name in files} == {"console.css", "console.js", "htmx.js", "icon.svg"}
    for file in files:
        kept = shop.client.simulate_get(file)
        assert kept.status_code == 200
        assert "immutable" in kept.headers["cache-control"]
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text)
    assert not re.search(r"style=|<style|<script>|\son\w+=", answer.text)


def test_files_of_another_release_are_not_found(shop):
    """An address has the hash of the content, so that no browser mixes releases."""
    assert shop.client.simulate_get("/static/0123456789ab/console.css").status_code == 404


def test_a_page_without_a_session_leads_to_the_form(shop):
    """The browser comes back to the page with its query."""
    answer = shop.client.simulate_get("/?a=1", headers=HTML)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2F%3Fa%3D1"


def test_programs_get_a_problem_document(shop):
    """Only a request that accepts HTML is answered with a page."""
    assert shop.client.simulate_get("/").json["type"].endswith("unauthorized")


def test_signing_in_sets_the_cookie_and_goes_on(shop):
    """A wrong password is said in the page, which keeps the name and not the password."""
    add_user(shop, "ada")
    form = {"username": "ada", "password": "wrong-horse-battery", "next": "/assets?q=a"}
    headers = {"Content-Type": "application/x-www-form-urlencoded", **HTML}

    def post(**fields):
        body = "&".join(f"{name}={value}" for name, value in {**form, **fields}.items())
        return shop.client.simulate_post("/sign-in", headers=headers, body=body)

    wrong = post()
    right = post(password=PASSWORD)

    assert wrong.status_code == 401
    assert 'value="ada"' in wrong.text
    assert "wrong-horse" not in wrong.text
    assert right.status_code == 303
    assert right.headers["location"] == "/assets?q=a"
    assert "HttpOnly" in right.headers["set-cookie"]
    assert shop.client.simulate_get("/", headers={**HTML, **cookie(right)}).status_code == 200


def test_errors_are_pages_that_say_what_to_do(shop):
    """An address that does not exist, and a page for a higher role."""
    headers = session(shop)

    unknown = shop.client.simulate_get("/nothing", headers=headers)

    assert unknown.status_code == 404
    assert "There is nothing at this address" in unknown.text
    assert unknown.headers["content-type"].startswith("text/html")


def test_a_form_after_the_end_of_a_session_is_not_lost(console):
    """What was typed is shown after signing in, and sent with the token of the new session."""
    visitor = console.visit("viewer")
    page = visitor.open("/")
    page.evaluate(
        """() => { const form = document.querySelector(".who"); form.action = "/sign-out";
        const typed = document.createElement("input"); typed.name = "note"; typed.value = "<b>kept</b>";
        form.append(typed); }"""
    )
    visitor.context.clear_cookies(name="shopdb-session")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("Nothing that you typed is lost").wait_for()
    page.get_by_label("Username").fill("viewer")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    assert page.locator("pre.typed").inner_text() == "<b>kept</b>"
    page.get_by_role("button", name="Send it").click()
    page.get_by_text("You have signed out.").wait_for()
    assert visitor.complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signing_in_is_accessible(console, theme):
    """In both themes, and with the error."""
    visitor = console.visit(None, theme=theme)
    page = visitor.open("/")
    page.get_by_label("Username").fill("viewer")
    page.get_by_label("Password").fill("wrong-horse-battery")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()

    assert visitor.axe() == []
    assert visitor.complaints == []


def test_language_and_theme_are_kept_by_the_browser(console):
    """Without scripts, too; a language that nobody has is ignored."""
    visitor = console.visit("viewer", scripts=False, language="de-AT")
    page = visitor.open("/")
    assert page.locator("html").get_attribute("lang") == "de"
    page.get_by_label("Sprache").select_option("en")
    page.locator("#theme").select_option("dark")
    page.get_by_role("button", name="Anwenden").click()

    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_times_are_those_of_the_viewer(console):
    """The script names the zone, and the next page has it."""
    visitor = console.visit("viewer", zone="Asia/Tokyo")
    visitor.open("/")

    assert "Asia/Tokyo" in visitor.open("/").locator("footer").inner_text()


def test_the_server_keeps_small_forms_of_those_who_have_not_signed_in(site, server):
    """The limit of a body depends on the session; signing in, and a form of an ended session, need none."""
    assert site.run("user", "add", "ada", "--password-stdin", input=f"{PASSWORD}\n").returncode == 0

    with httpx.Client(base_url=server.url, headers=HTML, timeout=30, trust_env=False) as browser:
        ended = browser.post("/sign-out", data={"note": "kept"})
        huge = browser.post("/sign-out", data={"note": "x" * 100_000})
        signed_in = browser.post("/sign-in", data={"username": "ada", "password": PASSWORD})
        page = browser.get("/")

    assert (ended.status_code, signed_in.status_code, page.status_code) == (401, 303, 200)
    assert "kept" in ended.text
    assert huge.status_code == 401
    assert "Overview" in page.text
