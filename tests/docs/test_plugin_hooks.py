"""Whether docs/plugin-hooks.md tells every hook as it is: its arguments, its errors, its example."""

import dataclasses
import inspect
import json
import re
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from documents import code, fenced, sections, table

from shopdb_core.plugins.hooks import HOOKS
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.schema_check import migration_scripts
from shopdb_core.settings import Admission
from shopdb_core.store.upgrade import migration_statuses
from shopdb_hookspecs import AssetChange, Parameter, Report, hookimpl, specs

PARTS = ["When", "Arguments", "Result", "Errors", "Example"]
FAULTS = "| the hook does | then | message |"
CULPRIT = "NAME (distribution DISTRIBUTION VERSION)"

MakeShop = Callable[..., Any]
MakeModule = Callable[[str], ModuleType]


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


def _report(shop, submission):
    _answer(shop, submission)
    return shop.get("/api/reports/switches/ports?vlan=20").json


ASKED = {
    "get_collector_schema": _answer,
    "get_example_submissions": _shown_examples,
    "normalize_submission": _stored,
    "get_migrations": _tables,
    "store_asset": _rows,
    "get_reports": _report,
}
"""What each example is asked, to be compared with what the document shows last."""


@pytest.fixture
def text(docs: Path) -> str:
    """The document."""
    return (docs / "plugin-hooks.md").read_text(encoding="utf-8")


@pytest.fixture
def parts(text: str) -> dict[str, dict[str, str]]:
    """The parts of each hook's section, by the hook."""
    told = sections(sections(text, 2)["Each hook"], 3)
    return {heading.partition("(")[0]: _parts(section) for heading, section in told.items()}


@pytest.fixture
def make_module(text: str, tmp_path: Path) -> MakeModule:
    """Return a function that makes a module of a source, beside the files that the document shows."""
    for title, content in re.findall(r'(?ms)^```python title="(.+?)"\n(.*?)^```$', text):
        (tmp_path / title).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / title).write_text(content)

    def make(source: str) -> ModuleType:
        module = ModuleType("switches")
        module.__file__ = str(tmp_path / "switches.py")
        exec(compile(source, "switches.py", "exec"), module.__dict__)
        return module

    return make


def test_every_hook_has_a_section_with_its_arguments(text):
    """The headings below "Each hook" are the signatures of the hooks, in their order."""
    assert list(sections(sections(text, 2)["Each hook"], 3)) == [_signature(hook) for hook in HOOKS]


def test_every_section_has_the_same_parts(parts):
    """When, arguments, result, errors, example: in this order, and none of them empty."""
    assert {hook: list(told) for hook, told in parts.items()} == dict.fromkeys(HOOKS, PARTS)
    assert all(part.strip() for told in parts.values() for part in told.values())


@pytest.mark.parametrize("hook", HOOKS)
def test_every_argument_is_explained(parts, hook):
    """The list below "Arguments" has each one by name, with its type."""
    told = re.findall(r"(?m)^- `(\w+)` \(.+?\): ", parts[hook]["Arguments"])

    assert told == _arguments(hook)


def test_the_readme_of_the_hooks_lists_them(repository):
    """The page of `shopdb-hookspecs` has a row for each hook, with its arguments."""
    rows = re.findall(r"(?m)^\| `(\w+\(.*?\))` \|", (repository / "hookspecs/README.md").read_text())

    assert rows == [_signature(hook) for hook in HOOKS]


@pytest.mark.parametrize("record", [Report, Parameter, AssetChange])
def test_every_field_of_the_records_is_told(text, record):
    """The tables of the records have exactly their fields."""
    told = [name for row in table(text, f"| `{record.__name__}` | |") for name in code(row[0])]

    assert told == [field.name for field in dataclasses.fields(record)]


@pytest.mark.parametrize("hook", ASKED)
def test_every_example_does_what_is_shown(parts, make_module, make_shop, hook):
    """The examples up to this one are a plugin; asked as the document says, it answers what stands there."""
    *submissions, shown = map(json.loads, fenced(parts[hook]["Example"], "json"))
    shop = make_shop({"switches": make_module(_source(parts, hook))})
    latest = json.loads(fenced(parts["store_asset"]["Example"], "json")[0])

    asked = ASKED[hook](shop, submissions[0] if submissions else latest)

    assert shop.plugins.get("switches").hooks.implements(hook)
    assert asked == shown


def test_the_example_of_an_observer_logs_what_is_shown(parts, make_module, make_shop, caplog):
    """The whole plugin, and one submission; what is volatile alone is not told."""
    example = parts["asset_changed"]["Example"]
    shop = make_shop({"switches": make_module(_source(parts, "asset_changed"))})
    submission = json.loads(fenced(example, "json")[0])

    _answer(shop, submission)
    _answer(shop, {**submission, "uptimeseconds": 5})

    logged = [record.getMessage() for record in caplog.records if record.name == "switches"]
    assert logged == fenced(example, "text")[0].splitlines()


def test_the_examples_that_are_shown_are_valid(parts, make_module, make_shop):
    """What the plugin shows to others can be submitted."""
    shop = make_shop({"switches": make_module(_source(parts, "asset_changed"))})

    for example in shop.plugins.get("switches").collector.examples:
        assert shop.submit("switches", example).warnings == ()


