"""`PluginHooks` calls the hooks of one plugin; `Collector` is the endpoint that the plugin declares."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import pluggy

from shopdb_core.declarations.check import check_declaration, json_faults
from shopdb_core.declarations.named_fields import EvidencePath, evidence_paths
from shopdb_core.declarations.submission_schema import submission_schema
from shopdb_core.declarations.validation.validator import SubmissionValidator
from shopdb_core.errors import PluginFailure
from shopdb_core.plugins.discovery import Candidate
from shopdb_core.plugins.loader import UnusablePlugin
from shopdb_core.plugins.pace import Pace
from shopdb_core.store import Connection
from shopdb_hookspecs import AssetWrite, JsonObject


class PluginHooks:
    """Calls the hooks of one plugin, each inside the wrappers of all plugins.

    Create it after every plugin has been registered.
    """

    def __init__(self, manager: pluggy.PluginManager, candidate: Candidate) -> None:
        self._candidate = candidate
        self._callers = {hook: _caller(manager, hook, candidate.name) for hook in vars(manager.hook)}
        # A wrapper of another plugin may change a list by the other fields.
        self.normalizes_alone = not _wrappers(manager, "normalize_submission")
        # A wrapper of store_asset sees every asset, so that a plugin with both hooks stores one by one.
        self.stores_many = self.implements("store_assets") and not (
            self.implements("store_asset") and _wrappers(manager, "store_asset")
        )

    @property
    def stores(self) -> bool:
        """Whether the plugin implements a hook that writes tables of its own."""
        return self.implements("store_assets") or self.implements("store_asset")

    def implements(self, hook: str) -> bool:
        """Whether the plugin itself implements `hook`; wrappers of other plugins do not count."""
        return self._callers[hook] is not None

    def call(self, hook: str, **arguments: Any) -> Any:
        """Return the result of `hook`, or `None` if the plugin does not implement it.

        Any exception of the hook becomes a `PluginFailure` that names plugin, distribution and hook.
        """
        caller = self._callers[hook]
        if caller is None:
            return None
        try:
            return caller(**arguments)
        except (Exception, SystemExit) as error:  # a plugin must not end the server
            raise self._candidate.failure(hook, f"raised {type(error).__name__}", "raised") from error

    def failure(self, hook: str, what: str) -> PluginFailure:
        """Return the error for a result of `hook` that cannot be used."""
        return self._candidate.failure(hook, what)


def _caller(manager: pluggy.PluginManager, hook: str, name: str) -> Callable[..., Any] | None:
    """Return a caller of one plugin's `hook` with all wrappers, `None` if the plugin has no such hook."""
    plugin = manager.get_plugin(name)
    plain = [each for each in _implementations(manager, hook) if not _wraps(each)]
    own = next((each for each in plain if each.plugin is plugin), None)
    if own is None:
        return None
    if not _wrappers(manager, hook):
        return _direct(own)
    return manager.subset_hook_caller(hook, [each.plugin for each in plain if each is not own])


def _direct(implementation: pluggy.HookImpl) -> Callable[..., Any]:
    """Return a caller of one function: pluggy's own takes longer than most hooks."""
    function, names = implementation.function, implementation.argnames

    def call(**arguments: Any) -> Any:
        return function(*map(arguments.__getitem__, names))

    return call


def _implementations(manager: pluggy.PluginManager, hook: str) -> list[pluggy.HookImpl]:
    caller: pluggy.HookCaller = getattr(manager.hook, hook)
    return caller.get_hookimpls()


def _wrappers(manager: pluggy.PluginManager, hook: str) -> list[pluggy.HookImpl]:
    return [each for each in _implementations(manager, hook) if _wraps(each)]


def _wraps(implementation: pluggy.HookImpl) -> bool:
    return implementation.wrapper or implementation.hookwrapper


