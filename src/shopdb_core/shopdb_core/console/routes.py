"""`install` routes the pages of the console.

A page is imported with its first request: to import all of them takes a fifth of the start of a server, and
most servers receive submissions alone.
"""

from functools import partial
from importlib import import_module

from shopdb_core.access.sign_in.links import LINK_PATH
from shopdb_core.console.framework.errors import ErrorPages
from shopdb_core.console.framework.pages import Pages
from shopdb_core.console.framework.static import StaticResource
from shopdb_core.site import Site
from shopdb_core.web.late import LateResource
from shopdb_core.web.problems import ShowProblem
from shopdb_core.web.request import Resource, WebApp

_ASSET = "/assets/{assetid:id}"
_USER = "/admin/users/{userid:id}"

PAGES = (
    ("GET POST", "/sign-in", "sign_in.view:SignInPage"),
    ("GET", LINK_PATH, "sign_in.view:SignInLinkPage"),
    ("POST", "/sign-out", "sign_in.view:SignOutPage"),
    ("POST", "/preferences", "sign_in.view:PreferencesPage"),
    ("GET", "/account", "account.view:AccountPage"),
    ("POST", "/account/password", "account.view:AccountChanges:password"),
    ("POST", "/account/sessions", "account.view:AccountChanges:sessions"),
    ("GET", "/", "overview.view:OverviewPage"),
    ("GET", "/assets", "assets.view:AssetsPage"),
    ("GET", "/assets/columns", "assets.choosing:ColumnsPage"),
    ("GET", "/assets/columns/chosen", "assets.choosing:ChosenColumnsPage"),
    ("POST", "/assets/selection", "assets.retiring:SelectionPage"),
    ("GET POST", "/assets/retire", "assets.retiring:RetireSeveralPage"),
    ("GET", _ASSET, "asset.view:AssetPage"),
    ("GET", f"{_ASSET}/lists/{{field}}", "asset.view:ListPage"),
    ("GET POST", f"{_ASSET}/related", "asset.related:RelatedPage"),
    ("POST", f"{_ASSET}/related/{{relationshipid:id}}/remove", "asset.related:RemovedRelationshipPage"),
    ("GET", f"{_ASSET}/raw", "asset.view:RawPage"),
    ("GET", f"{_ASSET}/label", "asset.label:LabelPage"),
    ("GET POST", f"{_ASSET}/edit", "asset.editing:EditPage"),
    ("GET POST", f"{_ASSET}/retire", "asset.actions:RetirePage"),
    ("GET POST", f"{_ASSET}/restore", "asset.actions:RestorePage"),
    ("GET POST", f"{_ASSET}/rename", "asset.actions:RenamePage"),
    ("GET POST", f"{_ASSET}/erase", "asset.actions:ErasePage"),
    ("GET", f"{_ASSET}/past", "past.view:PastPage"),
    ("GET POST", f"{_ASSET}/past/revert", "past.reverting:RevertPage"),
    ("GET POST", f"{_ASSET}/merge", "merges.view:MergePage"),
    ("GET", "/merges", "merges.view:MergesPage"),
    ("GET POST", "/merges/{mergeid:id}/undo", "merges.view:UndoPage"),
    ("GET POST", "/merges/{mergeid:id}/release", "merges.view:ReleasePage"),
    ("GET", "/duplicates", "duplicates.view:DuplicatesPage"),
    ("GET", "/duplicates/{duplicateid:id}", "duplicates.view:DuplicatePage"),
    ("POST", "/duplicates/{duplicateid:id}/ignore", "duplicates.view:IgnorePage"),
    ("GET", "/software", "software.view:SoftwarePage"),
    ("GET", "/software/program", "software.view:ProgramPage"),
    ("GET", "/software/holders", "software.view:HoldersPage"),
    ("GET", "/software/changes", "software.view:SoftwareChangesPage"),
    ("GET", "/changes", "changes.view:ChangesPage"),
    ("GET", "/changes/{auditid:id}", "changes.view:EntryPage"),
    ("GET", "/changes/day/{day}", "changes.view:DayPage"),
    ("GET", "/reports", "reports.view:ReportsPage"),
    ("GET", "/reports/{plugin}/{name}", "reports.view:ReportPage"),
    ("GET", "/collectors", "collectors.view:CollectorsPage"),
    ("GET POST", "/collectors/{plugin}", "collectors.view:CollectorPage"),
    ("GET", "/refusals", "refusals.view:RefusalsPage"),
    ("GET POST", "/admin/users", "admin.users:UsersPage"),
    ("GET", _USER, "admin.users:UserPage"),
    ("POST", f"{_USER}/role", "admin.users:UserChanges:role"),
    ("POST", f"{_USER}/disable", "admin.users:UserChanges:disable"),
    ("POST", f"{_USER}/enable", "admin.users:UserChanges:enable"),
    ("POST", f"{_USER}/password", "admin.users:UserChanges:password"),
    ("POST", f"{_USER}/link", "admin.users:UserChanges:link"),
    ("POST", f"{_USER}/sessions", "admin.users:UserChanges:sessions"),
    ("GET POST", "/admin/tokens", "admin.tokens:TokensPage"),
    ("GET POST", "/admin/tokens/{tokenid:id}/revoke", "admin.tokens:RevokedTokenPage"),
    ("GET", "/admin", "admin.health:HealthPage"),
    ("GET", "/admin/keys", "admin.facts:KeysPage"),
    ("GET", "/admin/settings", "admin.facts:SettingsPage"),
    ("GET", "/admin/plugins", "admin.facts:PluginsPage"),
    ("GET", "/admin/backups", "admin.facts:BackupsPage"),
    ("GET", "/admin/webhooks", "admin.facts:WebhooksPage"),
    ("POST", "/admin/webhooks/resume", "admin.facts:ResumedWebhookPage"),
    ("GET", "/admin/events", "admin.facts:EventsPage"),
)
"""The methods of each address, and where its resource is: module, class, and the suffix of its responders."""


def install(app: WebApp, site: Site) -> ShowProblem:
    """Route the pages, and return what shows an error as a page."""
    pages = Pages(site)
    app.add_page("/static/{digest}/{file}", StaticResource(pages))
    for methods, address, place in PAGES:
        module, name, *suffix = place.split(":")
        page = LateResource(methods.split(), partial(_page, pages, module, name))
        app.add_page(address, page, suffix=suffix[0] if suffix else None)
    return ErrorPages(pages).show


def _page(pages: Pages, module: str, name: str) -> Resource:
    page: Resource = getattr(import_module(f"shopdb_core.console.{module}"), name)(pages)
    return page