@pytest.mark.parametrize("hook", HOOKS)
def test_every_fault_has_the_consequence_that_is_told(parts, make_module, make_shop, caplog, hook):
    """Each statement of the table, as the body of the hook, leads to the state or status and the message."""
    shown, met = {}, {}
    for does, then, message in table(parts[hook]["Errors"], FAULTS):
        (statement,), (words,) = code(does), code(message)
        source = f"{_source(parts, 'asset_changed')}\n\n@hookimpl\ndef {_signature(hook)}:\n    {statement}\n"
        shown[statement] = (then, words.replace(CULPRIT, "switches (distribution unknown)"))
        met[statement] = _consequence(make_shop, make_module(source), hook, caplog)

    assert met == shown


@pytest.mark.parametrize("hook", ["normalize_submission", "store_asset", "asset_changed"])
def test_what_a_hook_says_of_a_submission_is_not_logged(parts, make_module, make_shop, caplog, hook):
    """An exception may quote a payload: the log names its class and its place only."""
    source = f"{_source(parts, hook)}\n\n@hookimpl\ndef {hook}():\n    raise ValueError('a ' + 'payload')\n"

    _consequence(make_shop, make_module(source), hook, caplog)

    assert f"{hook} raised ValueError" in caplog.text
    assert "a payload" not in caplog.text


def test_the_wrapper_does_what_is_shown(text, parts, make_module, make_shop):
    """Its example, beside the plugin of this page."""
    wrappers = sections(text, 2)["Wrappers"]
    submission, shown = map(json.loads, fenced(wrappers, "json"))
    house = make_module(fenced(wrappers, "python plugin")[0]).house
    shop = make_shop({"house": house, "switches": make_module(_source(parts, "asset_changed"))})

    assert _stored(shop, submission) == shown
    assert shop.post("switches", {**submission, "room": None}).status_code == 422
    assert (shop.plugins.get("house").state, shop.plugins.has_endpoint("house")) == ("active", False)


def test_the_hooks_are_called_when_it_is_told(make_shop):
    """How often, for what, and in which thread: what the parts "When" say of one process on SQLite."""
    calls: list[tuple[str, bool]] = []
    shop = make_shop({"switches": Recorder(calls)})
    normalized, stored, told = (("normalize", True), ("store", False), ("told", True))

    assert _calls_of(calls, shop, {"serialnumber": "1"}) == [normalized, stored, told]
    assert _calls_of(calls, shop, {"serialnumber": "1"}) == [normalized]
    assert _calls_of(calls, shop, {"serialnumber": "1"}) == []
    assert _calls_of(calls, shop, {"serialnumber": "1", "model": "a"}, "?dryrun=true") == [normalized, stored]
    assert _calls_of(calls, shop, {"serialnumber": "1", "model": "a"}) == [normalized, stored, told]
    assert len(_calls_of(calls, shop, {"serialnumber": "1", "model": 5})) > 1
    entered = {"assettype": "cell", "identityvalue": "7"}
    answer = shop.client.simulate_post("/api/assets", json=entered, headers=shop.bearer("editor"))
    assert (answer.status_code, calls) == (201, [])


class Recorder:
    """Notes which hook is called, and whether in the thread of the test, which is the one that answers."""

    def __init__(self, calls: list[tuple[str, bool]]) -> None:
        self._calls = calls

    @hookimpl
    def get_collector_schema(self):
        fields = {"serialnumber": {"type": "string"}, "model": {"type": "string"}}
        return {"identityfield": "serialnumber", "fields": fields}

    @hookimpl
    def normalize_submission(self, submission):
        self._note("normalize")
        return submission

    @hookimpl
    def store_asset(self):
        self._note("store")

    @hookimpl
    def asset_changed(self):
        self._note("told")

    def _note(self, hook: str) -> None:
        self._calls.append((hook, threading.current_thread() is threading.main_thread()))


def _calls_of(calls, shop, submission, query: str = "") -> list[tuple[str, bool]]:
    """Submit, and take the calls that it led to."""
    calls.clear()
    shop.post("switches", submission, query)
    made = [*calls]
    calls.clear()
    return made


def _parts(section: str) -> dict[str, str]:
    parts = re.split(r"(?m)^\*\*(\w+)\.\*\*", section)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _arguments(hook: str) -> list[str]:
    return list(inspect.signature(getattr(specs, hook)).parameters)


def _signature(hook: str) -> str:
    return f"{hook}({', '.join(_arguments(hook))})"


def _source(parts: dict[str, dict[str, str]], last: str) -> str:
    """Return the plugin that the examples up to the one of `last` make."""
    hooks = HOOKS[: HOOKS.index(last) + 1]
    return "\n\n".join(fenced(parts[hook]["Example"], "python plugin")[0] for hook in hooks)


def _consequence(
    make_shop: MakeShop, plugin: ModuleType, hook: str, caplog: pytest.LogCaptureFixture
) -> tuple[str, str]:
    """Return what becomes of a plugin, of a submission to it or of a report of it, and in which words."""
    loaded = load_plugins(Admission(), {"switches": plugin}).get("switches")
    if loaded.state == "quarantined":
        return "quarantined", loaded.reason
    shop = make_shop({"switches": plugin})
    answer = shop.post("switches", {"serialnumber": "FOC1234X0AB", "model": "C9300-24T"})
    if hook == "get_reports":
        answer = shop.get("/api/reports/switches/ports")
    if answer.status_code in (200, 201):
        return "logged", caplog.records[-1].getMessage()
    return str(answer.status_code), answer.json["detail"]