@dataclass(frozen=True, slots=True)
class Collector:
    """One plugin's endpoint, as its declaration describes it (contract, section 1)."""

    name: str
    distribution: str
    version: str
    identityfield: str
    secondaryidentity: str | Sequence[str] | None
    evidence: tuple[EvidencePath, ...]
    required: frozenset[str]
    volatile: frozenset[str]
    independent: frozenset[str]
    declaration: JsonObject
    schema: JsonObject
    validator: SubmissionValidator
    examples: Sequence[JsonObject]
    hooks: PluginHooks
    pace: Pace

    @property
    def endpoint(self) -> str:
        """The path of the URL that accepts submissions."""
        return f"/api/collector/{self.name}"

    def fitting(self, attributes: JsonObject, valid: AbstractSet[str]) -> JsonObject:
        """Return the attributes that fit the declaration; the fields in `valid` are known to fit.

        Others may have been entered by hand, or submitted under an earlier declaration.
        """
        if attributes.keys() <= valid:
            return attributes
        declared = self.declaration["fields"]
        return {
            name: value
            for name, value in attributes.items()
            if name in valid or (name in declared and self.validator.accepts_members({name: value}))
        }

    def normalize(self, submission: JsonObject) -> JsonObject:
        """Return the submission in the plugin's canonical form; raises `PluginFailure`."""
        if not self.hooks.implements("normalize_submission"):
            return submission
        with self.pace.measured("normalize_submission"):
            normalized = self.hooks.call("normalize_submission", submission=submission, plugin=self.name)
        if not isinstance(normalized, dict):
            what = "returned None: is a return missing?" if normalized is None else "did not return a dict"
            raise self.hooks.failure("normalize_submission", what)
        if undeclared := normalized.keys() - submission.keys() - self.declaration["fields"].keys():
            what = f"returned the field {min(map(str, undeclared))[:80]!r}: declare it, or leave it out"
            raise self.hooks.failure("normalize_submission", what)
        return normalized

    def store(self, connection: Connection, writes: Sequence[AssetWrite]) -> None:
        """Write the plugin's own tables for some assets, none of them twice; the caller commits.

        Raises `PluginFailure` after which some may be written: the caller rolls back to where it began, and
        may store each asset alone, to learn which is at fault.
        """
        if not writes:
            return
        with self.pace.measured("the hook that stores assets", len(writes)):
            if self.hooks.stores_many:
                self.hooks.call("store_assets", connection=connection, writes=writes, plugin=self.name)
            else:
                for write in writes:
                    self.store_one(connection, write)

    def remove(self, connection: Connection, assetid: int) -> None:
        """Delete the plugin's rows of one asset by `remove_asset`, if the plugin implements it."""
        self.hooks.call("remove_asset", connection=connection, assetid=assetid, plugin=self.name)

    def store_one(self, connection: Connection, write: AssetWrite) -> None:
        """Write the plugin's own tables for one asset by `store_asset`, if the plugin implements it."""
        self.hooks.call(
            "store_asset",
            connection=connection,
            assetid=write.assetid,
            before=write.before,
            after=write.after,
            plugin=self.name,
        )


def make_collector(candidate: Candidate, hooks: PluginHooks) -> Collector | None:
    """Return the collector that a plugin declares, or `None` if it declares none.

    Raises `UnusablePlugin` for a faulty declaration, `PluginFailure` for a hook that failed.
    """
    declaration = hooks.call("get_collector_schema")
    if declaration is None:
        return None
    if faults := check_declaration(declaration):
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        place = faults[0].place or "/"
        raise UnusablePlugin(f"get_collector_schema at {place}: {faults[0].reason}{more}")
    schema = submission_schema(candidate.name, declaration)
    return Collector(
        name=candidate.name,
        distribution=candidate.distribution,
        version=candidate.version,
        identityfield=declaration["identityfield"],
        secondaryidentity=declaration.get("secondaryidentity"),
        evidence=evidence_paths(declaration),
        required=frozenset(declaration.get("required", ())) | {declaration["identityfield"]},
        volatile=_marked(declaration, "x-volatile"),
        independent=_marked(declaration, "x-independent") if hooks.normalizes_alone else frozenset(),
        declaration=declaration,
        schema=schema,
        validator=SubmissionValidator(schema),
        examples=_examples(hooks),
        hooks=hooks,
        pace=Pace(candidate.name),
    )


def _marked(declaration: JsonObject, keyword: str) -> frozenset[str]:
    """Return the fields that have a keyword whose value is `true`."""
    return frozenset(name for name, field in declaration["fields"].items() if field.get(keyword) is True)


def _examples(hooks: PluginHooks) -> Sequence[JsonObject]:
    examples = hooks.call("get_example_submissions") or ()
    if not isinstance(examples, Sequence) or not all(isinstance(example, dict) for example in examples):
        raise hooks.failure(
            "get_example_submissions",
            "did not return a list of dicts: return a list, even for one example",
        )
    if faults := [fault for example in examples for fault in json_faults(example)]:
        what = f"returned an example whose {faults[0].place or '/'} {faults[0].reason}"
        raise hooks.failure("get_example_submissions", what)
    return tuple(examples)
