"""Draw the pictures of docs/console.md and the README: a site is made, and its pages are opened in Chromium.

python docs/pictures.py
python docs/pictures.py --only phone --computers 100 --weeks 1

It needs what the tests need (docs/development.md), Pillow, and the example plugin (pip install -e
examples/shopdb-network). The times in the pictures are those of the day on which it runs; it replaces the
pictures in docs/images.
"""

import argparse
import shutil
import sys
import tempfile
import threading
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).parents[1]
# The packages of the tests, which are not installed.
sys.path[:0] = [str(ROOT / folder) for folder in ("tests/support", "benchmarks", "examples/shopdb-network")]

from people import add_user, cookie, login  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright  # noqa: E402
from populated import Populated, populated  # noqa: E402
from waitress import create_server  # noqa: E402

IMAGES = ROOT / "docs/images"
WIDE = (1280, 800)
TALL = (1280, 960)
NARROW = (390, 780)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: the page, in braces the ids of the site, and how it is seen.

    `fill` is typed into the element `into`, and `press` is the button that is pressed afterwards. The element
    `upto` is scrolled into view.
    """

    name: str
    address: str
    size: tuple[int, int] = WIDE
    theme: str = "light"
    into: str = ""
    fill: str = ""
    press: str = ""
    upto: str = ""


WRONG = (
    '{"hostname": "PC-00007", "memorygb": "sixteen",\n "macaddress": "3C-52-82-00-07-01", "colour": "red"}'
)

PICTURES = (
    Picture("overview", "/"),
    Picture("overview-dark", "/", theme="dark"),
    Picture("assets", "/assets?assettype=computers&q=windows"),
    Picture("asset", "/assets/{line}", size=TALL),
    Picture("past", "/assets/{line}/past?at={before}", size=TALL),
    Picture("software", "/software"),
    Picture("changes", "/changes"),
    Picture("try", "/collectors/computers", into="textarea", fill=WRONG, press="Try it"),
    Picture("duplicate", "/duplicates/{duplicate}"),
    Picture("phone", "/assets/{laser}", size=NARROW, upto="#panel-supplies"),
)


def main() -> None:
    """Make the site, and draw the pictures."""
    options = _options()
    IMAGES.mkdir(exist_ok=True)
    chosen = [each for each in PICTURES if not options.only or each.name in options.only]
    with (
        tempfile.TemporaryDirectory(prefix="shopdb-pictures-") as name,
        populated(Path(name), options.computers, options.printers, options.weeks, plugins=None) as site,
        sync_playwright() as playwright,
    ):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        _Photographer(site, browser).draw(chosen)
        browser.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--computers", type=int, default=400)
    parser.add_argument("--printers", type=int, default=40)
    parser.add_argument("--weeks", type=int, default=8)
    parser.add_argument("--only", action="append", help="the name of a picture; may be repeated")
    return parser.parse_args()


class _Photographer:
    """Serves the site on a port, and opens its pages as the admin ann."""

    def __init__(self, site: Populated, browser: Browser) -> None:
        add_user(site.shop, "ann", "admin")
        self._site = site
        self._browser = browser
        self._cookie = cookie(login(site.shop, "ann", cookies=True))["Cookie"].partition("=")[2]
        self._server = create_server(site.shop.client.app, listen="127.0.0.1:0", threads=4, ident=None)
        self._url = f"http://127.0.0.1:{self._server.effective_port}"

    def draw(self, pictures: list[Picture]) -> None:
        """Draw all pictures."""
        thread = threading.Thread(target=self._server.run, daemon=True)
        thread.start()
        for each in pictures:
            context = self._window(each)
            self._draw(each, context.new_page())
            context.close()
        self._server.close()
        thread.join(5)

    def _window(self, picture: Picture) -> BrowserContext:
        width, height = picture.size
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=picture.theme,
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
        )
        context.add_cookies([{"name": "shopdb-session", "value": self._cookie, "url": self._url}])
        return context

    def _draw(self, picture: Picture, page: Page) -> None:
        page.goto(self._url + picture.address.format_map(self._ids()))
        if picture.into:
            page.locator(picture.into).first.fill(picture.fill)
            page.get_by_role("button", name=picture.press).first.click()
            page.wait_for_load_state()
        if picture.upto:
            page.locator(picture.upto).evaluate("(element) => element.scrollIntoView()")
        _save(page.screenshot(), IMAGES / f"{picture.name}.png")

    def _ids(self) -> dict[str, object]:
        """Return the ids of the site, and the time of the first change of the computer of line 4."""
        shop, line = self._site.shop, self._site.line
        query = "SELECT at FROM auditentry WHERE assetid = :line AND action = 'updated' ORDER BY auditid"
        ((at,), *_) = shop.rows(query, line=line)
        query = "SELECT assetid FROM asset WHERE assettype = 'printers' ORDER BY assetid"
        ((laser,), *_) = shop.rows(query)
        return {**vars(self._site), "before": quote(f"{at}Z".replace(" ", "T")), "laser": laser}


def _save(picture: bytes, path: Path) -> None:
    """Write a picture with at most 256 colours, which halves its size."""
    with Image.open(BytesIO(picture)) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
