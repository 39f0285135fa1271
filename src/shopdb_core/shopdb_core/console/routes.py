"""`install` routes the pages of the console: one line each."""

import os
from pathlib import Path

from shopdb_core.access.links import LINK_PATH
from shopdb_core.console.account.view import AccountChanges, AccountPage
from shopdb_core.console.admin.facts import (
    BackupsPage,
    EventsPage,
    KeysPage,
    PluginsPage,
    ResumedWebhookPage,
    SettingsPage,
    WebhooksPage,
)
from shopdb_core.console.admin.health import HealthPage
from shopdb_core.console.admin.tokens import RevokedTokenPage, TokensPage
from shopdb_core.console.admin.users import UserChanges, UserPage, UsersPage
from shopdb_core.console.asset.actions import ErasePage, RenamePage, RestorePage, RetirePage
from shopdb_core.console.asset.editing import EditPage
from shopdb_core.console.asset.related import RelatedPage, RemovedRelationshipPage
from shopdb_core.console.asset.view import AssetPage, LabelPage, ListPage, RawPage
from shopdb_core.console.assets.choosing import ChosenColumnsPage, ColumnsPage
from shopdb_core.console.assets.retiring import RetireSeveralPage, SelectionPage
from shopdb_core.console.assets.view import AssetsPage
from shopdb_core.console.changes.view import ChangesPage, DayPage, EntryPage
from shopdb_core.console.collectors.view import CollectorPage, CollectorsPage
from shopdb_core.console.duplicates.view import DuplicatePage, DuplicatesPage, IgnorePage
from shopdb_core.console.framework.errors import ErrorPages
from shopdb_core.console.framework.pages import Pages
from shopdb_core.console.framework.static import StaticResource
from shopdb_core.console.merges.view import MergePage, MergesPage, ReleasePage, UndoPage
from shopdb_core.console.overview.view import OverviewPage
from shopdb_core.console.past.reverting import RevertPage
from shopdb_core.console.past.view import PastPage
from shopdb_core.console.refusals.view import RefusalsPage
from shopdb_core.console.reports.view import ReportPage, ReportsPage
from shopdb_core.console.sign_in.view import PreferencesPage, SignInLinkPage, SignInPage, SignOutPage
from shopdb_core.console.software.view import HoldersPage, ProgramPage, SoftwareChangesPage, SoftwarePage
from shopdb_core.site import Site
from shopdb_core.web.problems import ShowProblem
from shopdb_core.web.request import WebApp

_ASSET = "/assets/{assetid:id}"
_USER = "/admin/users/{userid:id}"


def install(app: WebApp, site: Site) -> ShowProblem:
    """Route the pages, and return what shows an error as a page."""
    pages = Pages(site)
    app.add_page("/static/{digest}/{file}", StaticResource(pages.static))
    app.add_page("/sign-in", SignInPage(pages))
    app.add_page(LINK_PATH, SignInLinkPage(pages))
    app.add_page("/sign-out", SignOutPage(pages))
    app.add_page("/preferences", PreferencesPage(pages))
    app.add_page("/", OverviewPage(pages))
    app.add_page("/changes", ChangesPage(pages))
    app.add_page("/changes/{auditid:id}", EntryPage(pages))
    app.add_page("/changes/day/{day}", DayPage(pages))
    _route_assets(app, pages)
    _route_asset(app, pages)
    app.add_page("/reports", ReportsPage(pages))
    app.add_page("/reports/{plugin}/{name}", ReportPage(pages))
    app.add_page("/software", SoftwarePage(pages))
    app.add_page("/software/program", ProgramPage(pages))
    app.add_page("/software/holders", HoldersPage(pages))
    app.add_page("/software/changes", SoftwareChangesPage(pages))
    app.add_page("/collectors", CollectorsPage(pages))
    app.add_page("/collectors/{plugin}", CollectorPage(pages))
    app.add_page("/refusals", RefusalsPage(pages))
    _route_duplicates(app, pages)
    _route_people(app, pages)
    _route_admin(app, pages)
    return ErrorPages(pages).show


def _route_assets(app: WebApp, pages: Pages) -> None:
    app.add_page("/assets", AssetsPage(pages))
    app.add_page("/assets/columns", ColumnsPage(pages))
    app.add_page("/assets/columns/chosen", ChosenColumnsPage(pages))
    app.add_page("/assets/selection", SelectionPage(pages))
    app.add_page("/assets/retire", RetireSeveralPage(pages))


def _route_asset(app: WebApp, pages: Pages) -> None:
    app.add_page(_ASSET, AssetPage(pages))
    app.add_page(f"{_ASSET}/lists/{{field}}", ListPage(pages))
    app.add_page(f"{_ASSET}/related", RelatedPage(pages))
    app.add_page(f"{_ASSET}/related/{{relationshipid:id}}/remove", RemovedRelationshipPage(pages))
    app.add_page(f"{_ASSET}/raw", RawPage(pages))
    app.add_page(f"{_ASSET}/past", PastPage(pages))
    app.add_page(f"{_ASSET}/past/revert", RevertPage(pages))
    app.add_page(f"{_ASSET}/label", LabelPage(pages))
    app.add_page(f"{_ASSET}/edit", EditPage(pages))
    app.add_page(f"{_ASSET}/retire", RetirePage(pages))
    app.add_page(f"{_ASSET}/restore", RestorePage(pages))
    app.add_page(f"{_ASSET}/rename", RenamePage(pages))
    app.add_page(f"{_ASSET}/erase", ErasePage(pages))


def _route_duplicates(app: WebApp, pages: Pages) -> None:
    app.add_page("/duplicates", DuplicatesPage(pages))
    app.add_page("/duplicates/{duplicateid:id}", DuplicatePage(pages))
    app.add_page("/duplicates/{duplicateid:id}/ignore", IgnorePage(pages))
    app.add_page(f"{_ASSET}/merge", MergePage(pages))
    app.add_page("/merges", MergesPage(pages))
    app.add_page("/merges/{mergeid:id}/undo", UndoPage(pages))
    app.add_page("/merges/{mergeid:id}/release", ReleasePage(pages))


def _route_people(app: WebApp, pages: Pages) -> None:
    account, user = AccountChanges(pages), UserChanges(pages)
    app.add_page("/account", AccountPage(pages))
    app.add_page("/account/password", account, suffix="password")
    app.add_page("/account/sessions", account, suffix="sessions")
    app.add_page("/admin/users", UsersPage(pages))
    app.add_page(_USER, UserPage(pages))
    for change in ("role", "disable", "enable", "password", "link", "sessions"):
        app.add_page(f"{_USER}/{change}", user, suffix=change)
    app.add_page("/admin/tokens", TokensPage(pages))
    app.add_page("/admin/tokens/{tokenid:id}/revoke", RevokedTokenPage(pages))


def _route_admin(app: WebApp, pages: Pages) -> None:
    app.add_page("/admin", HealthPage(pages, os.environ, Path()))
    app.add_page("/admin/keys", KeysPage(pages))
    app.add_page("/admin/settings", SettingsPage(pages, os.environ, Path()))
    app.add_page("/admin/plugins", PluginsPage(pages))
    app.add_page("/admin/backups", BackupsPage(pages))
    app.add_page("/admin/webhooks", WebhooksPage(pages))
    app.add_page("/admin/webhooks/resume", ResumedWebhookPage(pages))
    app.add_page("/admin/events", EventsPage(pages))
