"""What a plugin's import may do to a site: nothing."""

from collections.abc import Callable

import pytest

from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import PluginSelection

Install = Callable[..., None]

SITE = PluginSelection(frozenset({"computers", "rack"}))


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("raise OSError('no such switch')", "its import raised OSError: no such switch"),
        ("import sys\nsys.exit(3)", "its import raised SystemExit: 3"),
        (
            "import no_such_library",
            "its import raised ModuleNotFoundError: No module named 'no_such_library'",
        ),
        ("def get_collector_schema(:", "its import raised SyntaxError:"),
        ("class Odd(BaseException): ...\nraise Odd('odd')", "its import raised Odd: odd"),
    ],
    ids=["raises", "exits", "lacks a library", "is no Python", "raises what is no Exception"],
)
def test_a_failing_import_quarantines_its_plugin_alone(install: Install, source: str, told: str) -> None:
    """Whatever the import raises is the reason that people read; the other plugins serve."""
    install("rack_failing", source, {"rack": "rack_failing"})

    plugins = load_plugins(SITE)

    rack = plugins.get("rack")
    assert rack is not None
    assert rack.state == "quarantined"
    assert rack.reason.startswith(told)
    assert list(plugins.collectors()) == ["computers"]


def test_ctrl_c_is_not_caught(install: Install) -> None:
    """Ctrl-C during an import is not caught."""
    install("rack_slow", "raise KeyboardInterrupt", {"rack": "rack_slow"})

    with pytest.raises(KeyboardInterrupt):
        load_plugins(SITE)


def test_a_long_message_is_cut(install: Install) -> None:
    """A reason is one readable line for any exception."""
    install("rack_verbose", "raise ValueError('word\\n' * 1000)", {"rack": "rack_verbose"})

    rack = load_plugins(SITE).get("rack")

    assert rack is not None
    assert len(rack.reason) <= 400
    assert "\n" not in rack.reason
