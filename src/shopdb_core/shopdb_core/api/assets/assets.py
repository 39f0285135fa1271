"""Assets: list, show, create by hand, change and erase them; as a table, and what changed of one."""

from typing import ClassVar
from urllib.parse import urlencode

import falcon

from shopdb_core.api import shapes
from shopdb_core.api.assets.edits import run_edit, write_asset
from shopdb_core.assets.listed_ids import ORDERS, STATES
from shopdb_core.assets.listing import as_texts, get_asset
from shopdb_core.audit.as_of import changes_between, show_as_of
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.edits.changing import CHANGES, Change, Changes
from shopdb_core.edits.creating import ManualEntry
from shopdb_core.edits.erasing import Erasing
from shopdb_core.errors import Conflict
from shopdb_core.intake.decoding import read_document
from shopdb_core.intake.http_body import JSON, MERGE_PATCH
from shopdb_core.plugins.discovery import NAME, NAME_LENGTH
from shopdb_core.search.columns import Columns, cell
from shopdb_core.search.query import Filters, Show
from shopdb_core.site import Site
from shopdb_core.store.paging import Page
from shopdb_core.web.editing import answer_of, editor
from shopdb_core.web.json_schema import TEXT, page_of
from shopdb_core.web.operations import EDIT_ERRORS, Operation, Operations
from shopdb_core.web.parameters import PAGE, Queries, as_given, choice, flag, moment, short_text
from shopdb_core.web.request import Roles, given_version, read_json, read_valid, required_version
from shopdb_core.web.responses import CSV, csv_file, write_csv, write_page

_MANUAL_ASSET = {
    "title": "NewAsset",
    "type": "object",
    "required": ["assettype", "identityvalue"],
    "additionalProperties": False,
    "properties": {
        "assettype": {"type": "string", "pattern": f"^{NAME.pattern}$", "maxLength": NAME_LENGTH},
        "identityvalue": {"type": "string", "minLength": 1, "maxLength": 255},
        # No attribute has the name under which the audit has the relationships.
        "attributes": {"type": "object", "propertyNames": {"pattern": "^([^@]|$)"}},
    },
}

_LIST = (
    as_given("q", "be a query (docs/search.md)", TEXT),
    as_given("fields", "be names of fields, separated by commas", TEXT),
    short_text("assettype"),
    short_text("identityvalue"),
    choice("state", STATES, "active"),
    choice("sort", [*ORDERS], "assetid"),
    *PAGE,
)
_FILTERS = ("assettype", "identityvalue", "state")


class AssetsResource:
    """All assets."""

    roles: ClassVar[Roles] = {"GET": "viewer", "POST": "editor"}
    queries: ClassVar[Queries] = {"on_get": _LIST}
    operations: ClassVar[Operations] = {
        "on_get": Operation(answer=page_of(shapes.ASSET)),
        "on_post": Operation(
            answer=shapes.WHOLE_ASSET,
            statuses=(201,),
            sends=("Location", "ETag"),
            body=_MANUAL_ASSET,
            errors=(Conflict,),
        ),
    }

    def __init__(self, site: Site) -> None:
        self._site = site
        self._store = site.store
        self._validator = SubmissionValidator(_MANUAL_ASSET)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List assets: a search, filtered by type, by a prefix of the identity, and by state."""
        fields = req.context.query["fields"]
        columns = None if fields is None else Columns.read(fields, self._site.search.fields)
        write_page(resp, _page(req, self._site, as_texts if columns is None else columns.shown))

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Create an asset of a type that has no collector."""
        content = read_valid(req, self._site.settings.max_body_bytes, self._validator)
        assettype = content["assettype"]
        if self._site.plugins.is_collected(assettype):
            raise Conflict(
                f"Assets of the type {assettype} are those of the plugin {assettype}, even while it is not "
                f"served: submit them to POST /api/collector/{assettype}, or choose another type."
            )
        entry = ManualEntry(
            assettype, content["identityvalue"], content.get("attributes", {}), editor(req, self._site)
        )
        asset = self._store.transaction(entry)
        resp.status = falcon.HTTP_201
        resp.set_header("Location", f"/api/assets/{asset['assetid']}")
        write_asset(resp, asset)


