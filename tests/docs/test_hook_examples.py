"""Whether the examples of docs/plugin-hooks.md do what it says."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from documents import fenced, sections
from hookpage import make_module, parts_of, plugin_source

from shopdb_core.plugins.panels import Panels
from shopdb_core.site import migration_scripts
from shopdb_core.store.migrate import migration_statuses


def _answer(shop, submission):
    return shop.post("switches", submission).json


def _shown_examples(shop, _submission):
    return shop.get("/api/collector/_schemas/switches").json["examples"]


def _stored(shop, submission):
    return shop.get(f"/api/assets/{_answer(shop, submission)['assetid']}").json["attributes"]


def _tables(shop, _submission):
    scripts = migration_scripts(shop.plugins)
    return asdict(shop.store.read(lambda connection: migration_statuses(connection, scripts))[-1])


def _rows(shop, submission):
    _answer(shop, submission)
    return [list(row) for row in shop.rows("SELECT * FROM switches_port")]


def _rows_of_retired(shop, submission):
    assetid = _answer(shop, submission)["assetid"]
    shop.edit("POST", f"/api/assets/{assetid}/retire", {"reason": "replaced"})
    return [list(row) for row in shop.rows("SELECT * FROM switches_port")]


def _report(shop, submission):
    _answer(shop, submission)
    return shop.get("/api/reports/switches/ports?vlan=20").json


RUN = {
    "get_collector_schema": _answer,
    "get_example_submissions": _shown_examples,
    "normalize_submission": _stored,
    "get_migrations": _tables,
    "store_asset": _rows,
    "store_assets": _rows,
    "remove_asset": _rows_of_retired,
    "get_reports": _report,
}
"""How to run each example; the result is compared with the last block that the document shows."""


@pytest.fixture
def text(docs: Path) -> str:
    """The document."""
    return (docs / "plugin-hooks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", RUN)
def test_every_example_does_what_is_shown(text, tmp_path, make_shop, hook):
    """The examples up to this one are a plugin, whose results are those in the document."""
    *submissions, shown = map(json.loads, fenced(parts_of(text)[hook]["Example"], "json"))
    shop = make_shop({"switches": make_module(text, plugin_source(text, hook), tmp_path)})
    latest = json.loads(fenced(parts_of(text)["store_asset"]["Example"], "json")[0])

    result = RUN[hook](shop, submissions[0] if submissions else latest)

    assert shop.plugins.get("switches").hooks.implements(hook)
    assert result == shown


def test_the_example_of_a_panel_is_drawn_as_shown(text, tmp_path, make_shop):
    """The page has the HTML that the document shows; a switch without ports has no panel."""
    example = parts_of(text)["get_asset_panels"]["Example"]
    shop = make_shop({"switches": make_module(text, plugin_source(text, "get_asset_panels"), tmp_path)})
    stored = _stored(shop, json.loads(fenced(example, "json")[0]))

    (panel,) = Panels(shop.plugins).of("switches", stored)

    assert (panel.title, panel.html) == ("VLANs", fenced(example, "html")[0].strip())
    assert Panels(shop.plugins).of("switches", {**stored, "ports": []}) == []


def test_the_example_of_an_observer_logs_what_is_shown(text, tmp_path, make_shop, caplog):
    """The whole plugin logs a submission, but not one that changes volatile fields alone."""
    example = parts_of(text)["asset_changed"]["Example"]
    shop = make_shop({"switches": make_module(text, plugin_source(text, "asset_changed"), tmp_path)})
    submission = json.loads(fenced(example, "json")[0])

    _answer(shop, submission)
    _answer(shop, {**submission, "uptimeseconds": 5})

    logged = [record.getMessage() for record in caplog.records if record.name == "switches"]
    assert logged == fenced(example, "text")[0].splitlines()


def test_the_examples_that_are_shown_are_valid(text, tmp_path, make_shop):
    """The plugin's examples can be submitted."""
    shop = make_shop({"switches": make_module(text, plugin_source(text, "asset_changed"), tmp_path)})

    for example in shop.plugins.get("switches").collector.examples:
        assert shop.submit("switches", example).warnings == ()


def test_the_plugin_of_the_page_takes_what_its_schema_admits(text, tmp_path, make_shop):
    """A list may name a port twice; a table with a key must not refuse it."""
    shop = make_shop({"switches": make_module(text, plugin_source(text, "asset_changed"), tmp_path)})
    twice = [{"name": "Gi1/0/1"}, {"name": "Gi1/0/1", "vlan": 20}]

    shop.submit("switches", {"serialnumber": "FOC1234X0AB", "model": "C9300-24T", "ports": twice})

    assert shop.rows("SELECT name, vlan FROM switches_port") == [("Gi1/0/1", 20)]


def test_the_wrapper_does_what_is_shown(text, tmp_path, make_shop):
    """Its example, beside the plugin of this page."""
    wrappers = sections(text, 2)["Wrappers"]
    submission, shown = map(json.loads, fenced(wrappers, "json"))
    house = make_module(text, fenced(wrappers, "python plugin")[0], tmp_path).house
    shop = make_shop(
        {"house": house, "switches": make_module(text, plugin_source(text, "asset_changed"), tmp_path)}
    )

    assert _stored(shop, submission) == shown
    assert shop.post("switches", {**submission, "room": None}).status_code == 422
    assert (shop.plugins.get("house").state, shop.plugins.has_endpoint("house")) == ("active", False)
