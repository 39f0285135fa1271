"""`SiteCopy`: copies one site into another database, whole or as of a time."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shopdb_core.audit.entries import AuditChain
from shopdb_core.audit.verifying.verify import count_assets
from shopdb_core.clock import Clock, utc_now
from shopdb_core.copying.past import PastCopy, check_time
from shopdb_core.copying.past_asset import Rebuilder
from shopdb_core.copying.tables import core_tables
from shopdb_core.copying.target import Target, naming_target, new_target
from shopdb_core.copying.whole import Progress, copy_rows, count_rows
from shopdb_core.errors import ConfigurationError, SchemaBehind
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import Plugins
from shopdb_core.settings import Settings
from shopdb_core.store import Connection, Store
from shopdb_core.store.migrate import MigrationScripts, migration_statuses
from shopdb_core.submissions.rebuild import count_assets as count_of_collector
from shopdb_core.submissions.rebuild import rebuild


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy has: how many rows of each table of the core and of plugins, those of `rebuilt` ones apart.

    rebuilt: how many assets each plugin has written its rows of anew.
    unknown: of how many assets some fields are not known as of the time.
    failures: the assets whose rows a plugin could not write, with the message.
    """

    rows: Mapping[str, int]
    unknown: int = 0
    rebuilt: Mapping[str, int] = field(default_factory=dict)
    failures: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True, slots=True)
class SiteCopy:
    """One site that can be copied. It may be in use meanwhile: what is copied is one snapshot."""

    settings: Settings
    store: Store
    plugins: Plugins
    scripts: Sequence[MigrationScripts]
    chain: AuditChain
    clock: Clock = utc_now

    def count(self, at: datetime | None) -> int:
        """Return how many steps `run` will report: rows, or as of a time assets."""
        if at is None:
            return self.store.read(lambda connection: count_rows(connection, self._names()))
        rebuilt = sum(count_of_collector(self.store, each) for each in self._storing())
        return self.store.read(count_assets) + rebuilt

    def run(self, url: str, at: datetime | None, actor: str, progress: Progress) -> Copied:
        """Copy the site into an empty database, as it is or as of a time.

        Each chunk is committed; until the last one, the database is marked as unfinished. Raises
        `ConfigurationError` for a time, a source or a target that cannot be used, and `Unavailable`.
        """
        self.store.read(lambda connection: self._check(connection, at))
        with new_target(self.settings, url, self.scripts) as target:

            def work(connection: Connection) -> tuple[Copied, Sequence[Collector]]:
                # May be called again after the connection was lost.
                target.clear(core_tables())
                if at is not None:
                    return self._copy_past(connection, target, at, actor, progress), self._storing()
                rows, left = copy_rows(connection, target, self._names(), progress)
                return Copied(rows), self._writing(left)

            copied, left = self.store.read(work)
            return _with_tables(copied, target, left, progress)

    def _copy_past(
        self, connection: Connection, target: Target, at: datetime, actor: str, progress: Progress
    ) -> Copied:
        rebuilder = Rebuilder(connection, self.plugins.collectors(), self.chain, actor, self.clock())
        past = PastCopy(connection, target, at, rebuilder)
        past.run(progress)
        target.continue_numbers(core_tables())
        return Copied(dict(past.rows), past.unknown)

    def _names(self) -> list[str]:
        return [scripts.name for scripts in self.scripts]

    def _storing(self) -> list[Collector]:
        """Return the collectors that write tables by hooks."""
        return [each for each in self.plugins.collectors().values() if each.hooks.stores]

    def _writing(self, names: Collection[str]) -> list[Collector]:
        """Return the collectors of plugins whose rows must be written anew; raises `ConfigurationError`."""
        found = [each for each in self._storing() if each.name in names]
        if missing := {*names} - {each.name for each in found}:
            raise ConfigurationError(
                f"The tables of the plugin {min(missing)} cannot be copied: they are not as its migrations "
                "make them, or have a type whose values differ between databases. And it has no hook that "
                "would write them anew."
            )
        return found

    def _check(self, connection: Connection, at: datetime | None) -> None:
        """Raise `ConfigurationError` if a plugin's tables cannot be made in the target, or for the time."""
        for status in migration_statuses(connection, self.scripts):
            if status.failure:
                raise ConfigurationError(status.failure)
            if status.behind:
                raise SchemaBehind(f"The tables of {status.name} are behind: run `shopdb db upgrade` first.")
            if status.head is None and status.current is not None:
                raise ConfigurationError(
                    f"The database has tables of the plugin {status.name}, which is not loaded: install it, "
                    "and let the site load it (SHOPDB_PLUGINS, SHOPDB_BLOCKED_PLUGINS)."
                )
        if at is not None:
            check_time(connection, at, self.clock())


def _with_tables(
    copied: Copied, target: Target, collectors: Sequence[Collector], progress: Progress
) -> Copied:
    """Write the tables of plugins by their hooks."""
    rebuilt: Counter[str] = Counter()
    failures: list[tuple[int, str]] = []
    for collector in collectors:
        with naming_target():
            for group in rebuild(target.store, collector, dryrun=False, pause=bool):
                rebuilt[collector.name] += group.assets
                failures += group.failures
                progress(group.assets)
    return replace(copied, rebuilt=rebuilt, failures=failures)
