"""The relationships of an asset: the list, the drawing, and a form to add one; each can be removed.

The drawing has the asset in the middle, what leads to it left, and the others right. Its lengths are in units
that are about those of a pixel on a wide screen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import falcon

from shopdb_core.assets.listing import asset_types, find_assetid, names_of
from shopdb_core.assets.relationships import count_relationships, list_relationships
from shopdb_core.console.asset.frame import Frame, read_frame
from shopdb_core.console.framework.pages import PageResource
from shopdb_core.edits.relating import Relate, Unrelate
from shopdb_core.errors import Conflict, InvalidSubmission, NotFound
from shopdb_core.plugins.discovery import NAME, NAME_LENGTH
from shopdb_core.site import Site
from shopdb_core.store import Connection
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.browsers.forms import read_form
from shopdb_core.web.editing import editor
from shopdb_core.web.parameters import Queries, whole_number
from shopdb_core.web.request import Roles
from shopdb_hookspecs import JsonObject

ROWS = 100
BY_NUMBER = ""
"""The choice of a form to name the other asset by its number, and not by type and identity."""

MOST_NODES = 24
NODE, TALL, ROW = 210, 26, 34
"""The width and the height of a node, and the distance of two rows."""
CURVE, WORD = 90, 130
"""How much room the line and the name of a relationship have between two nodes."""
LONGEST_NAME, LONGEST_WORD = 25, 20


@dataclass(frozen=True, slots=True)
class Node:
    """Another asset: the corner of its box, the line to it, and where the middle of the name is."""

    related: JsonObject
    name: str
    word: str
    x: float
    y: float
    path: str
    wordx: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """The nodes, how many related assets are left out, the size, and the corner of the box in the middle."""

    nodes: Sequence[Node]
    more: int
    width: int
    height: int
    x: float
    y: float
    name: str


@dataclass(frozen=True, slots=True)
class Related:
    """Some relationships of an asset, by their ids, how many there are, and the cursor of the next ones.

    Each has `relationshipid`, `isfrom`, whether it begins at the asset, `name`, the word for it as the asset
    sees it, or `None`, and `assetid`, `assettype`, `identityvalue` and `state` of the other asset.
    """

    items: Sequence[JsonObject]
    total: int
    next: int | None = None

    def drawing(self, frame: Frame) -> Drawing:
        """Return the drawing of the first ones."""
        return draw(frame.asset["identityvalue"], self.items, self.total)


def read_related(
    connection: Connection, site: Site, assetid: int, *, after: int = 0, limit: int = MOST_NODES
) -> Related:
    """Read up to `limit` relationships with ids above `after`."""
    found = list_relationships(connection, assetid, after=after, limit=limit + 1)
    others = names_of(connection, [_other(each, assetid) for each in found])
    items = [
        {**each, **others[_other(each, assetid)], "isfrom": each["sourceassetid"] == assetid}
        for each in (site.sitefields.named(row, assetid) for row in found[:limit])
    ]
    following = items[-1]["relationshipid"] if len(found) > limit else None
    is_all = after == 0 and following is None
    return Related(items, len(items) if is_all else count_relationships(connection, assetid), following)


def _other(relationship: JsonObject, assetid: int) -> int:
    source, target = relationship["sourceassetid"], relationship["targetassetid"]
    return int(target if source == assetid else source)


class RelatedPage(PageResource):
    """The relationships of one asset."""

    roles: ClassVar[Roles] = {"GET": "viewer", "POST": "editor"}
    queries: ClassVar[Queries] = {"on_get": (whole_number("after", 0, LARGEST_ID, 0),)}

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Show them."""
        self._show(req, resp, assetid, after=req.context.query["after"])

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Add one from this asset to another; what cannot be added is said beside the form."""
        form = read_form(req)
        word = form.get("relationshiptype", "").strip()
        try:
            self._check(word)
            target = self._target(form)
            self._site.store.transaction(Relate(assetid, target, word, editor(req, self._site)))
        except (InvalidSubmission, Conflict, NotFound) as error:
            self._show(req, resp, assetid, form=form, problem=str(error))
            resp.status = falcon.HTTP_422
        else:
            self._pages.go_on(req, resp, f"/assets/{assetid}/related", "saved")

    def _check(self, word: str) -> None:
        self._site.sitefields.check_relationship(word)
        if not NAME.fullmatch(word) or len(word) > NAME_LENGTH:
            rule = f"lower-case words joined by underscores, {NAME_LENGTH} characters at most"
            raise InvalidSubmission(f"The name of a relationship is {rule}, such as connected_to.")

    def _target(self, form: dict[str, str]) -> int:
        assettype, text = form.get("targettype", BY_NUMBER), form.get("target", "").strip()
        if assettype != BY_NUMBER:
            return self._site.store.read(lambda connection: find_assetid(connection, assettype, text))
        if not (text.isascii() and text.isdigit() and 0 < int(text[:20]) <= LARGEST_ID):
            raise InvalidSubmission(
                f"The other asset is given by its number, such as 17, not {text[:80]!r}; or choose its type, "
                "and give its identity."
            )
        return int(text)

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        assetid: int,
        *,
        after: int = 0,
        form: dict[str, str] | None = None,
        problem: str = "",
    ) -> None:
        site = self._site

        def read(connection: Connection) -> tuple[Frame, Related, list[str]]:
            frame = read_frame(connection, site.plugins, assetid)
            related = read_related(connection, site, assetid, after=after, limit=ROWS)
            return frame, related, asset_types(connection)

        frame, related, types = site.store.read(read)
        self._pages.render(
            req,
            resp,
            "asset/related.html",
            frame=frame,
            related=related,
            drawing=related.drawing(frame) if related.items else None,
            isfirst=after == 0,
            words=None if site.sitefields.opposites is None else [*site.sitefields.opposites],
            types=types,
            form=form or {},
            problem=problem,
        )


class RemovedRelationshipPage(PageResource):
    """The end of one relationship, from either of its assets."""

    roles: ClassVar[Roles] = {"POST": "editor"}

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int, relationshipid: int) -> None:
        """Remove it; both assets stay."""
        self._site.store.transaction(Unrelate(assetid, relationshipid, editor(req, self._site)))
        self._pages.go_on(req, resp, f"/assets/{assetid}/related", "saved")


def draw(identityvalue: str, related: Sequence[JsonObject], total: int) -> Drawing:
    """Return the drawing of some relationships, of `total` that there are.

    Each of `related` has `isfrom`, whether it begins at the asset, `name`, the word for it as the asset sees
    it, and `identityvalue`, that of the other asset. A side without any takes no room.
    """
    drawn = related[:MOST_NODES]
    left = [each for each in drawn if not each["isfrom"]]
    right = [each for each in drawn if each["isfrom"]]
    side = NODE + WORD + CURVE
    x = side if left else 0
    height = ROW * max(len(left), len(right), 1)
    nodes = (*_side(left, x, height / 2, is_right=False), *_side(right, x, height / 2, is_right=True))
    width = x + NODE + (side if right else 0)
    name = cut(identityvalue, LONGEST_NAME)
    return Drawing(nodes, max(0, total - len(drawn)), width, height, x, (height - TALL) / 2, name)


def _side(related: Sequence[JsonObject], x: float, middle: float, *, is_right: bool) -> Iterator[Node]:
    """Yield the nodes of one side, from above to below; `x` and `middle` are those of the box between."""
    top = middle - ROW * len(related) / 2 + ROW / 2
    start = x + NODE if is_right else x
    step = 1 if is_right else -1
    end = start + step * CURVE
    bend = (start + end) / 2
    for number, each in enumerate(related):
        y = top + ROW * number
        yield Node(
            each,
            cut(each["identityvalue"], LONGEST_NAME),
            cut(each["name"] or "", LONGEST_WORD),
            end + WORD if is_right else end - WORD - NODE,
            y - TALL / 2,
            f"M{start:g} {middle:g}C{bend:g} {middle:g} {bend:g} {y:g} {end:g} {y:g}h{step * WORD}",
            end + step * WORD / 2,
        )


def cut(text: str, longest: int) -> str:
    """Return a text with at most `longest` characters, of which the last says that there are more."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
