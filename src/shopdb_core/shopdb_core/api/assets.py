"""Assets, their relationships, and what may be duplicates: list, show, create by hand, delete, ignore."""

from collections.abc import Callable
from typing import ClassVar, get_args
from urllib.parse import urlencode

import falcon

from shopdb_core.api import shapes
from shopdb_core.api.framework.operations import EDIT_ERRORS, Operation, Operations
from shopdb_core.api.framework.parameters import PAGE, Queries, as_given, choice, flag, moment, short_text
from shopdb_core.api.framework.request import Roles, given_version, read_json, read_valid, required_version
from shopdb_core.api.framework.responses import csv_file, page, write_csv, write_page
from shopdb_core.assets.duplicates import Kind, ignore_duplicate, list_duplicates
from shopdb_core.assets.listing import STATES, as_texts, get_asset
from shopdb_core.assets.relationships import get_relationship, list_relationships
from shopdb_core.audit.as_of import changes_between, show_as_of
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.edits.changing import CHANGES, Change, Changes
from shopdb_core.edits.creating import ManualEntry
from shopdb_core.edits.edit import Editor
from shopdb_core.edits.erasing import Erasing
from shopdb_core.edits.relating import Relate, Unrelate
from shopdb_core.errors import Conflict, Gone
from shopdb_core.intake.decoding import read_document
from shopdb_core.intake.http_body import JSON, MERGE_PATCH
from shopdb_core.plugins.discovery import NAME, NAME_LENGTH
from shopdb_core.search.columns import Columns, cell
from shopdb_core.search.query import Filters, Show
from shopdb_core.site import Site
from shopdb_core.store import Connection, Store
from shopdb_core.store.paging import Page
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.submissions import Origin
from shopdb_hookspecs import JsonObject

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

