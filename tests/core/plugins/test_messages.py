"""The message for each fault of a plugin: where it is, what is wrong, and the next step.

Read the tables as someone who sees ShopDB for the first time: each message must say what to do next.
"""

import re
from collections.abc import Callable

import pytest

from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import PluginSelection

Install = Callable[..., None]

HEADER = """\
from shopdb_hookspecs import Parameter, Report, hookimpl

def sound(**changes):
    return {"identityfield": "serial", "fields": {"serial": {"type": "string"}}, **changes}

"""
"""The source of a test begins at line 6."""

COLLECTS = "\n@hookimpl\ndef get_collector_schema():\n    return sound()\n"

MODULES = {
    "raises at import": (
        'raise OSError("no such switch: sw-01")',
        "its import raised OSError: no such switch: sw-01 (shopdb_rack.py, line 6)",
    ),
    "ends the process": (
        'raise SystemExit("bye")',
        "its import raised SystemExit: bye (shopdb_rack.py, line 6)",
    ),
    "is not valid Python": (
        "def get_collector_schema(:",
        "its import raised SyntaxError: invalid syntax (shopdb_rack.py, line 6)",
    ),
    "lacks a library": (
        "import pysnmp_of_old",
        (
            "its import raised ModuleNotFoundError: No module named 'pysnmp_of_old' (shopdb_rack.py, line "
            "6): install it, and add it to the dependencies of shopdb_rack"
        ),
    ),
    "implements nothing": (
        "",
        (
            "it does not implement any hook: mark the functions of the module shopdb_rack with "
            "@shopdb_hookspecs.hookimpl"
        ),
    ),
    "forgets the marker": (
        "def get_collector_schema():\n    return sound()",
        (
            "its function get_collector_schema is not marked: put @shopdb_hookspecs.hookimpl above it "
            "(shopdb_rack.py, line 6)"
        ),
    ),
    "takes another project's marker": (
        "import pluggy\n@pluggy.HookimplMarker('pytest')\ndef get_collector_schema():\n    return sound()",
        (
            "its function get_collector_schema is not marked: put @shopdb_hookspecs.hookimpl above it "
            "(shopdb_rack.py, line 7)"
        ),
    ),
    "misspells a hook": (
        "@hookimpl\ndef get_colector_schema():\n    return sound()",
        (
            'it implements an unknown hook get_colector_schema; did you mean "get_collector_schema"? '
            "(shopdb_rack.py, line 6)"
        ),
    ),
    "invents a hook": (
        "@hookimpl\ndef zzz():\n    return sound()",
        (
            "it implements an unknown hook zzz; the hooks are asset_changed, get_asset_panels, "
            "get_collector_schema, get_example_submissions, get_migrations, get_reports, "
            "normalize_submission, remove_asset, store_asset, store_assets "
            "(shopdb_rack.py, line 6)"
        ),
    ),
    "misspells an argument": (
        "@hookimpl\ndef normalize_submission(submision):\n    return submision",
        (
            "its hook normalize_submission takes submision, an argument that ShopDB does not pass; it passes "
            'submission, plugin; did you mean "submission"? (shopdb_rack.py, line 6)'
        ),
    ),
    "asks for what is not given": (
        "@hookimpl\ndef get_reports(connection):\n    return []",
        (
            "its hook get_reports takes connection, an argument that ShopDB does not pass; this hook takes "
            "no arguments (shopdb_rack.py, line 6)"
        ),
    ),
    "is asynchronous": (
        "@hookimpl\nasync def get_collector_schema():\n    return sound()",
        (
            "its hook get_collector_schema is async: write a plain function, ShopDB calls hooks in threads "
            "(shopdb_rack.py, line 6)"
        ),
    ),
    "yields its answer": (
        "@hookimpl\ndef get_reports():\n    yield Report('tall', 'Tall', ['serial'], list)",
        (
            "its hook get_reports is a generator: return the result, or mark a wrapper with wrapper=True "
            "(shopdb_rack.py, line 6)"
        ),
    ),
    "wraps without yielding": (
        "@hookimpl(wrapper=True)\ndef get_collector_schema():\n    return sound()",
        (
            "its hook get_collector_schema is a wrapper that does not yield: `result = yield` calls the "
            "wrapped hook, `return result` returns its result (shopdb_rack.py, line 6)"
        ),
    ),
    "raises in a hook": (
        "@hookimpl\ndef get_collector_schema():\n    return wide()\n\ndef wide():\n    return {}['fields']",
        "get_collector_schema raised KeyError: 'fields' (shopdb_rack.py, line 11)",
    ),
    "ends the process in a hook": (
        COLLECTS + "\n@hookimpl\ndef get_reports():\n    raise SystemExit(3)",
        "get_reports raised SystemExit: 3 (shopdb_rack.py, line 13)",
    ),
    "gives one example": (
        COLLECTS + "\n@hookimpl\ndef get_example_submissions():\n    return {'serial': 'r1'}",
        "get_example_submissions did not return a list of dicts: return a list, even for one example",
    ),
    "gives an example that is not JSON": (
        COLLECTS + "\n@hookimpl\ndef get_example_submissions():\n    return [{'serial': {1}}]",
        (
            "get_example_submissions returned an example whose /serial is a Python set, which is not a JSON "
            "type: use dict, list, str, int, float, bool or None"
        ),
    ),
    "has no folder of migrations": (
        COLLECTS + "\n@hookimpl\ndef get_migrations():\n    return 'migrations'",
        (
            "get_migrations returned 'migrations', which is not an existing directory: return an absolute "
            "path, and include the directory in the wheel"
        ),
    ),
}

