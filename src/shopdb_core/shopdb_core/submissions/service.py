"""`Submissions`: upserts submissions, alone or many, from JSON bodies or Python objects.

A body has a digest of all that preparing it depends on. A device without changes sends the same bytes again,
and its asset is found by the digest: preparing the body is most of the cost of a noop.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial
from importlib.metadata import version

from shopdb_core.assets.sources import Ranking
from shopdb_core.audit.entries import AuditChain
from shopdb_core.clock import Clock, utc_now
from shopdb_core.intake.http_body import Body
from shopdb_core.json_text import canonical
from shopdb_core.outcomes.recorder import Recorder
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import Plugins
from shopdb_core.settings import DEFAULT_ADOPT_AFTER_HOURS, DEFAULT_ONMATCH, Settings
from shopdb_core.store import Store
from shopdb_core.submissions.pipeline import Pipeline
from shopdb_core.submissions.result import Origin, Outcome, SitePolicy, SubmissionResult
from shopdb_core.submissions.upsert import Upsert, Upserts
from shopdb_hookspecs import AssetChange, Json

LARGE_BYTES = 128 * 1024
"""A body from this size on is prepared before its transaction begins, during which others would wait."""


class Submissions:
    """Takes submissions for every active collector of one site; safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        plugins: Plugins,
        store: Store,
        chain: AuditChain,
        recorder: Recorder,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._plugins = plugins
        self._store = store
        self._recorder = recorder
        self._upserts = Upserts(chain, clock)
        self._committed_upserts = partial(self._upserts, commit=True)
        self._intakes = {name: _Intake(each, settings) for name, each in plugins.collectors().items()}

    def collector(self, name: str) -> Collector:
        """Return a collector; raises `NotFound`, or `Unavailable` if its plugin is quarantined."""
        return self._plugins.collector(name)

    def collectors(self) -> list[str]:
        """Return the names of the active collectors."""
        return [*self._plugins.collectors()]

    def submit(
        self,
        plugin: str,
        submission: dict[str, Json],
        origin: Origin,
        *,
        dryrun: bool = False,
        lenient: bool = False,
    ) -> SubmissionResult:
        """Upsert one asset and commit, with its audit entry; in a dry run nothing is written.

        Raises `NotFound` for an unknown collector, `InvalidSubmission` with the faults, `PluginFailure`
        if a hook failed, and `Unavailable` if a later try may succeed. If it raises, nothing was stored.
        """
        return self._submit_one(plugin, submission, origin, dryrun=dryrun, lenient=lenient)

    def submit_body(
        self, plugin: str, body: Body, origin: Origin, *, dryrun: bool = False, lenient: bool = False
    ) -> SubmissionResult:
        """Submit the bytes of a request; raises `MalformedBody`, and all that `submit` raises.

        A body that changed nothing the last time is not parsed again.
        """
        return self._submit_one(plugin, body, origin, dryrun=dryrun, lenient=lenient)

    def submit_many(
        self,
        plugin: str,
        submissions: Iterable[dict[str, Json] | Body],
        origin: Origin,
        *,
        dryrun: bool = False,
        lenient: bool = False,
    ) -> list[SubmissionResult | Exception]:
        """Upsert an asset for each submission, in few commits; one that fails stops no other.

        The submissions of one identity are stored in order, those of different ones in any order.
        Returns what `submit` or `submit_body` would have returned or raised for each, in the order of
        `submissions`; a dry run rolls back each before the next. Raises `NotFound` for an unknown collector,
        `Unavailable` for a quarantined one.
        """
        intake = self._intake(plugin)
        upserts = [intake.upsert(each, origin, lenient=lenient) for each in submissions]
        for upsert in upserts:
            if dryrun or upsert.prepared_first:
                upsert.prepare_now()
        outcomes = self._run(upserts, dryrun=dryrun)
        return [self._finish(*each, dryrun=dryrun) for each in zip(upserts, outcomes, strict=True)]

    def _submit_one(
        self,
        plugin: str,
        submission: dict[str, Json] | Body,
        origin: Origin,
        *,
        dryrun: bool,
        lenient: bool,
    ) -> SubmissionResult:
        upsert = self._intake(plugin).upsert(submission, origin, lenient=lenient)
        if dryrun or upsert.prepared_first:
            upsert.prepared  # noqa: B018  # raises before a transaction begins
        (outcome,) = self._run([upsert], dryrun=dryrun)
        result = self._finish(upsert, outcome, dryrun=dryrun)
        if isinstance(result, Exception):
            raise result
        return result

    def _intake(self, plugin: str) -> "_Intake":
        self.collector(plugin)
        return self._intakes[plugin]

    def _run(self, upserts: Sequence[Upsert], *, dryrun: bool) -> Sequence[Outcome | Exception]:
        if not dryrun:
            return self._store.batch(self._committed_upserts, upserts)
        return [self._dry_run(upsert) for upsert in upserts]

    def _dry_run(self, upsert: Upsert) -> Outcome | Exception:
        try:
            return self._store.dry_run(lambda connection: self._upserts(connection, [upsert]))[0]
        except Exception as error:  # noqa: BLE001  # the caller gets it as the outcome
            return error

    def _finish(
        self, upsert: Upsert, outcome: Outcome | Exception, *, dryrun: bool
    ) -> SubmissionResult | Exception:
        """Count what was committed, notify the observers of a change, and return the result."""
        if isinstance(outcome, Exception):
            return outcome
        if not dryrun:
            self._recorder.count(upsert.collector.name, outcome.entry.action, outcome.entry.source)
            if outcome.entry.action != "noop":
                self._plugins.notify(_change(outcome))
        return _result(outcome, upsert.origin.warnings + upsert.warnings, dryrun=dryrun)


