"""The routes of the API: from an open site to a WSGI application."""

import falcon

from shopdb_core.api import jsonmedia, problems
from shopdb_core.api.assets import AssetResource, AssetsResource, DuplicatesResource
from shopdb_core.api.audit import AuditResource, HistoryResource
from shopdb_core.api.authentication import Authentication
from shopdb_core.api.batch import BatchResource
from shopdb_core.api.collector import CollectorResource
from shopdb_core.api.health import HealthResource
from shopdb_core.api.middleware import RequestContext
from shopdb_core.api.relationships import RelationshipResource, RelationshipsResource
from shopdb_core.api.reports import ReportResource, ReportsResource
from shopdb_core.api.schemas import SchemasResource
from shopdb_core.api.submitting import Entrance
from shopdb_core.api.webapp import WebApp
from shopdb_core.site import Site

_ASSET = "/api/assets/{assetid:int(min=1, max=9223372036854775807)}"


def create_app(site: Site) -> WebApp:
    """Return the WSGI application of an open site, which its caller closes when serving has ended."""
    app = falcon.App(middleware=[RequestContext()])
    app.add_middleware(Authentication(site.tokens))
    app.req_options.strip_url_path_trailing_slash = False
    app.req_options.keep_blank_qs_values = True
    jsonmedia.install(app)
    problems.install(app)
    entrance, limit = Entrance(site.keys, site.plugins), site.settings.max_body_bytes
    store, reports = site.store, site.reports
    schemas = SchemasResource(site.plugins, site.broken)
    app.add_route("/api/health", HealthResource(store))
    app.add_route("/api/collector/{plugin}", CollectorResource(entrance, site.submissions, limit))
    app.add_route("/api/collector/{plugin}/_batch", BatchResource(entrance, site.submissions, limit))
    app.add_route("/api/collector/_schemas", schemas)
    app.add_route("/api/collector/_schemas/{plugin}", schemas, suffix="one")
    app.add_route("/api/assets", AssetsResource(store, site.plugins, site.chain, limit))
    app.add_route(_ASSET, AssetResource(store))
    app.add_route(f"{_ASSET}/history", HistoryResource(store))
    app.add_route(f"{_ASSET}/relationships", RelationshipsResource(store, limit))
    app.add_route(f"{_ASSET}/relationships/{{relationshipid:int(min=1)}}", RelationshipResource(store))
    app.add_route("/api/audit", AuditResource(store))
    app.add_route("/api/duplicates", DuplicatesResource(store))
    app.add_route("/api/reports", ReportsResource(reports))
    app.add_route("/api/reports/{plugin}/{name}", ReportResource(reports))
    return app