class AssetTableResource:
    """The list of assets as a table."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": _LIST}
    operations: ClassVar[Operations] = {
        "on_get": Operation(answer=TEXT, mediatypes=(CSV,), sends=("Content-Disposition", "Link"))
    }

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Write a page of the list as CSV; the header `Link` has the address of the next one (RFC 8288)."""
        fields, assettype = req.context.query["fields"], req.context.query["assettype"]
        known = self._site.search.fields
        if fields is None:
            columns = Columns.of_type(self._site.plugins, assettype, known)
        else:
            columns = Columns.read(fields, known)
        found = _page(req, self._site, columns.shown)
        write_csv(resp, csv_file(columns.names, ([*map(cell, item.values())] for item in found.items)))
        resp.downloadable_as = "assets.csv"
        if found.next is not None:
            following = urlencode({**req.params, "after": found.next})
            resp.append_link(f"{req.path}?{following}", "next")


def _page(req: falcon.Request, site: Site, show: Show) -> Page:
    """Return the page of the list that a request asks for."""
    query = req.context.query
    conditions = site.search.conditions(query["q"] or "")
    filters: Filters = {name: query[name] for name in _FILTERS}  # type: ignore[assignment]  # its keys
    order, after, limit = ORDERS[query["sort"]], query["after"], query["limit"]
    return site.store.read(
        lambda connection: site.search.page(
            connection, conditions, filters, order=order, after=after, limit=limit, show=show
        )
    )


class AssetResource:
    """One asset."""

    roles: ClassVar[Roles] = {"GET": "viewer", "PATCH": "editor", "DELETE": "admin"}
    operations: ClassVar[Operations] = {
        "on_get": Operation(
            answer={"anyOf": [shapes.WHOLE_ASSET, shapes.ASSET_AS_OF]}, sends=("ETag",), errors=EDIT_ERRORS
        ),
        "on_patch": Operation(
            answer=shapes.EDITED_ASSET,
            sends=("ETag",),
            body=CHANGES,
            bodytypes=(MERGE_PATCH, JSON),
            version="required",
            errors=EDIT_ERRORS,
        ),
        "on_delete": Operation(answer=shapes.ERASED_ASSET, version="optional", errors=EDIT_ERRORS),
    }

    def __init__(self, site: Site) -> None:
        self._site = site
        self._store = site.store
        self.queries: Queries = {
            "on_get": (moment("at", site.settings.timezone),),
            "on_patch": (flag("dryrun"),),
            "on_delete": (flag("dryrun"),),
        }

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Show one asset, in any state; the ETag is its version, for `If-Match`. Or show it as of a time."""
        at, collectors = req.context.query["at"], self._site.plugins.collectors()
        if at is None:
            write_asset(resp, self._store.read(lambda connection: get_asset(connection, assetid)))
            return
        resp.media = self._store.read(lambda connection: show_as_of(connection, assetid, at, collectors))

    def on_patch(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Change identity, attributes or site fields of the version that `If-Match` names."""
        version = required_version(req)
        content = read_document(read_json(req, self._site.settings.max_body_bytes)).content
        change = Change(assetid, version, Changes.read(content), editor(req, self._site))
        run_edit(req, resp, self._store, change)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Erase the asset and those that were merged into it, of the version that `If-Match` may name."""
        erasing = Erasing(assetid, editor(req, self._site), given_version(req))
        resp.media = answer_of(self._store, erasing, dryrun=req.context.query["dryrun"])


class AssetDiffResource:
    """What changed of one asset."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    operations: ClassVar[Operations] = {"on_get": Operation(answer=shapes.ASSET_DIFF, errors=EDIT_ERRORS)}

    def __init__(self, site: Site) -> None:
        self._site = site
        zone = site.settings.timezone
        times = (moment("from", zone, required=True), moment("to", zone, required=True))
        self.queries: Queries = {"on_get": times}

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Show what changed between two times."""
        first, last = req.context.query["from"], req.context.query["to"]
        collectors = self._site.plugins.collectors()
        resp.media = self._site.store.read(
            lambda connection: changes_between(connection, assetid, first, last, collectors)
        )
