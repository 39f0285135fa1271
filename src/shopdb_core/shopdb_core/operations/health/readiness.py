"""`Readiness`: whether a server can take submissions now, for a probe that asks every second."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from shopdb_core.errors import ShopDBError, Unavailable
from shopdb_core.operations.health.checks import LEAST_FREE_BYTES, check_migrations, free_bytes
from shopdb_core.plugins.registry import Plugins
from shopdb_core.settings import Settings
from shopdb_core.store import Store
from shopdb_core.store.open import database_folder

ReadinessStatus = Literal["ok", "not ready", "degraded"]

KEPT_SECONDS = 1.0
MIGRATIONS_KEPT_SECONDS = 10.0
"""For how long an answer is used again; migrations are only run by people."""


@dataclass(frozen=True, slots=True)
class ReadinessCheck:
    """One check, in words that anyone may read: no paths, addresses or reasons of the database.

    A `degraded` check does not make the server unready: the other plugins serve.
    """

    name: str
    status: ReadinessStatus
    detail: str


class Readiness:
    """Checks a site; safe to share between threads.

    One thread checks at a time, and the others get its result.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        plugins: Plugins,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = database_folder(settings.database_url)
        self._store = store
        self._plugins = plugins
        self._clock = clock
        self._checking = threading.Lock()
        self._checks: Sequence[ReadinessCheck] = ()
        self._until = 0.0
        self._migrated = ReadinessCheck("migrations", "ok", "")
        self._migrated_until = 0.0

    def check(self) -> Sequence[ReadinessCheck]:
        """Return the result of each check, which may be one second old."""
        with self._checking:
            if self._clock() >= self._until:
                self._checks = [*self._check()]
                self._until = self._clock() + KEPT_SECONDS
            return self._checks

    def _check(self) -> Iterator[ReadinessCheck]:
        database = self._database()
        yield database
        yield self._migrations() if database.status == "ok" else _unknown("migrations")
        if self._folder is not None:
            yield self._disk(free_bytes(self._folder))
        for plugin in self._plugins.all():
            if plugin.state == "quarantined":
                yield ReadinessCheck("plugins", "degraded", f"{plugin.name} is quarantined")

    def _database(self) -> ReadinessCheck:
        try:
            self._store.ping()
        except Unavailable:
            return ReadinessCheck("database", "not ready", "the database does not answer")
        return ReadinessCheck("database", "ok", "the database answers")

    def _migrations(self) -> ReadinessCheck:
        if self._clock() >= self._migrated_until:
            self._migrated = _migrations(self._store, self._plugins)
            self._migrated_until = self._clock() + MIGRATIONS_KEPT_SECONDS
        return self._migrated

    def _disk(self, free: int) -> ReadinessCheck:
        if free < LEAST_FREE_BYTES:
            return ReadinessCheck("disk", "not ready", "the disk of the database is nearly full")
        return ReadinessCheck("disk", "ok", "the disk of the database has room")


def _migrations(store: Store, plugins: Plugins) -> ReadinessCheck:
    try:
        problems = [each for each in check_migrations(store, plugins) if each.status == "problem"]
    except ShopDBError:
        return _unknown("migrations")
    if problems:
        return ReadinessCheck("migrations", "not ready", "migrations are pending or have failed")
    return ReadinessCheck("migrations", "ok", "the tables are up to date")


def _unknown(name: str) -> ReadinessCheck:
    return ReadinessCheck(name, "not ready", "cannot be checked: the database does not answer")
