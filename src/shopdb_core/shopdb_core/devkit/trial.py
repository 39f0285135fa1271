"""Temporary sites with one plugin: `TrialSites` makes them, `Submitter` submits to one.

Each `TrialSite` has a database of its own with the tables of the core and of the plugin.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, func, select

from shopdb_core.assets.plugin_tables import PluginTables
from shopdb_core.assets.rows import read_attributes
from shopdb_core.audit.verifying.verify import verify
from shopdb_core.devkit.databases import Databases
from shopdb_core.devkit.differences import changes, difference
from shopdb_core.devkit.results import CheckFailed, Finding
from shopdb_core.devkit.subject import Subject
from shopdb_core.errors import ConfigurationError, PluginFailure, ShopDBError
from shopdb_core.intake.http_body import json_body
from shopdb_core.json_text import canonical, pointer
from shopdb_core.settings import Settings
from shopdb_core.site import Site, migration_scripts
from shopdb_core.store import open_store
from shopdb_core.store.migrate import upgrade
from shopdb_core.store.tables import asset, auditentry
from shopdb_core.submissions import Origin, SubmissionResult
from shopdb_hookspecs import JsonObject

T = TypeVar("T")

_ORIGIN = Origin("collector:conformance", "conformance")


@dataclass(frozen=True, slots=True)
class TrialSite:
    """A site with one plugin, and what the checks do with it."""

    subject: Subject
    site: Site

    def submit(self, submission: JsonObject, *, dryrun: bool = False) -> SubmissionResult:
        """Submit to the plugin; raises as `Submissions.submit` does."""
        return self.site.submissions.submit(self.subject.name, dict(submission), _ORIGIN, dryrun=dryrun)

    def submit_body(self, body: bytes) -> SubmissionResult:
        """Submit the bytes of an `application/json` body; raises as `Submissions.submit_body` does."""
        decoded = json_body(body, self.site.settings.max_body_bytes)
        return self.site.submissions.submit_body(self.subject.name, decoded, _ORIGIN)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns for a read-only connection."""
        return self.site.store.read(work)

    def attributes(self) -> Mapping[int, JsonObject]:
        """Return the fields of every asset, by its id."""

        def work(connection: Connection) -> Mapping[int, JsonObject]:
            ids = connection.scalars(select(asset.c.assetid).order_by(asset.c.assetid)).all()
            return {assetid: read_attributes(connection, assetid) for assetid in ids}

        return self.read(work)

    def entry_count(self) -> int:
        """Return the number of audit entries."""
        count = select(func.count()).select_from(auditentry)
        return self.read(lambda connection: connection.execute(count).scalar_one())

    def audit_faults(self) -> list[str]:
        """Return the message of each fault that verifying the audit finds."""
        batches = verify(self.site.store, self.site.chain)
        return [fault.message for batch in batches for fault in batch.faults]


class TrialSites:
    """Makes equal sites; the migrations run once, for a template that is copied where the database can.

    Raises `ConfigurationError` where the plugin's migrations fail.
    """

    def __init__(self, subject: Subject, databases: Databases) -> None:
        self.subject = subject
        self._databases = databases
        self._plugins = subject.plugins()
        self._template = databases.make()
        self._migrate(self._template)

    @contextmanager
    def open(self) -> Iterator[TrialSite]:
        """Give a new site without assets; it is closed and its database dropped at the end of the block."""
        url = self._databases.copy(self._template, self._migrate)
        settings = Settings(secret_key=secrets.token_hex(32), database_url=url, threads=1)
        with Site(settings, self._plugins, open_store(settings)) as site:
            yield TrialSite(self.subject, site)
        self._databases.drop(url)

    def _migrate(self, url: str) -> None:
        statuses = upgrade(url, migration_scripts(self._plugins))
        if reasons := [status.failure for status in statuses if status.failure]:
            raise ConfigurationError(reasons[0])


@dataclass(frozen=True, slots=True)
class Submitter:
    """Submits to one site, each submission as a dry run first."""

    trial_site: TrialSite
    tables: PluginTables

    def submit(self, step: str, submission: JsonObject, action: str) -> SubmissionResult:
        """Submit with a dry run and without; returns the result, whose action is `action`.

        Raises `CheckFailed` if the submission fails or has another action, if the dry run writes, or if its
        result differs. `step` names example and step for the finding.
        """
        before = self._stored()
        announced = self._submit(f"{step}, dry run", submission, dryrun=True)
        if self._stored() != before:
            hint = "store_asset must write by its connection alone."
            raise CheckFailed(Finding(f"{step}, dry run", "writes", hint))
        result = self._submit(step, submission, dryrun=False)
        if _outcome(announced) != _outcome(result):
            differing = difference(_written(announced), _written(result))
            what = (
                f"announces {announced.action}, then {result.action} happens; the two differ in {differing}"
            )
            hint = "The result of normalize_submission must depend on the submission alone."
            raise CheckFailed(Finding(f"{step}, dry run", what, hint))
        if result.action != action:
            changed = changes(result.diff)
            changed = changed or f"nothing changed by {', '.join(pointer([field]) for field in submission)}"
            raise CheckFailed(Finding(step, f"is {result.action} instead of {action}: {changed}"))
        return result

    def attributes(self, assetid: int | None) -> JsonObject:
        """Return the fields of one asset."""
        return self.trial_site.attributes()[assetid or 0]

    def _submit(self, step: str, submission: JsonObject, *, dryrun: bool) -> SubmissionResult:
        try:
            return self.trial_site.submit(submission, dryrun=dryrun)
        except PluginFailure as failure:
            raise CheckFailed(
                Finding.of_failure(failure, self.trial_site.subject.candidate, step)
            ) from failure
        except ShopDBError as error:
            raise CheckFailed(Finding(step, f"is refused: {error}")) from error

    def _stored(self) -> object:
        return (
            self.trial_site.entry_count(),
            self.trial_site.attributes(),
            self.trial_site.read(self.tables.raw),
        )


def _outcome(result: SubmissionResult) -> object:
    return result.action, result.warnings, canonical(result.diff)


def _written(result: SubmissionResult) -> JsonObject:
    """Return the new value of each field that changed, and the warnings."""
    fields = {name: change.get("after", change) for name, change in result.diff.items()}
    return {**fields, **({"@warnings": list(result.warnings)} if result.warnings else {})}
