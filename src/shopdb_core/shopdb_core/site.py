"""`Site`: the plugins and the database of one site, and the services on them, assembled in this one place."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Self

from shopdb_core.access.keys import CollectorKeys
from shopdb_core.access.service import Access
from shopdb_core.access.tokens import Tokens
from shopdb_core.audit.entries import AuditChain
from shopdb_core.audit.positions import place_entries
from shopdb_core.clock import Clock, utc_now
from shopdb_core.edits.edit import Editor
from shopdb_core.edits.relating import record_earlier_relationships
from shopdb_core.edits.site_fields import NO_SITE_FIELDS, SiteFields, read_site_fields
from shopdb_core.errors import ConfigurationError, SchemaBehind, did_you_mean
from shopdb_core.feed.waiting import Feed
from shopdb_core.outcomes.recorder import Recorder
from shopdb_core.plugins.registry import Plugins, load_plugins
from shopdb_core.plugins.reports.running import Reports
from shopdb_core.plugins.reports.software import SoftwareLists
from shopdb_core.plugins.served_declarations import (
    NO_BREAKING_CHANGES,
    BreakingChanges,
    record_served_declarations,
)
from shopdb_core.search.query import Search
from shopdb_core.settings import Finding, Settings
from shopdb_core.store import Store, open_store
from shopdb_core.store.migrate import CORE, MigrationScripts, MigrationStatus, migration_statuses, upgrade
from shopdb_core.store.unfinished import require_whole
from shopdb_core.submissions import Origin, Submissions
from shopdb_core.webhooks.config import Webhook, read_webhooks

NO_TABLES = "This site's database has no tables yet: run `shopdb db upgrade`"


class Site:
    """One open site; close it, or use it in a `with` block.

    `submissions`, `reports`, `software`, `keys` (of collectors), `tokens`, `access` (of people and
    programs), `chain` (the audit's seals), `recorder` (of what became of submissions), `feed` (of changes),
    `sitefields` and `search` may be used from any thread until `close`. `broken` maps a plugin to the changes
    of its declaration that break clients of the one that was served before.
    """

    def __init__(
        self,
        settings: Settings,
        plugins: Plugins,
        store: Store,
        broken: Mapping[str, BreakingChanges] = NO_BREAKING_CHANGES,
        sitefields: SiteFields = NO_SITE_FIELDS,
        *,
        webhooks: Sequence[Webhook] = (),
        clock: Clock = utc_now,
    ) -> None:
        self.settings = settings
        self.plugins = plugins
        self.store = store
        self.broken = broken
        self.chain = AuditChain(*settings.sealing_keys)
        self.recorder = Recorder(store, clock=clock)
        self.submissions = Submissions(settings, plugins, store, self.chain, self.recorder, clock=clock)
        self.reports = Reports(plugins, store)
        self.software = SoftwareLists(plugins, self.reports)
        self.feed = Feed(store)
        self.keys = CollectorKeys(settings)
        self.tokens = Tokens(*settings.secret_keys)
        self.access = Access(settings, store, self.tokens, clock=clock)
        self.sitefields = sitefields
        self.search = Search(plugins, sitefields.properties, settings.timezone, clock=clock)
        self.webhooks = webhooks
        self.clock = clock

    def editor(self, origin: Origin) -> Editor:
        """Return who edits, with what edits need of this site."""
        return Editor(origin, self.chain, self.plugins, self.sitefields, self.settings.timezone, self.clock)

    @classmethod
    def open(
        cls,
        settings: Settings,
        plugins: Mapping[str, object] | None = None,
        *,
        record_served: bool = True,
        clock: Clock = utc_now,
    ) -> Self:
        """Open the site with the given plugins, or with those that are installed.

        The declarations are recorded as served, in a transaction of their own, unless `record_served` is
        false, as for a command that only reads. `clock` gives the times of audit entries. A plugin whose
        migrations failed is quarantined.
        Raises `ConfigurationError` if settings, plugins or the database cannot be used, its subclass
        `SchemaBehind` if `shopdb db upgrade` must run first, and `Unavailable` if the database does not
        answer.
        """
        sitefields = read_site_fields(settings.site_fields)
        loaded = load_plugins(settings.plugin_selection, plugins)
        if plugins is None:
            for finding in plugin_findings(settings, loaded):
                raise ConfigurationError(finding.message)
        webhooks = read_webhooks(settings.webhooks, (plugin.name for plugin in loaded.all()))
        store = open_store(settings)
        try:
            check_schema(store, loaded)
            broken = record_served_declarations(store, loaded) if record_served else NO_BREAKING_CHANGES
        except BaseException:
            store.close()
            raise
        return cls(settings, loaded, store, broken, sitefields, webhooks=webhooks, clock=clock)

    def close(self) -> None:
        """Finish the submissions that are under way, and close the database's connections.

        Their outcomes and the last uses of tokens are written first, for which it waits some seconds at most.
        """
        self.feed.release()
        self.recorder.close()
        self.access.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def upgrade_site(settings: Settings, plugins: Mapping[str, object] | None = None) -> list[MigrationStatus]:
    """Run the pending migrations of the core, then those of each active plugin; each commits by itself.

    Returns the status of each afterwards, with the `failure` of a plugin whose migration failed.
    Relationships of earlier releases get their audit entries, and entries their positions in the feed.
    Raises `ConfigurationError` and `Unavailable` as `Site.open` does.
    """
    loaded = load_plugins(settings.plugin_selection, plugins)
    scripts = migration_scripts(loaded)
    with closing(open_store(settings)) as store:
        store.read(require_whole)
    statuses = upgrade(settings.database_url, scripts)
    with closing(open_store(settings)) as store:
        chain = AuditChain(*settings.sealing_keys)
        store.transaction(lambda connection: record_earlier_relationships(connection, chain, loaded))
        place_entries(store)
    return statuses


def migration_scripts(plugins: Plugins) -> list[MigrationScripts]:
    """Return the migrations of every active plugin that has tables."""
    return [
        MigrationScripts(plugin.name, plugin.migrations) for plugin in plugins.active() if plugin.migrations
    ]


def plugin_findings(settings: Settings, plugins: Plugins) -> Iterator[Finding]:
    """Yield a finding for each key or setting of a plugin that is not installed."""
    installed = [plugin.name for plugin in plugins.all()]
    for variable, name in settings.of_plugins():
        if name not in installed:
            yield Finding(
                variable,
                f"{variable} is set, and the plugin {name} is not installed; correct or remove it."
                f"{did_you_mean(name, installed)}",
            )


def check_schema(store: Store, plugins: Plugins) -> None:
    """Check that the database is up to date; a plugin whose migrations failed is quarantined.

    Raises `SchemaBehind`, with the command to run, and `ConfigurationError` if the core's migrations failed,
    or if the database has a part of a site that is being copied.
    """
    scripts = migration_scripts(plugins)
    store.read(require_whole)
    for status in store.read(lambda connection: migration_statuses(connection, scripts)):
        if status.failure and status.name == CORE:
            raise ConfigurationError(status.failure)
        if status.name == CORE and status.current is None:
            raise SchemaBehind(NO_TABLES)
        if status.failure:
            plugins.quarantine(status.name, status.failure)
        elif status.behind:
            raise SchemaBehind(
                f"The tables of {status.name} are at {status.current or 'nothing'} and must be at "
                f"{status.head}: run `shopdb db upgrade`"
            )
