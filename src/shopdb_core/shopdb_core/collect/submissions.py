"""Submitting: the function that the HTTP endpoint and Python programs call alike."""

from shopdb_core.audit.entry import AuditChain
from shopdb_core.collect.answer import Answer, Origin
from shopdb_core.collect.prepare import Preparation, Prepared
from shopdb_core.collect.upsert import Outcome, Upsert
from shopdb_core.errors import NotFound, Unavailable
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import Plugins
from shopdb_core.settings import Settings
from shopdb_core.store import Store
from shopdb_hookspecs import AssetChange, Json


class Submissions:
    """Takes submissions for every active collector of one site."""

    def __init__(self, settings: Settings, plugins: Plugins, store: Store) -> None:
        self._plugins = plugins
        self._store = store
        self._onmatch = settings.onmatch
        self._chain = AuditChain(settings.secret_key)
        self._preparations = {
            name: Preparation(collector, settings.timezone)
            for name, collector in plugins.collectors().items()
        }

    def submit(
        self,
        plugin: str,
        submission: dict[str, Json],
        origin: Origin,
        *,
        dryrun: bool = False,
        lenient: bool = False,
    ) -> Answer:
        """Upsert one asset and commit, with its audit entry; in a dry run nothing is written.

        Raises `NotFound` for an unknown collector, `InvalidSubmission` with the faults, `PluginFailure`
        where a hook failed, and `Unavailable` where a later try may succeed. Whatever is raised,
        nothing was stored.
        """
        collector = self._collector(plugin)
        prepared = self._preparations[plugin].prepare(submission, lenient=lenient)
        onmatch = self._onmatch.get(plugin, "flag")
        work = Upsert(collector, prepared, origin, onmatch, self._chain)
        outcome = self._store.rehearse(work) if dryrun else self._store.transaction(work)
        if not dryrun and outcome.entry.action != "noop":
            self._plugins.notify(_change(outcome))
        return _answer(prepared, outcome, dryrun=dryrun)

    def _collector(self, name: str) -> Collector:
        plugin = self._plugins.get(name)
        if plugin is not None and plugin.state == "quarantined":
            raise Unavailable(f"The plugin {name} is quarantined: {plugin.reason}")
        if plugin is None or plugin.collector is None:
            raise NotFound(
                f"There is no collector named {name[:40]!r}; GET /api/collector/_schemas lists them."
            )
        return plugin.collector


def _answer(prepared: Prepared, outcome: Outcome, *, dryrun: bool) -> Answer:
    entry = outcome.entry
    return Answer(
        action=entry.action,
        assetid=None if dryrun and entry.action == "created" else entry.assetid,
        identityvalue=entry.identityvalue,
        warnings=prepared.warnings + outcome.match.warnings,
        diff=outcome.diff,
        matchedby=outcome.match.by,
    )


def _change(outcome: Outcome) -> AssetChange:
    entry = outcome.entry
    assert entry.plugin is not None
    assert entry.action != "noop"
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
