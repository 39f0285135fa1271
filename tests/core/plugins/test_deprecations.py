"""A plugin that uses a deprecated hook or argument is active, and a notice names each when it is loaded."""

import inspect
import logging
from collections.abc import Callable
from types import ModuleType

import pytest

from shopdb_core.plugins.registry import Plugin, load_plugins
from shopdb_core.settings import PluginSelection
from shopdb_hookspecs import hookspec, specs

OBSERVING = DeprecationWarning("asset_changed will be removed in 2.0: read GET /api/audit instead")
NAMING = DeprecationWarning("the argument plugin will be removed in 2.0: leave it out")


@pytest.fixture
def later_specs() -> ModuleType:
    """The hooks as a later release may have them: one of them deprecated, and one argument of another."""
    later = ModuleType("later_specs")
    for name, hook in inspect.getmembers(specs, inspect.isfunction):
        setattr(later, name, hook)

    @hookspec(warn_on_impl=OBSERVING)
    def asset_changed(change): ...

    @hookspec(firstresult=True, warn_on_impl_args={"plugin": NAMING})
    def normalize_submission(submission, plugin): ...

    later.asset_changed, later.normalize_submission = asset_changed, normalize_submission
    return later


@pytest.fixture
def load(later_specs: ModuleType) -> Callable[[object], Plugin]:
    """Load one plugin under the later hooks."""

    def load_one(plugin: object) -> Plugin:
        (found,) = load_plugins(PluginSelection(), {"rack": plugin}, later_specs).all()
        return found

    return load_one


def test_a_deprecated_hook_or_argument_is_told_once(
    load: Callable[[object], Plugin], make_plugin: Callable[..., object], caplog: pytest.LogCaptureFixture
) -> None:
    """One line names plugin, distribution, hooks and what to do; the plugin serves, with the notices."""
    plugin = load(
        make_plugin(normalize_submission=specs.normalize_submission, asset_changed=specs.asset_changed)
    )

    assert plugin.state == "active"
    assert set(plugin.notices) == {f"asset_changed: {OBSERVING}", f"normalize_submission: {NAMING}"}
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert line.startswith("plugin rack (distribution unknown) uses deprecated hooks: ")
    assert all(notice in line for notice in plugin.notices)


def test_who_uses_nothing_deprecated_hears_nothing(
    load: Callable[[object], Plugin], make_plugin: Callable[..., object], caplog: pytest.LogCaptureFixture
) -> None:
    """An implementation that leaves a deprecated argument out is not warned of."""
    plugin = load(make_plugin(normalize_submission=lambda submission: submission))

    assert (plugin.state, plugin.notices, caplog.records) == ("active", (), [])


def test_nothing_is_deprecated_today(make_plugin: Callable[..., object]) -> None:
    """A plugin that uses every hook and every argument is loaded without notices."""
    hooks = dict(inspect.getmembers(specs, inspect.isfunction))
    del hooks["get_collector_schema"]

    (plugin,) = load_plugins(PluginSelection(), {"rack": make_plugin(**hooks)}).all()

    assert (plugin.state, plugin.notices) == ("active", ())
