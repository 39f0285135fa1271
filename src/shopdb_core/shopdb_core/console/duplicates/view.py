"""The findings about duplicates: the list, one with its evidence side by side, and ignoring it."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias, get_args

import falcon

from shopdb_core.assets.duplicates.findings import Kind, get_duplicate, ignore_duplicate, list_duplicates
from shopdb_core.console.asset.frame import Frame, read_frame
from shopdb_core.console.asset.related import Related, read_related
from shopdb_core.console.duplicates.comparing import (
    Proof,
    Row,
    Takeover,
    evidence_fields,
    proofs_of,
    rows_of,
    takeover,
)
from shopdb_core.console.framework.pages import N_, PageResource
from shopdb_core.edits.merges.merging import lacking
from shopdb_core.operations.records import waiting_by_kind
from shopdb_core.plugins.collector import Collector
from shopdb_core.site import Site
from shopdb_core.store import Connection
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.browsers.forms import read_form
from shopdb_core.web.parameters import Queries, choice, whole_number
from shopdb_core.web.request import Roles
from shopdb_core.web.responses import page
from shopdb_hookspecs import JsonObject

ROWS = 100
MOST_RELATIONSHIPS = 10
"""How many relationships of each asset are named."""

Index: TypeAlias = Literal[0, 1]
Pair: TypeAlias = tuple[JsonObject, JsonObject]

KINDS: dict[str, str] = {
    "renamed": N_("Renamed?"),
    "swapped": N_("Swapped?"),
    "collision": N_("One name, two devices?"),
    "samehost": N_("Two forms of one name?"),
}

MEANINGS: dict[str, str] = {
    "renamed": N_(
        "A new asset came with a secondary identity that only one other asset has. Often that is one device "
        "under a new name; it may also be a part that moved from one device into another."
    ),
    "swapped": N_(
        "A known asset came with a secondary identity that it did not have, and that only one other asset "
        "has. Perhaps the two devices swapped their names, or a part moved from one into the other."
    ),
    "collision": N_(
        "The asset alternates between two secondary identities. Perhaps two devices have the same name, and "
        "overwrite each other's fields."
    ),
    "samehost": N_(
        "The name of the new asset is the short or the qualified form of the name of the other one. Often "
        "that is one host, which two pipelines call differently."
    ),
}

LOOK_AT: dict[str, str] = {
    "renamed": N_("Look whether the older name is still submitted. If it is not, the device was renamed."),
    "swapped": N_(
        "Look at the labels of both devices. Correct the name of one, or ignore the finding if a part moved."
    ),
    "collision": N_(
        "Look which pipelines or images give out the name. Rename one of the two devices at the device "
        "itself; here there is nothing to merge."
    ),
    "samehost": N_(
        "Look whether both names are still submitted. Let every pipeline send one form of the name, then "
        "merge the two."
    ),
}


@dataclass(frozen=True, slots=True)
class Side:
    """One asset of a finding, with its relationships, and what merging the other into it would do."""

    frame: Frame
    related: Related
    effect: Takeover


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both assets of a finding, the older first, or the one of a collision; and their fields."""

    finding: JsonObject
    sides: list[Side]
    proofs: list[Proof]
    rows: list[Row]
    sitefields: list[Row]

    @property
    def is_mergeable(self) -> bool:
        """Whether there are two assets, of one type, that can be merged."""
        frames = [side.frame for side in self.sides]
        return len(frames) == 2 and all(frame.is_editable for frame in frames)  # noqa: PLR2004  # a pair

    @property
    def is_older_silent(self) -> bool:
        """Whether the older asset was not submitted any more since the newer one was created."""
        older, newer = self.sides[0].frame.asset, self.sides[-1].frame.asset
        return len(self.sides) > 1 and bool(older["lastseenat"] < newer["createdat"])


