"""Sites for trials: a temporary SQLite database each, with the tables of the core and of one plugin."""

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from shopdb_core.assets.stored import read_attributes
from shopdb_core.audit.verify import verify
from shopdb_core.collect import Answer, Origin
from shopdb_core.conformance.subject import Subject
from shopdb_core.errors import ConfigurationError
from shopdb_core.intake.body import json_body
from shopdb_core.settings import Settings
from shopdb_core.site import Site, migration_scripts
from shopdb_core.store import open_store
from shopdb_core.store.tables import asset, auditentry
from shopdb_core.store.upgrade import upgrade
from shopdb_hookspecs import JsonObject

_ORIGIN = Origin("collector:conformance", "conformance")


@dataclass(frozen=True, slots=True)
class Trial:
    """One site, and short ways to use it."""

    subject: Subject
    site: Site

    def submit(self, submission: JsonObject, *, dryrun: bool = False) -> Answer:
        """Submit to the plugin; raises as `Submissions.submit` does."""
        return self.site.submissions.submit(self.subject.name, dict(submission), _ORIGIN, dryrun=dryrun)

    def post(self, content: bytes) -> Answer:
        """Submit what arrived as bytes, as `application/json`; raises as `Submissions.submit_body` does."""
        body = json_body(content, self.site.settings.max_body_bytes)
        return self.site.submissions.submit_body(self.subject.name, body, _ORIGIN)

    def attributes(self) -> Mapping[int, JsonObject]:
        """Return the fields of every asset, by its id."""

        def work(connection: Connection) -> Mapping[int, JsonObject]:
            ids = connection.scalars(select(asset.c.assetid).order_by(asset.c.assetid)).all()
            return {assetid: read_attributes(connection, assetid) for assetid in ids}

        return self.site.store.read(work)

    def entries(self) -> int:
        """Count the audit entries."""
        return len(
            self.site.store.read(lambda connection: connection.scalars(select(auditentry.c.auditid)).all())
        )

    def audit_faults(self) -> list[str]:
        """Say what is wrong with the audit."""
        batches = verify(self.site.store, self.site.chain)
        return [fault.message for batch in batches for fault in batch.faults]


class TrialSites:
    """Makes sites in a folder, all alike; the migrations run once.

    Raises `ConfigurationError` where the plugin's migrations fail.
    """

    def __init__(self, subject: Subject, folder: Path) -> None:
        self.subject = subject
        self._folder = folder
        self._count = 0
        self._plugins = subject.plugins()
        self._template = folder / "template.sqlite3"
        statuses = upgrade(f"sqlite:///{self._template}", migration_scripts(self._plugins))
        if reasons := [status.failure for status in statuses if status.failure]:
            raise ConfigurationError(reasons[0])

    @contextmanager
    def site(self) -> Iterator[Trial]:
        """Give a new site without assets; it is closed at the end."""
        self._count += 1
        database = self._folder / f"{self._count}.sqlite3"
        shutil.copyfile(self._template, database)
        settings = Settings(secret_key=secrets.token_hex(32), database_url=f"sqlite:///{database}", threads=1)
        with Site(settings, self._plugins, open_store(settings)) as site:
            yield Trial(self.subject, site)
