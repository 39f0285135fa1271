"""A real browser on a real server: who is signed in, what axe-core finds, what the browser complains of."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import axe_playwright_python
import pytest
from people import PASSWORD, add_user, cookie, login
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from populated import Populated, populated
from shops import Shop, make_shop, shop
from waitress import create_server

from shopdb_core.access.tokens import Role

__all__ = ["make_shop", "shop"]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
"""axe-core (MPL-2.0), which the package contains: it is for these tests alone."""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return Debian's Chromium; without it the test is skipped, in CI it fails."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed")
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visitor:
    """A browser window, and what went wrong in it."""

    context: BrowserContext
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Open a page."""
        self.page.goto(self.url + path)
        return self.page

    def axe(self, rules: Sequence[str] = RULES) -> list[str]:
        """Return what axe-core finds on the page as it is: rule and place of each violation."""
        # By the protocol of the debugger, since the policy of the page lets no other script in.
        self.page.evaluate("() => 0")
        client = self.context.new_cdp_session(self.page)
        client.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
        run = f"axe.run(document, {{runOnly: {json.dumps(rules)}}})"
        call = f"{run}.then((found) => JSON.stringify(found.violations))"
        answer = client.send(
            "Runtime.evaluate", {"expression": call, "awaitPromise": True, "returnByValue": True}
        )
        client.detach()
        return [
            f"{each['id']}: {', '.join(str(node['target']) for node in each['nodes'][:3])}"
            for each in json.loads(answer["result"]["value"])
        ]


@dataclass
class Console:
    """A site on a port, and browsers that visit it."""

    shop: Shop
    url: str
    chromium: Browser
    visitors: list[Visitor] = field(default_factory=list)

    def visit(
        self,
        role: Role | None = "admin",
        *,
        viewport: dict[str, int] = DESKTOP,
        theme: str = "light",
        scripts: bool = True,
        language: str = "en",
        zone: str = "Europe/Berlin",
    ) -> Visitor:
        """Return a browser in which somebody with this role is signed in; `None`: nobody."""
        context = self.chromium.new_context(
            viewport=viewport,
            color_scheme=theme,
            java_script_enabled=scripts,
            locale=language,
            timezone_id=zone,
        )
        context.set_default_timeout(60_000)
        page = context.new_page()
        visitor = Visitor(context, page, self.url)
        page.on("console", lambda message: self._note(visitor, message.type, message.text))
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (visitor.complaints.append(dialog.message), dialog.dismiss()))
        self.visitors.append(visitor)
        if role is not None:
            context.add_cookies([{"name": "shopdb-session", "value": self.session(role), "url": self.url}])
        return visitor

    def session(self, role: Role) -> str:
        """Return the cookie of a new session of the user named after the role."""
        answer = self.shop.client.simulate_post(
            "/api/auth/login", json={"username": role, "password": PASSWORD, "cookies": True}
        )
        return answer.headers["set-cookie"].partition(";")[0].partition("=")[2]

    @staticmethod
    def _note(visitor: Visitor, kind: str, text: str) -> None:
        # Chromium reports every status of an error, also where the page of that error is what is tested.
        if kind == "error" and not text.startswith("Failed to load resource"):
            visitor.complaints.append(text)


@contextmanager
def serving(shop: Shop, chromium: Browser) -> Iterator[Console]:
    """Serve a site of this process on a port; each role has a user of that name."""
    for role in ("viewer", "editor", "admin"):
        add_user(shop, role, role)
    server = create_server(shop.client.app, listen="127.0.0.1:0", threads=4, ident=None)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    console = Console(shop, f"http://127.0.0.1:{server.effective_port}", chromium)
    yield console
    for visitor in console.visitors:
        visitor.context.close()
    server.close()
    thread.join(5)


@pytest.fixture
def make_console(chromium: Browser) -> Iterator[Callable[[Shop], Console]]:
    """Return a function that serves a site of this process on a port; each role has a user of that name."""
    with ExitStack() as stack:
        yield lambda shop: stack.enter_context(serving(shop, chromium))


@pytest.fixture(scope="session")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Populated]:
    """Return a site on which every page has something to show; tests only read it."""
    with populated(tmp_path_factory.mktemp("floor")) as found:
        yield found


@pytest.fixture(scope="session")
def serve(chromium: Browser) -> Iterator[Callable[[Shop], Console]]:
    """Return a function like `make_console`, for a site that many tests share."""
    with ExitStack() as stack:
        yield lambda shop: stack.enter_context(serving(shop, chromium))


@pytest.fixture(scope="session")
def busy(serve: Callable[[Shop], Console], floor: Populated) -> Console:
    """Return the console of `floor`; tests only read it."""
    return serve(floor.shop)


@pytest.fixture
def console(make_console: Callable[[Shop], Console], make_shop: Callable[..., Shop]) -> Console:
    """Return the console of a new site with the installed plugins."""
    return make_console(make_shop())


@pytest.fixture
def read(shop):
    """Return a function that opens a page as a viewer, and returns its text; it fails on another status."""
    add_user(shop, "viewer", "viewer")
    headers = {"Accept": "text/html", **cookie(login(shop, "viewer", cookies=True))}

    def opened(path, status=200):
        answer = shop.client.simulate_get(path, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.text

    return opened