class DuplicatesPage(PageResource):
    """The findings that nobody has ignored."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {
        "on_get": (choice("kind", get_args(Kind)), whole_number("after", 0, LARGEST_ID, 0))
    }

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List them, the oldest first, of all kinds or of one."""
        kind, after = req.context.query["kind"], req.context.query["after"]
        found, counts = self._site.store.read(
            lambda connection: (
                list_duplicates(connection, kind=kind, after=after, limit=ROWS + 1),
                waiting_by_kind(connection),
            )
        )
        self._pages.render(
            req,
            resp,
            "duplicates/page.html",
            kinds=KINDS,
            kind=kind,
            counts=counts,
            isfirst=after == 0,
            **page(found, ROWS, "duplicateid"),
        )


class DuplicatePage(PageResource):
    """One finding, with its evidence side by side, and what each choice would do."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

    def on_get(self, req: falcon.Request, resp: falcon.Response, duplicateid: int) -> None:
        """Show it."""
        site = self._site
        found = site.store.read(lambda connection: read_comparison(connection, site, duplicateid))
        kind = found.finding["kind"]
        self._pages.render(
            req,
            resp,
            "duplicates/finding.html",
            found=found,
            finding=found.finding,
            kindname=KINDS[kind],
            meaning=MEANINGS[kind],
            lookat=LOOK_AT[kind],
        )


class IgnorePage(PageResource):
    """A finding that people have looked at, and that needs nothing."""

    roles: ClassVar[Roles] = {"POST": "editor"}

    def on_post(self, req: falcon.Request, resp: falcon.Response, duplicateid: int) -> None:
        """Ignore the finding; ignoring it again changes nothing."""
        read_form(req)
        actor = f"user:{req.context.bearer.subject}"
        self._site.store.transaction(lambda connection: ignore_duplicate(connection, duplicateid, actor))
        self._pages.go_on(req, resp, "/duplicates", "ignored")


def read_comparison(connection: Connection, site: Site, duplicateid: int) -> Comparison:
    """Read a finding and its assets; raises `NotFound`, and `Gone` if one was erased."""
    finding = get_duplicate(connection, duplicateid)
    collector = site.plugins.collectors().get(finding["assettype"])
    assetids = dict.fromkeys((finding["assetid"], finding["otherassetid"]))
    frames = [read_frame(connection, site.plugins, each) for each in assetids]
    one, other = frames[0].asset, frames[-1].asset
    document = frames[0].declaration or {}
    proofs = proofs_of(collector, one["attributes"], other["attributes"]) if collector else []
    kinds = (finding["field"], *(proof.kind for proof in proofs if proof.verdict == "shared"))
    marked = [name for kind in kinds for name in evidence_fields(collector, kind)]
    rows = rows_of(one["attributes"], other["attributes"], document.get("fields", {}), document, marked)
    sitefields = rows_of(
        one["sitefields"],
        other["sitefields"],
        site.sitefields.properties,
        {"$defs": site.sitefields.definitions},
        (),
    )
    identityfield = document.get("identityfield")
    indexes: tuple[Index, Index] = (0, 1)
    sides = [
        Side(
            frame,
            read_related(connection, site, frame.asset["assetid"], limit=MOST_RELATIONSHIPS),
            _effect(
                collector, [row for row in rows if row.name != identityfield], sitefields, (one, other), index
            ),
        )
        for index, frame in zip(indexes, frames, strict=False)
    ]
    return Comparison(finding, sides, proofs, rows, sitefields)


def _effect(
    collector: Collector | None, rows: list[Row], sitefields: list[Row], assets: Pair, index: Index
) -> Takeover:
    """Return what merging the other asset into that of the index does to fields."""
    kept, gone = assets[index], assets[1 - index]
    taken = lacking(collector, kept["attributes"], gone["attributes"])
    taken_of_people = lacking(None, kept["sitefields"], gone["sitefields"])
    fields = takeover(rows, index, taken)
    of_people = takeover(sitefields, index, taken_of_people)
    return Takeover([*fields.taken, *of_people.taken], [*fields.lost, *of_people.lost])
