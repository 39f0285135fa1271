"""`create_app`: the routes of the API, as a WSGI application on an open site."""

from shopdb_core.api import legacy_pc
from shopdb_core.api.assets import (
    AssetResource,
    AssetsResource,
    DuplicatesResource,
    IgnoredDuplicateResource,
    RelationshipResource,
    RelationshipsResource,
)
from shopdb_core.api.edits import RestoreResource, RetireResource, RevertResource
from shopdb_core.api.framework import problems, responses
from shopdb_core.api.framework.request import Authentication, RequestContext, WebApp
from shopdb_core.api.health import HealthResource
from shopdb_core.api.history import AuditResource, CountsResource, RefusalsResource
from shopdb_core.api.merges import MergeEndResource, MergeResource, MergesResource
from shopdb_core.api.openapi import resources as openapi
from shopdb_core.api.reports import ReportsResource
from shopdb_core.api.schemas import SchemasResource
from shopdb_core.api.submissions import CollectorResource
from shopdb_core.site import Site

_ASSET = "/api/assets/{assetid:id}"


def create_app(site: Site) -> WebApp:
    """Return the WSGI application of an open site; the caller closes the site after serving.

    Raises `TypeError` for a resource that does not declare the role of each of its methods.
    """
    app = WebApp(
        RequestContext(site.settings.trusted_proxies),
        Authentication(site.tokens, site.keys, site.plugins),
    )
    app.req_options.strip_url_path_trailing_slash = False
    app.req_options.keep_blank_qs_values = True
    responses.install(app)
    problems.install(app, site.recorder, site.plugins)
    store, limit = site.store, site.settings.max_body_bytes
    collector = CollectorResource(site.submissions, site.recorder, limit)
    schemas = SchemasResource(site.plugins, site.broken)
    audit = AuditResource(store)
    reports = ReportsResource(site.reports)
    app.add_route("/api/health", HealthResource(store))
    app.add_route("/api/collector/{plugin}", collector)
    app.add_route("/api/collector/{plugin}/_batch", collector, suffix="batch")
    legacy_pc.install(app, site)
    app.add_route("/api/collector/_schemas", schemas)
    app.add_route("/api/collector/_schemas/{plugin}", schemas, suffix="one")
    app.add_route("/api/assets", AssetsResource(site))
    app.add_route(_ASSET, AssetResource(site))
    app.add_route(f"{_ASSET}/retire", RetireResource(site))
    app.add_route(f"{_ASSET}/restore", RestoreResource(site))
    app.add_route(f"{_ASSET}/revert", RevertResource(site))
    app.add_route(f"{_ASSET}/history", audit, suffix="history")
    app.add_route(f"{_ASSET}/relationships", RelationshipsResource(site))
    relationship = RelationshipResource(site)
    app.add_route(f"{_ASSET}/relationships/{{relationshipid:id}}", relationship)
    merge = MergeEndResource(site)
    app.add_route(f"{_ASSET}/merge", MergeResource(site))
    app.add_route("/api/merges", MergesResource(site))
    app.add_route("/api/merges/{mergeid:id}/undo", merge, suffix="undo")
    app.add_route("/api/merges/{mergeid:id}/release", merge, suffix="release")
    app.add_route("/api/audit", audit)
    app.add_route("/api/refusals", RefusalsResource(store))
    app.add_route("/api/counts", CountsResource(store))
    app.add_route("/api/duplicates", DuplicatesResource(store))
    app.add_route("/api/duplicates/{duplicateid:id}/ignore", IgnoredDuplicateResource(store))
    app.add_route("/api/reports", reports)
    app.add_route("/api/reports/{plugin}/{name}", reports, suffix="one")
    openapi.install(app)
    return app
