"""The label of an asset, with a QR code of the address of its page."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

import falcon

from shopdb_core.console.asset.frame import read_frame
from shopdb_core.console.framework.pages import PageResource, absolute
from shopdb_core.web.request import Roles

QUIET = 4
"""Modules of empty space around a code (ISO/IEC 18004)."""


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code: its side in modules, with the empty space around it, and the path of the dark ones.

    The path is that of an SVG, with a square of side 1 for each dark module.
    """

    side: int
    path: str


class LabelPage(PageResource):
    """A label to print, for the device itself."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Show the label with a code that opens the page of the asset."""
        plugins = self._site.plugins
        frame = self._site.store.read(lambda connection: read_frame(connection, plugins, assetid))
        address = absolute(req, frame.address)
        self._pages.render(req, resp, "asset/label.html", frame=frame, target=address, code=code_of(address))


def code_of(address: str) -> Code:
    """Return the QR code of an address; about 15 % of it may be damaged."""
    import segno  # noqa: PLC0415  # it takes 80 ms, and few servers print labels

    code = segno.make(address, error="m", micro=False)
    return Code(len(code.matrix) + 2 * QUIET, "".join(_runs(code.matrix)))


def _runs(matrix: tuple[bytearray, ...]) -> Iterator[str]:
    """Yield the part of the path of each row of dark modules that touch."""
    for y, row in enumerate(matrix):
        x = QUIET
        for isdark, run in groupby(row):
            length = len([*run])
            if isdark:
                yield f"M{x} {y + QUIET}h{length}v1h-{length}z"
            x += length