CLASSES = {
    "the class": (
        "class Rack:\n    @hookimpl\n    def get_reports(self):\n        return []\n\nplugin = Rack",
        "its entry point names the class Rack: name a module or an instance",
    ),
    "a method without self": (
        "class Rack:\n    @hookimpl\n    def get_reports():\n        return []\n\nplugin = Rack()",
        (
            "its hook get_reports is a method without self: add self as its first parameter "
            "(shopdb_rack.py, line 7)"
        ),
    ),
    "nothing": (
        "plugin = None",
        (
            "it does not implement any hook: mark the functions of its entry point's NoneType with "
            "@shopdb_hookspecs.hookimpl"
        ),
    ),
    "a missing attribute": (
        "",
        (
            "its entry point names shopdb_rack:plugin, but the attribute plugin does not exist: correct the "
            "entry point, or include the module in the wheel"
        ),
    ),
}

DECLARATIONS = {
    "[]": "/: must be an object, not an array",
    "{}": "/identityfield: is required, and missing (and 1 more)",
    "sound(identityfield='serail')": (
        '/identityfield: names "serail", which is not in fields; did you mean "serial"?'
    ),
    "sound(fields={'serial': {'type': 'integer'}})": (
        '/fields/serial: is the identityfield: set "type": "string"'
    ),
    "sound(fields={'serial': {'type': 'string', 'x-volatile': True}})": (
        "/fields/serial/x-volatile: is set on the identityfield, which must not change: remove x-volatile"
    ),
    "sound(secondaryidentity='serial')": (
        "/secondaryidentity: is the same field as identityfield: name another field"
    ),
    "sound(secondary='mac')": (
        '/secondary: "secondary" is not known here; did you mean "secondaryidentity"?'
    ),
    "sound(required=['height'])": '/required/0: names "height", which is not in fields',
    "sound(additionalfields='drop')": '/additionalfields: must be "warn" or "reject", not "drop"',
    "sound(fields={'serial': {'type': 'string'}, 'Height': {}})": (
        '/fields/Height: "Height" is not allowed as a name here (a field name: a lower-case letter, then '
        "lower-case letters, digits, underscores; 64 at most)"
    ),
    "sound(fields={'serial': {'type': 'string'}, 'height': {1: 2}})": (
        "/fields/height: has a key that is a Python int: use strings as keys"
    ),
}
"""A declaration, and the message after `get_collector_schema at `."""

FIELDS = {
    "True": ": must be an object, not true",
    "{'typ': 'string'}": '/typ: "typ" is not known here; did you mean "type"?',
    "{'type': 'int'}": (
        '/type: must be "array", "boolean", "integer", "null", "number", "object" or "string", not "int"'
    ),
    "{'contains': {}}": (
        "/contains: is a keyword of JSON Schema that declarations do not support: "
        "`shopdb plugin schema --declaration` prints the supported ones"
    ),
    "{'minimum': '1'}": '/minimum: must be a number, not "1"',
    "{'maximum': float('nan')}": (
        "/maximum: is not valid JSON: NaN and Infinity are not JSON numbers, leave the key out"
    ),
    "{'enum': {1, 2}}": (
        "/enum: is a Python set, which is not a JSON type: use dict, list, str, int, float, bool or None"
    ),
    "{'format': 'mac'}": (
        '/format: must be "date", "date-time", "email", "hostname", "ipv4", "ipv6", "time", "uri" or '
        '"uuid", not "mac"'
    ),
    "{'pattern': '([a-z]'}": (
        "/pattern: cannot be compiled (missing ), unterminated subpattern at position 0): correct the "
        "pattern, and put a backslash before a special character that is meant literally"
    ),
    "{'pattern': '^(?=a)b$'}": (
        "/pattern: uses look-around, which cannot be matched in linear time: describe only the "
        "text that may match"
    ),
    r"{'pattern': r'^([a-z]+)-\1$'}": (
        "/pattern: uses a back-reference, which cannot be matched in linear time: list the "
        "alternatives with |"
    ),
    "{'pattern': '^.{1,9999}$'}": (
        "/pattern: has a counted repetition that is too large to compile, or whose minimum exceeds its "
        "maximum: lower the count, or limit the length by maxLength"
    ),
    "{'$ref': 'https://example.org/height.json'}": (
        "/$ref: must match ^#/\\$defs/[A-Za-z0-9_.$~/-]+$ (a reference into the declaration's own $defs, as "
        '#/$defs/macaddress), not "https://example.org/height.json"'
    ),
    "{'$ref': '#/$defs/height'}": (
        "/$ref: #/$defs/height does not point to a subschema: add it to $defs, or correct the reference"
    ),
}
"""The schema of a field `height`, and the message after `get_collector_schema at /fields/height`."""

