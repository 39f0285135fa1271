"""Sites for trials: a temporary SQLite database each, with the tables of the core and of one plugin.

Submitting on a trial site, with every promise that holds of any submission.
"""

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from shopdb_core.assets.rows import read_attributes
from shopdb_core.audit.verify import verify
from shopdb_core.devkit.plugin_tables import PluginTables
from shopdb_core.devkit.subject import Subject, failed
from shopdb_core.devkit.verdict import CheckFailed, Finding, shown
from shopdb_core.errors import ConfigurationError, PluginFailure, ShopDBError
from shopdb_core.intake.http_body import json_body
from shopdb_core.json_text import canonical
from shopdb_core.settings import Settings
from shopdb_core.site import Site, migration_scripts
from shopdb_core.store import open_store
from shopdb_core.store.migrate import upgrade
from shopdb_core.store.tables import asset, auditentry
from shopdb_core.submissions import Origin, SubmissionResult
from shopdb_hookspecs import JsonObject

_ORIGIN = Origin("collector:conformance", "conformance")


@dataclass(frozen=True, slots=True)
class TrialSite:
    """One site, and short ways to use it."""

    subject: Subject
    site: Site

    def submit(self, submission: JsonObject, *, dryrun: bool = False) -> SubmissionResult:
        """Submit to the plugin; raises as `Submissions.submit` does."""
        return self.site.submissions.submit(self.subject.name, dict(submission), _ORIGIN, dryrun=dryrun)

    def post(self, content: bytes) -> SubmissionResult:
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
    def site(self) -> Iterator[TrialSite]:
        """Give a new site without assets; it is closed at the end."""
        self._count += 1
        database = self._folder / f"{self._count}.sqlite3"
        shutil.copyfile(self._template, database)
        settings = Settings(secret_key=secrets.token_hex(32), database_url=f"sqlite:///{database}", threads=1)
        with Site(settings, self._plugins, open_store(settings)) as site:
            yield TrialSite(self.subject, site)


@dataclass(frozen=True, slots=True)
class Submitter:
    """Submits to one site; each submission is rehearsed first."""

    trial: TrialSite
    tables: PluginTables

    def submit(self, place: str, submission: JsonObject, action: str) -> SubmissionResult:
        """Rehearse and submit; raises `Broken` where what is done is not `action`, or the dry run lied.

        `place` says which step of which example this is.
        """
        before = self._stored()
        rehearsed = self._answer(f"{place}, dry run", submission, dryrun=True)
        if self._stored() != before:
            mend = "store_asset writes by its connection alone."
            raise CheckFailed(Finding(f"{place}, dry run", "writes", mend))
        answer = self._answer(place, submission, dryrun=False)
        self._compare(place, rehearsed, answer)
        if answer.action != action:
            done = f"{shown(submission)} changed {shown(answer.diff)}"
            raise CheckFailed(Finding(place, f"is {answer.action} instead of {action}: {done}"))
        return answer

    def attributes(self, assetid: int | None) -> JsonObject:
        """Return what is stored of one asset."""
        return self.trial.attributes()[assetid or 0]

    def _answer(self, place: str, submission: JsonObject, *, dryrun: bool) -> SubmissionResult:
        try:
            return self.trial.submit(submission, dryrun=dryrun)
        except PluginFailure as failure:
            finding = failed(failure, self.trial.subject.candidate)
            raise CheckFailed(Finding(f"{finding.place}, {place}", finding.what)) from failure
        except ShopDBError as error:
            raise CheckFailed(Finding(place, f"is refused: {error}")) from error

    def _compare(self, place: str, rehearsed: SubmissionResult, answer: SubmissionResult) -> None:
        told = (rehearsed.action, rehearsed.warnings, canonical(rehearsed.diff))
        done = (answer.action, answer.warnings, canonical(answer.diff))
        if told != done:
            what = f"announces {rehearsed.action} {shown(rehearsed.diff)}, then {answer.action} happens"
            mend = "normalize_submission may depend on the submission alone."
            raise CheckFailed(Finding(f"{place}, dry run", what, mend))

    def _stored(self) -> object:
        return self.trial.entries(), self.trial.attributes(), self.trial.site.store.read(self.tables.raw)
