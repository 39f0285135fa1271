"""A browser without a browser: pages and forms of the console over WSGI, in the session of a user."""

import re
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlencode

from falcon import testing
from people import add_user, cookie, login
from shops import Shop

from shopdb_core.access.tokens import Role

HTML = {"Accept": "text/html"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Browsing:
    """The session of one user in the console."""

    def __init__(self, shop: Shop, role: Role) -> None:
        self._shop = shop
        add_user(shop, f"browsing-{role}", role)
        self._headers = {**HTML, **cookie(login(shop, f"browsing-{role}", cookies=True))}

    def open(self, path: str) -> testing.Result:
        """Open a page."""
        return self._shop.client.simulate_get(path, headers=self._headers)

    def text(self, path: str) -> str:
        """Return the page at an address, which must be there, with every run of blanks as one."""
        answer = self.open(path)
        assert answer.status_code == 200, (answer.status_code, plain(answer.text))
        return re.sub(r"\s+", " ", answer.text)

    def send(self, page: str, path: str | None = None, **fields: str) -> testing.Result:
        """Send the form of a page: the fields that its inputs have, with others in their place."""
        found = self.open(page)
        action = path or page.partition("?")[0]
        return self.post(action, {**hidden_fields(found.text, action), **fields})

    def post(self, path: str, fields: Mapping[str, str]) -> testing.Result:
        """Post a form with the token of the session."""
        token = dict(re.findall(r'name="(csrftoken)" value="([^"]+)"', self.open("/").text))
        headers = {**self._headers, **FORM}
        return self._shop.client.simulate_post(path, headers=headers, body=urlencode({**token, **fields}))


def hidden_fields(page: str, action: str) -> dict[str, str]:
    """Return what the form of a page with this action posts if nothing is typed."""
    form = next(
        found
        for found in re.findall(r"(?s)<form[^>]*>.*?</form>", page)
        if f'method="post" action="{action}"' in found
    )
    inputs = re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', form)
    areas = re.findall(r'(?s)<textarea[^>]*?name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form)
    choices = [
        (name, "".join(re.findall(r'<option value="([^"]*)" selected', options)))
        for name, options in re.findall(r'(?s)<select[^>]*?name="([^"]+)"[^>]*>(.*?)</select>', form)
    ]
    # A browser ends lines with CR LF.
    areas = [(name, text.replace("\n", "\r\n")) for name, text in areas]
    return {unescape(name): unescape(value) for name, value in (*inputs, *areas, *choices)}


class _Parts(HTMLParser):
    """Collects the elements and attributes of a page that a text must never become."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that runs or loads something, and an attribute that does."""
        given = dict(attrs)
        if tag in ("script", "img", "link") and not str(given.get("src", given.get("href"))).startswith(
            "/static/"
        ):
            self.found.append(f"<{tag} {given}>")
        if tag in ("style", "iframe", "object", "embed", "base"):
            self.found.append(f"<{tag}>")
        self.found += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]


def active_parts(page: str) -> list[str]:
    """Return what a page has that a policy would have to stop: scripts, styles and handlers in the page."""
    parts = _Parts()
    parts.feed(page)
    parts.close()
    return parts.found


def plain(html: str) -> str:
    """Return the text of a page."""
    body = re.sub(r"(?s)<(script|head|svg)\b.*?</\1>", " ", html)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body))).strip()