REPORTS = {
    "'tall'": "did not return a list of reports: return a list, even for one report",
    "[5]": "returned a list with an item that is not a Report: create each with shopdb_hookspecs.Report",
    "[Report('Tall racks', 'Tall', ['serial'], list)]": (
        "returned a report with the invalid name 'Tall racks': a name is a lower-case letter, then "
        "lower-case letters, digits, underscores; 40 at most"
    ),
    "[Report('tall', 'Tall', ['serial'], list)] * 2": (
        "returned two reports named tall: give each a name of its own"
    ),
    "[Report('tall', 'Tall', 'serial', list)]": (
        "returned the report tall, whose columns are not a list of strings: pass a list of column names"
    ),
    "[Report('tall', 'Tall', ['serial'], 'SELECT 1')]": (
        "returned the report tall, whose rows are not a function: pass a function that yields the rows"
    ),
    "[Report('tall', 'Tall', ['serial'], lambda: [])]": (
        "returned the report tall, whose rows cannot be called as rows(connection): too many positional "
        "arguments"
    ),
    "[Report('tall', 'Tall', ['serial'], lambda c: [], [Parameter('above', 'integer', '')])]": (
        "returned the report tall, whose rows cannot be called as rows(connection, above): got an unexpected "
        "keyword argument 'above'"
    ),
    "[Report('tall', 'Tall', ['serial'], list, ['above'])]": (
        "returned the report tall with a parameter that is not a Parameter: create each with "
        "shopdb_hookspecs.Parameter"
    ),
    "[Report('tall', 'Tall', ['serial'], list, [Parameter('limit', 'integer', '')])]": (
        "returned the report tall with a parameter named limit, which every report has for paging: choose "
        "another name"
    ),
    "[Report('tall', 'Tall', ['serial'], list, [Parameter('above', 'int', '')])]": (
        "returned the report tall, whose parameter above has the type 'int', which is not one of string, "
        "integer, number"
    ),
    "[Report('tall', 'Tall', ['serial'], list, attention='')]": (
        "returned the report tall, whose attention is not a sentence: pass a text, or leave it out"
    ),
    "[Report('tall', 'Tall', ['serial'], lambda c, above: [], "
    "[Parameter('above', 'integer', '', required=True)], attention='Racks that lean')]": (
        "returned the report tall, whose rows need attention, with the required parameter above: give it a "
        "default, since the overview counts the rows without arguments"
    ),
    "[Report('tall', 'Tall', ['serial', 'height'], list, category='rack', number='height')]": (
        "returned the report tall, whose category is 'rack', which is not one of its columns: serial, height"
    ),
    "[Report('tall', 'Tall', ['serial', 'height'], list, number='height')]": (
        "returned the report tall with one column for a chart: name category as well"
    ),
    "[Report('tall', 'Tall', ['serial', 'height'], list, category='height', number='height')]": (
        "returned the report tall, whose category and number are one column: name two"
    ),
}
"""What `get_reports` returns, and the message after `get_reports `."""

PANELS = {
    "'tall'": "did not return a list of panels: return a list, even for one panel",
    "[5]": "returned a list with an item that is not a Panel: create each with shopdb_hookspecs.Panel",
    "[Panel('Tall racks', 'Tall', FILE, dict)]": (
        "returned a panel with the invalid name 'Tall racks': a name is a lower-case letter, then lower-case "
        "letters, digits, underscores; 40 at most"
    ),
    "[Panel('tall', ' ', FILE, dict)]": (
        "returned the panel tall, whose title is empty: the title is its heading on the page"
    ),
    "[Panel('tall', 'Tall', 'tall.html', dict)]": (
        "returned the panel tall, whose template 'tall.html' is not a file: pass Path(__file__).parent / its "
        "name, and include the file in the wheel"
    ),
    "[Panel('tall', 'Tall', FILE.parent, dict)]": (
        "returned the panel tall, whose template 'FOLDER' is not a file: pass Path(__file__).parent / its "
        "name, and include the file in the wheel"
    ),
    "[Panel('tall', 'Tall', FILE, {})]": (
        "returned the panel tall, whose data is not a function: pass a function that returns a dict"
    ),
    "[Panel('tall', 'Tall', FILE, lambda: {})]": (
        "returned the panel tall, whose data cannot be called as data(attributes): too many positional "
        "arguments"
    ),
    "[Panel('tall', 'Tall', FILE, dict)] * 2": "returned two panels named tall: give each a name of its own",
}
"""What `get_asset_panels` returns, and the message after `get_asset_panels `."""


