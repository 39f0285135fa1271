"""The only assembly: from settings to a WSGI application."""

import atexit
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

import falcon

from shopdb_core.access.keys import CollectorKeys
from shopdb_core.access.tokens import Tokens
from shopdb_core.api import jsonmedia, problems
from shopdb_core.api.assets import AssetResource, AssetsResource, DuplicatesResource
from shopdb_core.api.audit import AuditResource, HistoryResource
from shopdb_core.api.batch import BatchResource
from shopdb_core.api.collector import CollectorResource
from shopdb_core.api.health import HealthResource
from shopdb_core.api.middleware import RequestContext
from shopdb_core.api.relationships import RelationshipResource, RelationshipsResource
from shopdb_core.api.reports import ReportResource, ReportsResource
from shopdb_core.api.schemas import SchemasResource
from shopdb_core.api.submitting import Entrance
from shopdb_core.api.webapp import WebApp
from shopdb_core.audit.entry import AuditChain
from shopdb_core.collect import Submissions
from shopdb_core.housekeeping import Housekeeping
from shopdb_core.plugins.registry import Plugins, load_plugins
from shopdb_core.reporting import Reports
from shopdb_core.schema_check import check_schema
from shopdb_core.served_declarations import NOTHING_BROKEN, Breakage, remember_served
from shopdb_core.settings import Settings
from shopdb_core.store import Store, open_store


def create_app(settings: Settings, plugins: Mapping[str, object] | None = None) -> WebApp:
    """Return the WSGI application of one site, with the given plugins or those that are installed.

    Its database is closed at the end of the process. Raises `ConfigurationError`; its subclass
    `SchemaBehind` where `shopdb db upgrade` must run first.
    """
    loaded = load_plugins(settings.admission, plugins)
    store, broken = _open_checked(settings, loaded)
    atexit.register(store.close)
    return assemble(settings, loaded, store, broken)


@contextmanager
def site_app(settings: Settings) -> Iterator[WebApp]:
    """Give the application of one site, with the installed plugins; its database is closed at the end.

    Meanwhile its audit is pruned now and then. Raises `ConfigurationError` as `create_app` does.
    """
    plugins = load_plugins(settings.admission)
    store, broken = _open_checked(settings, plugins)
    with closing(store), Housekeeping(store, settings):
        yield assemble(settings, plugins, store, broken)


def _open_checked(settings: Settings, plugins: Plugins) -> tuple[Store, Mapping[str, Breakage]]:
    """Open the site's database, and record what is served; closed again where its schema is behind."""
    store = open_store(settings)
    try:
        check_schema(store, plugins)
        return store, remember_served(store, plugins)
    except BaseException:
        store.close()
        raise


def assemble(
    settings: Settings, plugins: Plugins, store: Store, broken: Mapping[str, Breakage] = NOTHING_BROKEN
) -> WebApp:
    """Return the application on parts that the caller made, and closes; `_schemas` tells what is `broken`."""
    app = falcon.App(middleware=[RequestContext()])
    app.req_options.strip_url_path_trailing_slash = False
    app.req_options.keep_blank_qs_values = True
    jsonmedia.install(app)
    problems.install(app)
    entrance, tokens = Entrance(CollectorKeys(settings), plugins), Tokens(settings.secret_key)
    chain, limit = AuditChain(settings.secret_key), settings.max_body_bytes
    submissions, reports = Submissions(settings, plugins, store), Reports(plugins, store)
    schemas = SchemasResource(tokens, plugins, broken)
    asset = "/api/assets/{assetid:int(min=1, max=9223372036854775807)}"
    app.add_route("/api/health", HealthResource(store))
    app.add_route("/api/collector/{plugin}", CollectorResource(entrance, submissions, limit))
    app.add_route("/api/collector/{plugin}/_batch", BatchResource(entrance, submissions, limit))
    app.add_route("/api/collector/_schemas", schemas)
    app.add_route("/api/collector/_schemas/{plugin}", schemas, suffix="one")
    app.add_route("/api/assets", AssetsResource(tokens, store, plugins, chain, limit))
    app.add_route(asset, AssetResource(tokens, store))
    app.add_route(f"{asset}/history", HistoryResource(tokens, store))
    app.add_route(f"{asset}/relationships", RelationshipsResource(tokens, store, limit))
    app.add_route(f"{asset}/relationships/{{relationshipid:int(min=1)}}", RelationshipResource(tokens, store))
    app.add_route("/api/audit", AuditResource(tokens, store))
    app.add_route("/api/duplicates", DuplicatesResource(tokens, store))
    app.add_route("/api/reports", ReportsResource(tokens, reports))
    app.add_route("/api/reports/{plugin}/{name}", ReportResource(tokens, reports))
    return app
