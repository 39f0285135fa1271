"""What an admin reads about the site: keys, settings, plugins, backups and heads, webhooks, access events."""

import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import ClassVar

import falcon

from shopdb_core.access.events import ACTIONS, newest_events
from shopdb_core.access.keys import ListedKey, list_keys
from shopdb_core.console.framework.pages import PageResource, Pages
from shopdb_core.operations.records import last_submissions, list_backups, newest_heads
from shopdb_core.settings.environment import read_dotenv
from shopdb_core.settings.production import unsafe_settings
from shopdb_core.settings.records import all_settings
from shopdb_core.settings.shown import DEFAULT, shown_settings
from shopdb_core.site import migration_scripts
from shopdb_core.store.migrate import migration_statuses
from shopdb_core.store.tables import LARGEST_ID
from shopdb_core.web.browsers.forms import read_form
from shopdb_core.web.parameters import Queries, choice, whole_number
from shopdb_core.web.request import Roles
from shopdb_core.web.responses import page
from shopdb_core.webhooks.config import MOST_WEBHOOKS
from shopdb_core.webhooks.state import list_webhooks, resume

ROWS = 100
_LINK = re.compile(r" \(\[[^\]]*\]\([^)]*\)\)|\[([^\]]*)\]\([^)]*\)")
"""A link of the documentation, in Markdown; one in parentheses is left out with its text."""
_BEFORE = whole_number("before", 1, LARGEST_ID)


class FactsPage(PageResource):
    """A page that is only read."""

    roles: ClassVar[Roles] = {"GET": "admin"}


class KeysPage(FactsPage):
    """The keys of collectors."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List them by variable, with the day of their last submission; never a value."""
        site = self._site
        uses: dict[tuple[str, str], date] = {
            (each.plugin, each.source): each.day for each in site.store.read(last_submissions)
        }
        keys = list_keys(site.settings, site.plugins.collectors())
        self._pages.render(req, resp, "admin/keys.html", keys=[(key, _last_day(key, uses)) for key in keys])


def _last_day(key: ListedKey, uses: Mapping[tuple[str, str], date]) -> date | None:
    days = (uses.get((plugin, key.name or "")) for plugin in key.plugins)
    return max((day for day in days if day is not None), default=None)


class SettingsPage(FactsPage):
    """The settings, where each is from, and what production would refuse."""

    def __init__(self, pages: Pages) -> None:
        super().__init__(pages)
        self._environ: Mapping[str, str] = os.environ
        self._directory = Path()

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List them without secrets, as the environment and `.env` have them now."""
        dotenv = read_dotenv(self._directory)
        shown = [*shown_settings(self._environ, dotenv)]
        settings = self._site.settings
        self._pages.render(
            req,
            resp,
            "admin/settings.html",
            abouts={each.variable: _about(each.variable) for each in shown},
            given=[each for each in shown if each.source != DEFAULT],
            defaults=[each for each in shown if each.source == DEFAULT],
            findings=[*unsafe_settings(settings, {**dotenv, **self._environ})],
            isproduction=settings.is_production,
        )


def _about(variable: str) -> str:
    """Return what a variable is for, without the links of the documentation."""
    found = (each for each in all_settings() if variable == each.variable or each.plugin_of(variable))
    return _LINK.sub(lambda link: link[1] or "", next(each.about for each in found))


class PluginsPage(FactsPage):
    """The installed plugins."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show state, tables, reports and breaking changes of each, and of which tables are left."""
        site = self._site
        scripts = migration_scripts(site.plugins)
        statuses = site.store.read(lambda connection: migration_statuses(connection, scripts))
        plugins = site.plugins.all()
        installed = {each.name for each in plugins}
        self._pages.render(
            req,
            resp,
            "admin/plugins.html",
            plugins=plugins,
            statuses={each.name: each for each in statuses},
            left=[each for each in statuses[1:] if each.name not in installed],
            core=statuses[0],
            broken=site.broken,
        )


class BackupsPage(FactsPage):
    """The backups and the heads of the audit."""

    queries: ClassVar[Queries] = {"on_get": (_BEFORE,)}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the backups that the database knows, and the heads, the newest first."""
        before = req.context.query["before"]
        backups, heads = self._site.store.read(
            lambda connection: (
                list_backups(connection),
                newest_heads(connection, before=before or LARGEST_ID, limit=ROWS + 1),
            )
        )
        self._pages.render(
            req,
            resp,
            "admin/backups.html",
            backups=backups,
            isfirst=before is None,
            **page(heads, ROWS, "auditid"),
        )


class WebhooksPage(FactsPage):
    """The webhooks and how far each is."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List those of the file, also those that were never delivered to, and those that were removed."""
        names = [webhook.name for webhook in self._site.webhooks]
        found = self._site.store.read(
            lambda connection: list_webhooks(connection, names, after=0, limit=ROWS)
        )
        new = [name for name in names if name not in {each["name"] for each in found}]
        self._pages.render(req, resp, "admin/webhooks.html", webhooks=found, new=new, most=MOST_WEBHOOKS)


class ResumedWebhookPage(PageResource):
    """A webhook that is delivered again."""

    roles: ClassVar[Roles] = {"POST": "admin"}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Deliver to one again, at once, from where it stopped."""
        name = read_form(req).get("name", "")
        self._site.store.transaction(lambda connection: resume(connection, name[:100], None))
        self._pages.go_on(req, resp, "/admin/webhooks", "resumed")


class EventsPage(FactsPage):
    """Who signed in, and what changed about users and tokens."""

    queries: ClassVar[Queries] = {"on_get": (choice("action", ["", *ACTIONS]), _BEFORE)}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the events, the newest first, of one action or of all."""
        action, before = req.context.query["action"] or None, req.context.query["before"]
        found = self._site.store.read(
            lambda connection: newest_events(
                connection, before=before or LARGEST_ID, limit=ROWS + 1, action=action
            )
        )
        self._pages.render(
            req,
            resp,
            "admin/events.html",
            action=action,
            actions=ACTIONS,
            isfirst=before is None,
            **page(found, ROWS, "eventid"),
        )
