"""`SiteChecks`: the doctor's checks of a site whose database answers and has the tables of this release."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from shopdb_core.audit.entries import AuditChain
from shopdb_core.audit.prune import expiries
from shopdb_core.audit.verifying.rekey import check_key
from shopdb_core.clock import Clock, utc_now
from shopdb_core.operations import records
from shopdb_core.operations.health.checks import CheckResult
from shopdb_core.outcomes.records import legacy_submissions
from shopdb_core.plugins.registry import Plugins
from shopdb_core.plugins.served_declarations import breaking_changes, served_declarations
from shopdb_core.settings import Settings
from shopdb_core.store import Store
from shopdb_core.webhooks.config import MOST_WEBHOOKS, read_webhooks
from shopdb_core.webhooks.state import list_webhooks

FARTHEST_CLOCK = timedelta(seconds=30)
OLD_BACKUP = timedelta(days=2)
OLD_HEAD = timedelta(days=2)
PRUNING_LAG = timedelta(days=7)
"""Pruning examines a share of the entries each day, so that some days of lag are usual."""

LEGACY_DAYS = 7
"""One imaging cycle (contract 9)."""

MANY_REFUSED = 0.1
"""The share of the submissions of a day that may be refused before it is a warning."""


class SiteChecks:
    """The checks of one open database; each reads, and none writes."""

    def __init__(self, settings: Settings, store: Store, plugins: Plugins, *, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._store = store
        self._plugins = plugins
        self._clock = clock

    def all(self) -> Mapping[str, Callable[[], Iterable[CheckResult]]]:
        """Return each check, by the name of its results."""
        return {
            "clock": self._check_clock,
            "keys": self._check_keys,
            "declarations": self._check_declarations,
            "collectors": self._check_collectors,
            "refusals": self._check_refusals,
            "duplicates": self._check_duplicates,
            "audit": self._check_audit,
            "pruning": self._check_pruning,
            "heads": self._check_heads,
            "backups": self._check_backups,
            "webhooks": self._check_webhooks,
            "legacy": self._check_legacy,
        }

    def _check_clock(self) -> Iterator[CheckResult]:
        before = self._clock()
        database = self._store.read(records.database_time)
        # Half of the time that the answer took is the best guess of when the database looked at its clock.
        apart = abs(database - (before + (self._clock() - before) / 2))
        detail = f"the clocks of this machine and of the database are {apart.total_seconds():.1f} s apart"
        if apart > FARTHEST_CLOCK:
            yield CheckResult("clock", "problem", detail, "Synchronise both by NTP.")
        else:
            yield CheckResult("clock", "ok", detail)

    def _check_keys(self) -> Iterator[CheckResult]:
        own = self._settings.collector_keys
        shared = [name for name in self._plugins.collectors() if name not in own]
        if not shared:
            yield CheckResult("keys", "ok", "each collector has keys of its own")
        elif self._settings.shared_keys:
            yield CheckResult("keys", "ok", f"COLLECTOR_API_KEY is the key of {', '.join(shared)}")
        else:
            variables = ", ".join(f"COLLECTOR_API_KEY_{name.upper()}" for name in shared)
            detail = f"{', '.join(shared)}: no key is set, so that every submission is refused"
            yield CheckResult("keys", "problem", detail, f"Set {variables}, or COLLECTOR_API_KEY.")

    def _check_declarations(self) -> Iterator[CheckResult]:
        broken = breaking_changes(self._store.read(served_declarations), self._plugins)
        for plugin, found in broken.items():
            detail = f"{plugin} breaks what clients could rely on: {'; '.join(found.changes)}"
            yield CheckResult("declarations", "warning", detail, "Inform those who submit to it.")
        if not broken:
            yield CheckResult("declarations", "ok", "none breaks its clients")

    def _check_collectors(self) -> Iterator[CheckResult]:
        """Check that every source that has submitted before still does."""
        oldest = self._clock().date() - timedelta(days=self._settings.source_silence_days)
        last = self._store.read(records.last_submissions)
        collectors = self._plugins.collectors()
        silent = [each for each in last if each.plugin in collectors and each.day < oldest]
        for each in silent:
            source = f" from {each.source}" if each.source else ""
            detail = f"{each.plugin}: the last submission{source} was on {each.day}"
            yield CheckResult("collectors", "warning", detail, "Check the pipeline that submits it.")
        if not silent:
            yield CheckResult("collectors", "ok", f"{len(last)} sources, none silent")

    def _check_refusals(self) -> Iterator[CheckResult]:
        yesterday = (self._clock() - timedelta(days=1)).date()
        found = self._store.read(lambda connection: records.submissions_since(connection, yesterday))
        detail = f"{found.refused} refused and {found.stored} stored since {yesterday}"
        if found.refused > MANY_REFUSED * (found.refused + found.stored):
            yield CheckResult("refusals", "warning", detail, "See `shopdb refusals`.")
        else:
            yield CheckResult("refusals", "ok", detail)

    def _check_duplicates(self) -> Iterator[CheckResult]:
        waiting = self._store.read(records.waiting_duplicates)
        if waiting:
            step = "See `shopdb duplicates list`."
            yield CheckResult("duplicates", "warning", f"{waiting} findings wait for a decision", step)
        else:
            yield CheckResult("duplicates", "ok", "no finding waits")

    def _check_audit(self) -> Iterator[CheckResult]:
        chain, former = AuditChain(*self._settings.sealing_keys), AuditChain(*self._settings.secret_keys)
        self._store.read(lambda connection: check_key(connection, chain, former))
        yield CheckResult("audit", "ok", "its entries are sealed with the key of this site")

    def _check_pruning(self) -> Iterator[CheckResult]:
        lags = [*self._lags()]
        for kind, days in lags:
            detail = f"entries of kind {kind} should have been removed {days} days ago"
            yield CheckResult("pruning", "warning", detail, "Serve the site, or run `shopdb audit prune`.")
        if not lags:
            yield CheckResult("pruning", "ok", "no expired audit entry is left")

    def _lags(self) -> Iterator[tuple[str, int]]:
        """Yield each kind of entries that pruning is behind with, and by how many days."""
        for expiry in expiries(self._settings, self._clock()):
            at = self._store.read(partial(records.oldest_unexamined, kind=expiry.kind))
            if at is not None and at < expiry.before - PRUNING_LAG:
                yield expiry.kind, (expiry.before - at).days

    def _check_heads(self) -> Iterator[CheckResult]:
        at = self._store.read(records.last_head)
        step = "Run `shopdb audit head` by a timer, and keep its output elsewhere."
        yield self._age("heads", "head", at, OLD_HEAD, step)

    def _check_backups(self) -> Iterator[CheckResult]:
        at = self._store.read(records.last_backup)
        yield self._age("backups", "backup", at, OLD_BACKUP, "Run `shopdb backup DIR` by a timer.")

    def _age(self, name: str, what: str, at: datetime | None, longest: timedelta, step: str) -> CheckResult:
        if at is None:
            return CheckResult(name, "warning", f"no {what} was ever made", step)
        age = self._clock() - at
        detail = f"the newest {what} is {age.days} days and {age.seconds // 3600} hours old"
        return CheckResult(name, "warning" if age > longest else "ok", detail, step if age > longest else "")

    def _check_webhooks(self) -> Iterator[CheckResult]:
        """Check that each webhook of the file is delivered."""
        plugins = (plugin.name for plugin in self._plugins.all())
        names = {each.name for each in read_webhooks(self._settings.webhooks, plugins)}
        found = self._store.read(
            lambda connection: list_webhooks(connection, names, after=0, limit=MOST_WEBHOOKS)
        )
        late = [each for each in found if each["state"] in ("failing", "stopped")]
        for each in late:
            detail = (
                f"{each['name']} is {each['state']}, {each['behind']} entries behind: {each['lasterror']}"
            )
            step = f"Correct the receiver, and run `shopdb webhooks resume {each['name']}`."
            yield CheckResult("webhooks", "warning", detail, step)
        if not late:
            yield CheckResult("webhooks", "ok", f"{len(names)} are delivered" if names else "there are none")

    def _check_legacy(self) -> Iterator[CheckResult]:
        """Check whether the legacy endpoint can be turned off."""
        number = self._store.read(lambda connection: legacy_submissions(connection, LEGACY_DAYS))
        detail = f"{number} submissions by /api/collector/pc in the last {LEGACY_DAYS} days"
        if number:
            step = (
                "Let these pipelines post to /api/collector/computers: `shopdb counts` shows their sources."
            )
            yield CheckResult("legacy", "warning", detail, step)
        else:
            yield CheckResult("legacy", "ok", detail)
