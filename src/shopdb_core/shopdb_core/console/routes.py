"""`install` routes the pages of the console: one line each."""

from shopdb_core.access.links import LINK_PATH
from shopdb_core.console.framework.errors import ErrorPages
from shopdb_core.console.framework.pages import Pages
from shopdb_core.console.framework.static import StaticResource
from shopdb_core.console.overview.view import OverviewPage
from shopdb_core.console.sign_in.view import PreferencesPage, SignInLinkPage, SignInPage, SignOutPage
from shopdb_core.site import Site
from shopdb_core.web.problems import ShowProblem
from shopdb_core.web.request import WebApp


def install(app: WebApp, site: Site) -> ShowProblem:
    """Route the pages, and return what shows an error as a page."""
    pages = Pages(site)
    app.add_page("/static/{digest}/{file}", StaticResource(pages.static))
    app.add_page("/sign-in", SignInPage(pages))
    app.add_page(LINK_PATH, SignInLinkPage(pages))
    app.add_page("/sign-out", SignOutPage(pages))
    app.add_page("/preferences", PreferencesPage(pages))
    app.add_page("/", OverviewPage(pages))
    return ErrorPages(pages).show