_RELATIONSHIP = {
    "title": "NewRelationship",
    "type": "object",
    "required": ["relationshiptype", "targetassetid"],
    "additionalProperties": False,
    "properties": {
        "relationshiptype": {"type": "string", "pattern": f"^{NAME.pattern}$", "maxLength": NAME_LENGTH},
        "targetassetid": {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
    },
}

_TEXT: JsonObject = {"type": "string"}

_LIST = (
    as_given("q", "be a query (docs/search.md)", _TEXT),
    as_given("fields", "be names of fields, separated by commas", _TEXT),
    short_text("assettype"),
    short_text("identityvalue"),
    choice("state", STATES, "active"),
    *PAGE,
)
_FILTERS = ("assettype", "identityvalue", "state")


class AssetsResource:
    """All assets."""

    roles: ClassVar[Roles] = {"GET": "viewer", "POST": "editor"}
    queries: ClassVar[Queries] = {"on_get": _LIST}
    operations: ClassVar[Operations] = {
        "on_get": Operation(answer=shapes.page_of(shapes.ASSET)),
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
    after, limit = query["after"], query["limit"]
    return site.store.read(
        lambda connection: site.search.page(
            connection, conditions, filters, after=after, limit=limit, show=show
        )
    )


class AssetResource:
    """One asset."""

    roles: ClassVar[Roles] = {"GET": "viewer", "PATCH": "editor", "DELETE": "admin"}
    operations: ClassVar[Operations] = {
        "on_get": Operation(answer=shapes.WHOLE_ASSET, sends=("ETag",), errors=(Gone,)),
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
        resp.media = answer_of(req, self._store, erasing)


class AssetDiffResource:
    """What changed of one asset."""

    roles: ClassVar[Roles] = {"GET": "viewer"}

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


def write_asset(resp: falcon.Response, asset: JsonObject) -> None:
    """Answer with an asset and its version."""
    resp.set_header("ETag", f'"{asset["version"]}"')
    resp.media = asset


def run_edit(
    req: falcon.Request, resp: falcon.Response, store: Store, edit: Callable[[Connection], JsonObject]
) -> None:
    """Run an edit, or with `dryrun=true` roll it back, and answer with the asset and what changed."""
    answer = answer_of(req, store, edit)
    if req.context.query["dryrun"]:
        resp.media = answer  # without an ETag: nobody can read that version
    else:
        write_asset(resp, answer)


def answer_of(req: falcon.Request, store: Store, edit: Callable[[Connection], JsonObject]) -> JsonObject:
    """Return what an edit returns, which is rolled back with `dryrun=true`."""
    return (store.dry_run if req.context.query["dryrun"] else store.transaction)(edit)


class RelationshipsResource:
    """The relationships of one asset, in both directions."""

    roles: ClassVar[Roles] = {"GET": "viewer", "POST": "editor"}
    queries: ClassVar[Queries] = {"on_get": PAGE}
    operations: ClassVar[Operations] = {
        "on_get": Operation(answer=shapes.page_of(shapes.RELATIONSHIP)),
        "on_post": Operation(
            answer=shapes.RELATIONSHIP,
            statuses=(201,),
            sends=("Location",),
            body=_RELATIONSHIP,
            errors=EDIT_ERRORS,
        ),
    }

    def __init__(self, site: Site) -> None:
        self._site = site
        self._store = site.store
        self._validator = SubmissionValidator(_RELATIONSHIP)

    def on_get(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """List the relationships from and to the asset."""
        after, limit = req.context.query["after"], req.context.query["limit"]
        found = self._store.read(
            lambda connection: list_relationships(connection, assetid, after=after, limit=limit + 1)
        )
        named = [self._site.sitefields.named(each, assetid) for each in found]
        resp.media = page(named, limit, "relationshipid")

    def on_post(self, req: falcon.Request, resp: falcon.Response, assetid: int) -> None:
        """Create a relationship from the asset to another."""
        content = read_valid(req, self._site.settings.max_body_bytes, self._validator)
        target, relationshiptype = int(content["targetassetid"]), content["relationshiptype"]
        self._site.sitefields.check_relationship(relationshiptype)
        relate = Relate(assetid, target, relationshiptype, editor(req, self._site))
        created = self._store.transaction(relate)
        resp.status = falcon.HTTP_201
        resp.set_header("Location", f"/api/assets/{assetid}/relationships/{created['relationshipid']}")
        resp.media = self._site.sitefields.named(created, assetid)


class RelationshipResource:
    """One relationship, addressed below either of its two assets."""

    roles: ClassVar[Roles] = {"GET": "viewer", "DELETE": "editor"}
    operations: ClassVar[Operations] = {
        "on_get": Operation(answer=shapes.RELATIONSHIP),
        "on_delete": Operation(statuses=(204,), errors=EDIT_ERRORS),
    }

    def __init__(self, site: Site) -> None:
        self._site = site
        self._store = site.store

    def on_get(self, _req: falcon.Request, resp: falcon.Response, assetid: int, relationshipid: int) -> None:
        """Show the relationship."""
        found = self._store.read(lambda connection: get_relationship(connection, assetid, relationshipid))
        resp.media = self._site.sitefields.named(found, assetid)

    def on_delete(
        self, req: falcon.Request, resp: falcon.Response, assetid: int, relationshipid: int
    ) -> None:
        """Delete the relationship; both assets stay."""
        self._store.transaction(Unrelate(assetid, relationshipid, editor(req, self._site)))
        resp.status = falcon.HTTP_204


class DuplicatesResource:
    """The findings that nobody ignored."""

    roles: ClassVar[Roles] = {"GET": "viewer"}
    queries: ClassVar[Queries] = {"on_get": (choice("kind", get_args(Kind)), *PAGE)}
    operations: ClassVar[Operations] = {"on_get": Operation(answer=shapes.page_of(shapes.DUPLICATE))}

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the findings, of all kinds or of one."""
        kind, after, limit = (req.context.query[name] for name in ("kind", "after", "limit"))
        found = self._store.read(
            lambda connection: list_duplicates(connection, kind=kind, after=after, limit=limit + 1)
        )
        resp.media = page(found, limit, "duplicateid")


class IgnoredDuplicateResource:
    """A finding that people have looked at."""

    roles: ClassVar[Roles] = {"POST": "editor"}
    operations: ClassVar[Operations] = {"on_post": Operation(answer=shapes.DUPLICATE)}

    def __init__(self, store: Store) -> None:
        self._store = store

    def on_post(self, req: falcon.Request, resp: falcon.Response, duplicateid: int) -> None:
        """Ignore the finding; ignoring it again changes nothing."""
        actor = f"user:{req.context.bearer.subject}"
        resp.media = self._store.transaction(
            lambda connection: ignore_duplicate(connection, duplicateid, actor)
        )


def editor(req: falcon.Request, site: Site) -> Editor:
    """Return the person who edits, for the audit, and what an edit needs of the site."""
    context = req.context
    origin = Origin(f"user:{context.bearer.subject}", context.requestid, context.clientaddress)
    return site.editor(origin)
