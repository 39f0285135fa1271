"""The style and the scripts of the pages: each one file, at an address that has the hash of its content.

The rooms' `style.css` and `script.js` follow those of the framework, sorted by the names of the rooms.
"""

from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Protocol

import falcon

from shopdb_core.errors import NotFound
from shopdb_core.web.request import Roles

CONSOLE = Path(__file__).parents[1]
FRAMEWORK = CONSOLE / "framework"

HTMX = "htmx-2.0.11.min.js"
HTMX_SHA256 = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
"""Of the file in the npm package htmx.org (Zero-Clause BSD)."""

FOREVER = "public, max-age=31536000, immutable"

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class StaticFiles:
    """The files by their names, in memory."""

    def __init__(self) -> None:
        self._contents = {
            "console.css": b"\n".join(_read("style.css")),
            # Each in a block of its own, so that two scripts may use the same names.
            "console.js": b"\n".join(b"{\n%b\n}" % script for script in _read("script.js")),
            "htmx.js": (FRAMEWORK / HTMX).read_bytes(),
            "icon.svg": (FRAMEWORK / "icon.svg").read_bytes(),
        }
        self._digests = {name: sha256(content).hexdigest()[:12] for name, content in self._contents.items()}

    def address(self, name: str) -> str:
        """Return the address of a file."""
        return f"/static/{self._digests[name]}/{name}"

    def content(self, digest: str, name: str) -> bytes:
        """Return a file; raises `NotFound`, also for the address of another release's file."""
        if self._digests.get(name) != digest:
            raise NotFound("There is no such file in this release.")
        return self._contents[name]


class HasFiles(Protocol):
    """What has the files: the pages of a site."""

    @property
    def static(self) -> StaticFiles:
        """The files."""
        ...


class StaticResource:
    """One file, which browsers keep."""

    roles: ClassVar[Roles] = {"GET": "open"}

    def __init__(self, pages: HasFiles) -> None:
        self._pages = pages

    def on_get(self, _req: falcon.Request, resp: falcon.Response, digest: str, file: str) -> None:
        """Answer with the file."""
        resp.data = self._pages.static.content(digest, file)
        resp.content_type = _TYPES[Path(file).suffix]
        resp.set_header("Cache-Control", FOREVER)


def _read(name: str) -> list[bytes]:
    rooms = sorted(path for path in CONSOLE.glob(f"*/{name}") if path.parent != FRAMEWORK)
    return [path.read_bytes() for path in (FRAMEWORK / name, *rooms)]