@pytest.fixture
def reason(install: Install) -> Callable[..., str]:
    """Return a function that installs a plugin and returns why it is quarantined."""

    def load(source: str, target: str = "shopdb_rack") -> str:
        install("shopdb_rack", HEADER + source, {"rack": target})
        plugin = load_plugins(PluginSelection(frozenset({"rack"}))).get("rack")
        assert plugin is not None
        assert plugin.state == "quarantined"
        return plugin.reason

    return load


@pytest.mark.parametrize(("source", "message"), MODULES.values(), ids=MODULES)
def test_a_faulty_module(reason: Callable[..., str], source: str, message: str) -> None:
    """The reason says what is wrong with the module, with file and line."""
    assert reason(source) == message


@pytest.mark.parametrize(("source", "message"), CLASSES.values(), ids=CLASSES)
def test_a_faulty_object(reason: Callable[..., str], source: str, message: str) -> None:
    """The reason says what is wrong with the object that the entry point names."""
    assert reason(source, "shopdb_rack:plugin") == message


def test_a_module_that_is_not_there(reason: Callable[..., str]) -> None:
    """The reason says that the module of the entry point does not exist."""
    assert reason("", "shopdb_racks") == (
        "its entry point names shopdb_racks, but the module shopdb_racks does not exist: correct the entry "
        "point, or include the module in the wheel"
    )


@pytest.mark.parametrize(("declaration", "message"), DECLARATIONS.items(), ids=DECLARATIONS)
def test_a_faulty_declaration(reason: Callable[..., str], declaration: str, message: str) -> None:
    """The reason gives the place in the declaration."""
    source = f"@hookimpl\ndef get_collector_schema():\n    return {declaration}\n"

    assert reason(source) == f"get_collector_schema at {message}"


@pytest.mark.parametrize(("field", "message"), FIELDS.items(), ids=FIELDS)
def test_a_faulty_field(reason: Callable[..., str], field: str, message: str) -> None:
    """The reason gives the place in the field's schema."""
    fields = f"{{'serial': {{'type': 'string'}}, 'height': {field}}}"
    source = f"@hookimpl\ndef get_collector_schema():\n    return sound(fields={fields})\n"

    assert reason(source) == f"get_collector_schema at /fields/height{message}"


@pytest.mark.parametrize(("reports", "message"), REPORTS.items(), ids=REPORTS)
def test_faulty_reports(reason: Callable[..., str], reports: str, message: str) -> None:
    """The reason names the report and what is wrong with it."""
    source = f"{COLLECTS}\n@hookimpl\ndef get_reports():\n    return {reports}\n"

    assert reason(source) == f"get_reports {message}"


@pytest.mark.parametrize(("panels", "message"), PANELS.items(), ids=PANELS)
def test_faulty_panels(reason: Callable[..., str], panels: str, message: str) -> None:
    """The reason names the panel and what is wrong with it."""
    before = "from pathlib import Path\nfrom shopdb_hookspecs import Panel\nFILE = Path(__file__)\n"
    source = f"{COLLECTS}\n{before}\n@hookimpl\ndef get_asset_panels():\n    return {panels}\n"

    shown = re.sub(r"template '/[^']*'", "template 'FOLDER'", reason(source))
    assert shown == f"get_asset_panels {message}"


@pytest.mark.parametrize(
    ("pattern", "reason_shown"), [("^(?!none)", "uses look-around"), (r"(a)\1", "uses a back-reference")]
)
def test_the_log_names_plugin_and_place(
    reason: Callable[..., str], caplog: pytest.LogCaptureFixture, pattern: str, reason_shown: str
) -> None:
    """A pattern that is refused is logged with plugin, distribution, place and reason."""
    fields = {"serial": {"type": "string"}, "tags": {"type": "string", "pattern": pattern}}

    reason(f"@hookimpl\ndef get_collector_schema():\n    return sound(fields={fields})\n")

    assert (
        "plugin rack (distribution shopdb_rack 1.0) is quarantined: "
        f"get_collector_schema at /fields/tags/pattern: {reason_shown}"
    ) in caplog.text