class _Intake:
    """Makes the upserts of one collector."""

    def __init__(self, collector: Collector, settings: Settings) -> None:
        self._collector = collector
        self._pipeline = Pipeline(collector, settings.timezone)
        self._policy = _policy(settings, collector.name)
        self._digest = _digest_of(collector, settings)

    def upsert(self, submission: dict[str, Json] | Body, origin: Origin, *, lenient: bool) -> Upsert:
        if isinstance(submission, Body):
            prepare = partial(self._pipeline.prepare_body, submission, lenient=lenient)
            # Where sources are ranked, what a body changes also depends on those of the other sources.
            is_remembered = not self._policy.ranking.ranked
            digest = self._body_digest(submission, lenient=lenient) if is_remembered else None
            prepared_first = len(submission.content) >= LARGE_BYTES
            return Upsert(self._collector, origin, self._policy, prepare, digest, prepared_first)
        prepare = partial(self._pipeline.prepare, submission, lenient=lenient)
        return Upsert(self._collector, origin, self._policy, prepare, prepared_first=True)

    def _body_digest(self, body: Body, *, lenient: bool) -> bytes:
        digest = self._digest.copy()
        digest.update(f"{body.codec} {lenient}\n".encode())
        digest.update(body.content)
        return digest.digest()


def _digest_of(collector: Collector, settings: Settings) -> "hashlib.blake2b":
    """Return the beginning of the digests of bodies: what preparing them depends on beside themselves."""
    versions = [version("shopdb-core"), collector.name, collector.version]
    site = [*versions, str(settings.timezone), collector.declaration]
    return hashlib.blake2b(canonical(site), digest_size=16)


def _policy(settings: Settings, plugin: str) -> SitePolicy:
    adopts = settings.onmatch.get(plugin, DEFAULT_ONMATCH) == "adopt"
    hours = settings.adopt_after_hours.get(plugin, DEFAULT_ADOPT_AFTER_HOURS)
    silence = timedelta(days=settings.source_silence_days)
    return SitePolicy(
        timedelta(hours=hours) if adopts else None, Ranking(settings.sources.get(plugin, ()), silence)
    )


def _result(outcome: Outcome, warnings: tuple[str, ...], *, dryrun: bool) -> SubmissionResult:
    entry = outcome.entry
    return SubmissionResult(
        action=entry.action,
        assetid=None if dryrun and entry.action == "created" else entry.assetid,
        identityvalue=entry.identityvalue,
        warnings=warnings + outcome.warnings,
        diff=outcome.diff,
        matchedby=outcome.match.by,
    )


def _change(outcome: Outcome) -> AssetChange:
    """Return the argument of the hook `asset_changed`."""
    entry = outcome.entry
    assert entry.plugin is not None
    assert entry.action in ("created", "updated")
    return AssetChange(
        auditid=outcome.auditid,
        at=entry.at,
        plugin=entry.plugin,
        action=entry.action,
        assetid=entry.assetid,
        identityvalue=entry.identityvalue,
        diff=outcome.diff,
        volatileonly=entry.volatileonly,
        actor=entry.actor,
        requestid=entry.requestid,
    )
