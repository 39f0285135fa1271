"""Whether each fault in docs/plugin-hooks.md has the outcome and message given there."""

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from documents import code, table
from hookpage import HOOKS, make_module, parts_of, plugin_source, signature

from shopdb_core.plugins.panels import Panels
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import PluginSelection

FAULTS = "| the hook does | then | message |"
CULPRIT = "NAME (distribution DISTRIBUTION VERSION)"

MakeShop = Callable[..., Any]


@pytest.fixture
def text(docs: Path) -> str:
    """The document."""
    return (docs / "plugin-hooks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", HOOKS)
def test_every_fault_has_the_documented_consequence(text, tmp_path, make_shop, caplog, hook):
    """Each statement of the table, as the body of the hook, leads to the state or status and the message."""
    shown, actual = {}, {}
    for does, then, message in table(parts_of(text)[hook]["Errors"], FAULTS):
        (statement,), (words,) = code(does), code(message)
        # Of a plugin with both hooks, ShopDB calls store_assets alone.
        without = "store_assets" if hook == "store_asset" else ""
        plugin = plugin_source(text, "asset_changed", without)
        source = f"{plugin}\n\n@hookimpl\ndef {signature(hook)}:\n    {statement}\n"
        shown[statement] = (then, words.replace(CULPRIT, "switches (distribution unknown)"))
        actual[statement] = _consequence(make_shop, make_module(text, source, tmp_path), hook, caplog)

    assert actual == shown


@pytest.mark.parametrize("hook", ["normalize_submission", "store_asset", "store_assets", "asset_changed"])
def test_what_a_hook_says_of_a_submission_is_not_logged(text, tmp_path, make_shop, caplog, hook):
    """An exception may quote a payload: the log names its class and its place only."""
    source = (
        f"{plugin_source(text, hook)}\n\n@hookimpl\ndef {hook}():\n    raise ValueError('a ' + 'payload')\n"
    )

    _consequence(make_shop, make_module(text, source, tmp_path), hook, caplog)

    assert f"{hook} raised ValueError" in caplog.text
    assert "a payload" not in caplog.text


def _consequence(
    make_shop: MakeShop, plugin: ModuleType, hook: str, caplog: pytest.LogCaptureFixture
) -> tuple[str, str]:
    """Return the state or status of a plugin, or what became of a submission, a report or a panel of it."""
    loaded = load_plugins(PluginSelection(), {"switches": plugin}).get("switches")
    if loaded.state == "quarantined":
        return "quarantined", re.sub(r"\(\S+, line \d+\)", "(FILE, line N)", loaded.reason)
    shop = make_shop({"switches": plugin})
    answer = shop.post("switches", {"serialnumber": "FOC1234X0AB", "model": "C9300-24T"})
    if hook == "remove_asset":
        answer = shop.edit("POST", "/api/assets/1/retire", {"reason": "replaced"})
    if hook == "get_reports":
        answer = shop.get("/api/reports/switches/ports")
    if hook == "get_asset_panels":
        (panel,) = Panels(shop.plugins).of("switches", {"serialnumber": "FOC1234X0AB"})
        return "notice", panel.failure
    if answer.status_code in (200, 201):
        return "logged", caplog.records[-1].getMessage()
    return str(answer.status_code), answer.json["detail"]
