"""`create_app`: the API and the console, as a WSGI application on an open site."""

from shopdb_core.access.service import Access
from shopdb_core.api import legacy_pc
from shopdb_core.api.assets.assets import (
    AssetDiffResource,
    AssetResource,
    AssetsResource,
    AssetTableResource,
)
from shopdb_core.api.assets.duplicates import DuplicatesResource, IgnoredDuplicateResource
from shopdb_core.api.assets.edits import RestoreResource, RetireResource, RevertResource
from shopdb_core.api.assets.merges import MergeEndResource, MergeResource, MergesResource
from shopdb_core.api.assets.relationships import RelationshipResource, RelationshipsResource
from shopdb_core.api.auth import (
    LoginResource,
    LogoutResource,
    MeResource,
    RefreshResource,
    SessionResource,
    SessionsResource,
)
from shopdb_core.api.changes import ChangesResource, WebhooksResource
from shopdb_core.api.history import AccessEventsResource, AuditResource, CountsResource, RefusalsResource
from shopdb_core.api.oidc import CALLBACK, OidcCallbackResource, OidcStartResource
from shopdb_core.api.openapi import resources as openapi
from shopdb_core.api.operations import HealthResource, MetricsResource, ReadyResource
from shopdb_core.api.reports import ReportsResource
from shopdb_core.api.schemas import SchemasResource
from shopdb_core.api.submissions import CollectorResource
from shopdb_core.console import routes as console
from shopdb_core.operations.health.readiness import Readiness
from shopdb_core.operations.metrics import Metrics
from shopdb_core.site import Site
from shopdb_core.web import problems, responses
from shopdb_core.web.authentication import Authentication
from shopdb_core.web.browsers.headers import CrossOrigin
from shopdb_core.web.request import RequestContext, WebApp

WAITING_SHARE = 4
_ASSET = "/api/assets/{assetid:id}"


def create_app(site: Site, metrics: Metrics | None = None, *, most_waiting: int | None = None) -> WebApp:
    """Return the WSGI application of an open site; the caller closes the site after serving.

    With `metrics` its requests are counted, and `/metrics` shows them to whoever has the token for it.
    `most_waiting` is how many requests may wait for changes at the same time; without it, a quarter of the
    threads that the settings have.

    Raises `TypeError` for a resource that does not declare the role of each of its methods.
    """
    origins = site.settings.cors_origins
    app = WebApp(
        RequestContext(
            site.settings.trusted_proxies,
            site.settings.public_url,
            metrics.time_request if metrics else None,
        ),
        *([CrossOrigin(origins)] if origins else []),
        Authentication(site.access, site.keys, site.plugins, site.settings),
    )
    app.req_options.strip_url_path_trailing_slash = False
    app.req_options.keep_blank_qs_values = True
    responses.install(app)
    problems.install(app, site.recorder, site.plugins, console.install(app, site))
    _route_collectors(app, site)
    _route_assets(app, site)
    _route_histories(app, site, most_waiting or max(1, site.settings.threads // WAITING_SHARE))
    _route_people(app, site.access)
    _route_operations(app, site, metrics)
    openapi.install(app)
    return app


def _route_collectors(app: WebApp, site: Site) -> None:
    collector = CollectorResource(site.submissions, site.recorder, site.settings.max_body_bytes)
    schemas = SchemasResource(site.plugins, site.broken)
    app.add_route("/api/collector/{plugin}", collector)
    app.add_route("/api/collector/{plugin}/_batch", collector, suffix="batch")
    legacy_pc.install(app, site)
    app.add_route("/api/collector/_schemas", schemas)
    app.add_route("/api/collector/_schemas/{plugin}", schemas, suffix="one")


def _route_assets(app: WebApp, site: Site) -> None:
    merge = MergeEndResource(site)
    app.add_route("/api/assets", AssetsResource(site))
    app.add_route("/api/assets.csv", AssetTableResource(site))
    app.add_route(_ASSET, AssetResource(site))
    app.add_route(f"{_ASSET}/diff", AssetDiffResource(site))
    app.add_route(f"{_ASSET}/retire", RetireResource(site))
    app.add_route(f"{_ASSET}/restore", RestoreResource(site))
    app.add_route(f"{_ASSET}/revert", RevertResource(site))
    app.add_route(f"{_ASSET}/relationships", RelationshipsResource(site))
    app.add_route(f"{_ASSET}/relationships/{{relationshipid:id}}", RelationshipResource(site))
    app.add_route(f"{_ASSET}/merge", MergeResource(site))
    app.add_route("/api/merges", MergesResource(site))
    app.add_route("/api/merges/{mergeid:id}/undo", merge, suffix="undo")
    app.add_route("/api/merges/{mergeid:id}/release", merge, suffix="release")
    app.add_route("/api/duplicates", DuplicatesResource(site.store))
    app.add_route("/api/duplicates/{duplicateid:id}/ignore", IgnoredDuplicateResource(site.store))


def _route_histories(app: WebApp, site: Site, most_waiting: int) -> None:
    audit = AuditResource(site.store)
    reports = ReportsResource(site.reports)
    app.add_route(f"{_ASSET}/history", audit, suffix="history")
    app.add_route("/api/audit", audit)
    app.add_route("/api/changes", ChangesResource(site.feed, most_waiting))
    app.add_route("/api/webhooks", WebhooksResource(site))
    app.add_route("/api/refusals", RefusalsResource(site.store))
    app.add_route("/api/counts", CountsResource(site.store))
    app.add_route("/api/reports", reports)
    app.add_route("/api/reports/{plugin}/{name}", reports, suffix="one")
    app.add_route("/api/access-events", AccessEventsResource(site.store))


def _route_people(app: WebApp, access: Access) -> None:
    app.add_route("/api/auth/login", LoginResource(access))
    app.add_route("/api/auth/refresh", RefreshResource(access))
    app.add_route("/api/auth/logout", LogoutResource(access))
    app.add_route("/api/auth/me", MeResource(access))
    app.add_route("/api/auth/sessions", SessionsResource(access))
    app.add_route("/api/auth/sessions/{sessionid}", SessionResource(access))
    app.add_route("/api/auth/oidc/start", OidcStartResource(access))
    app.add_route(CALLBACK, OidcCallbackResource(access))


def _route_operations(app: WebApp, site: Site, metrics: Metrics | None) -> None:
    app.add_route("/api/health", HealthResource(site.store))
    app.add_route("/api/ready", ReadyResource(Readiness(site.settings, site.store, site.plugins)))
    if metrics is not None and site.settings.metrics_token is not None:
        app.add_route("/metrics", MetricsResource(metrics))
