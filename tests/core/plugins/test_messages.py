"""What the author of a faulty plugin reads, fault by fault: where it is, what is wrong, how to mend it.

Read the tables as someone who sees ShopDB for the first time: a message that does not say at once what to do
next is not good enough.
"""

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
"""What follows it begins at line 6."""

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
    "is no Python": (
        "def get_collector_schema(:",
        "its import raised SyntaxError: invalid syntax (shopdb_rack.py, line 6)",
    ),
    "lacks a library": (
        "import pysnmp_of_old",
        (
            "its import raised ModuleNotFoundError: No module named 'pysnmp_of_old' "
            "(shopdb_rack.py, line 6): "
            "install it, and name it among the dependencies of shopdb_rack"
        ),
    ),
    "implements nothing": (
        "",
        "it implements no hook: mark the functions of the module shopdb_rack with @shopdb_hookspecs.hookimpl",
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
            "it implements an unknown hook zzz; the hooks are asset_changed, get_collector_schema, "
            "get_example_submissions, get_migrations, get_reports, normalize_submission, store_asset "
            "(shopdb_rack.py, line 6)"
        ),
    ),
    "misspells an argument": (
        "@hookimpl\ndef normalize_submission(submision):\n    return submision",
        (
            "its hook normalize_submission takes submision, an argument that ShopDB does not give; it gives "
            'submission, plugin; did you mean "submission"? (shopdb_rack.py, line 6)'
        ),
    ),
    "asks for what is not given": (
        "@hookimpl\ndef get_reports(connection):\n    return []",
        (
            "its hook get_reports takes connection, an argument that ShopDB does not give; it gives "
            "none to this "
            "one (shopdb_rack.py, line 6)"
        ),
    ),
    "is asynchronous": (
        "@hookimpl\nasync def get_collector_schema():\n    return sound()",
        (
            "its hook get_collector_schema is async: write it as a plain function, each is asked in a thread "
            "(shopdb_rack.py, line 6)"
        ),
    ),
    "yields its answer": (
        "@hookimpl\ndef get_reports():\n    yield Report('tall', 'Tall', ['serial'], list)",
        (
            "its hook get_reports yields: return the answer, or mark a wrapper with wrapper=True "
            "(shopdb_rack.py, line 6)"
        ),
    ),
    "wraps without yielding": (
        "@hookimpl(wrapper=True)\ndef get_collector_schema():\n    return sound()",
        (
            "its hook get_collector_schema is a wrapper that does not yield: `answer = yield` asks "
            "the others, "
            "`return answer` passes it on (shopdb_rack.py, line 6)"
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
        "get_example_submissions returned something that is no list of dicts: return a list, be it of one",
    ),
    "gives an example that is no JSON": (
        COLLECTS + "\n@hookimpl\ndef get_example_submissions():\n    return [{'serial': {1}}]",
        (
            "get_example_submissions returned an example whose /serial is a Python set, which JSON does not "
            "have: use dict, list, str or a number"
        ),
    ),
    "has no folder of migrations": (
        COLLECTS + "\n@hookimpl\ndef get_migrations():\n    return 'migrations'",
        (
            "get_migrations returned no directory that exists: 'migrations'; give an absolute path, "
            "and pack the "
            "directory into the wheel"
        ),
    ),
}

CLASSES = {
    "the class": (
        "class Rack:\n    @hookimpl\n    def get_reports(self):\n        return []\n\nplugin = Rack",
        "its entry point names the class Rack; name a module or an instance",
    ),
    "a method without self": (
        "class Rack:\n    @hookimpl\n    def get_reports():\n        return []\n\nplugin = Rack()",
        "its hook get_reports takes no self: add it, as to any method (shopdb_rack.py, line 7)",
    ),
    "nothing": (
        "plugin = None",
        (
            "it implements no hook: mark the functions of its entry point's NoneType with "
            "@shopdb_hookspecs.hookimpl"
        ),
    ),
    "a missing attribute": (
        "",
        (
            "its entry point names shopdb_rack:plugin, and there is no attribute plugin: correct "
            "it, or pack the "
            "module"
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
        '/fields/serial: is the identityfield: give it "type": "string"'
    ),
    "sound(fields={'serial': {'type': 'string', 'x-volatile': True}})": (
        "/fields/serial/x-volatile: marks the identityfield, which must not change: remove it"
    ),
    "sound(secondaryidentity='serial')": (
        "/secondaryidentity: is the identity field itself: name another field"
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
        "/fields/height: has a name that is a Python int: names are strings in JSON"
    ),
}
"""A declaration, and what is said of it behind `get_collector_schema at `."""

FIELDS = {
    "True": ": must be an object, not true",
    "{'typ': 'string'}": '/typ: "typ" is not known here; did you mean "type"?',
    "{'type': 'int'}": (
        '/type: must be "array", "boolean", "integer", "null", "number", "object" or "string", not "int"'
    ),
    "{'minimum': '1'}": '/minimum: must be a number, not "1"',
    "{'maximum': float('nan')}": (
        "/maximum: cannot be written as JSON: NaN and Infinity are not numbers of JSON"
    ),
    "{'enum': {1, 2}}": ("/enum: is a Python set, which JSON does not have: use dict, list, str or a number"),
    "{'format': 'mac'}": (
        '/format: must be "date", "date-time", "email", "hostname", "ipv4", "ipv6", "time", "uri" or '
        '"uuid", not "mac"'
    ),
    "{'pattern': '([a-z]'}": (
        "/pattern: cannot be compiled (missing ), unterminated subpattern at position 0): put a backslash "
        "before a character that stands for itself"
    ),
    "{'pattern': '^(?=a)b$'}": (
        "/pattern: uses look-around, which cannot be matched in linear time: write what may be there instead"
    ),
    r"{'pattern': r'^([a-z]+)-\1$'}": (
        "/pattern: uses a back-reference, which cannot be matched in linear time: write the alternatives out"
    ),
    "{'pattern': '^.{1,9999}$'}": (
        "/pattern: has a counted repetition that is too large to compile, or that runs from more to less: "
        "lower it, or bound the length by maxLength"
    ),
    "{'$ref': 'https://example.org/height.json'}": (
        "/$ref: must match ^#/\\$defs/[A-Za-z0-9_.$~/-]+$ (a reference into the declaration's own $defs, as "
        '#/$defs/macaddress), not "https://example.org/height.json"'
    ),
    "{'$ref': '#/$defs/height'}": (
        "/$ref: #/$defs/height leads to no subschema: add it to $defs or correct the reference"
    ),
}
"""The schema of a field `height`, and what is said of it behind `get_collector_schema at /fields/height`."""

REPORTS = {
    "'tall'": "returned something that is no list of reports: return a list, be it of one",
    "[5]": ("returned something that is no Report among its reports: make each with shopdb_hookspecs.Report"),
    "[Report('Tall racks', 'Tall', ['serial'], list)]": (
        "returned a report with an unusable name: 'Tall racks'; a name is a lower-case letter, then "
        "lower-case letters, digits, underscores; 40 at most"
    ),
    "[Report('tall', 'Tall', ['serial'], list)] * 2": (
        "returned two reports named tall: give each a name of its own"
    ),
    "[Report('tall', 'Tall', 'serial', list)]": (
        "returned the report tall, whose columns are no list of names: give a list of strings"
    ),
    "[Report('tall', 'Tall', ['serial'], 'SELECT 1')]": (
        "returned the report tall, whose rows are no function: give one that yields them"
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
        "returned something that is no Parameter among a report's parameters: use shopdb_hookspecs.Parameter"
    ),
    "[Report('tall', 'Tall', ['serial'], list, [Parameter('limit', 'integer', '')])]": (
        "returned a parameter named limit, which every report has for its pages: name it otherwise"
    ),
    "[Report('tall', 'Tall', ['serial'], list, [Parameter('above', 'int', '')])]": (
        "returned the parameter above, whose type 'int' is none of string, integer, number"
    ),
}
"""What `get_reports` returns, and what is said of it."""


@pytest.fixture
def reason(install: Install) -> Callable[..., str]:
    """Return a function that installs a plugin and tells why it does not serve."""

    def load(source: str, target: str = "shopdb_rack") -> str:
        install("shopdb_rack", HEADER + source, {"rack": target})
        plugin = load_plugins(PluginSelection(frozenset({"rack"}))).get("rack")
        assert plugin is not None
        assert plugin.state == "quarantined"
        return plugin.reason

    return load


@pytest.mark.parametrize(("source", "message"), MODULES.values(), ids=MODULES)
def test_a_faulty_module(reason: Callable[..., str], source: str, message: str) -> None:
    """An author is told what is wrong with the module, with file and line."""
    assert reason(source) == message


@pytest.mark.parametrize(("source", "message"), CLASSES.values(), ids=CLASSES)
def test_a_faulty_object(reason: Callable[..., str], source: str, message: str) -> None:
    """An author is told what is wrong with the object that the entry point names."""
    assert reason(source, "shopdb_rack:plugin") == message


def test_a_module_that_is_not_there(reason: Callable[..., str]) -> None:
    """An author is told when the entry point and the wheel disagree."""
    assert reason("", "shopdb_racks") == (
        "its entry point names shopdb_racks, and there is no module shopdb_racks: correct it, or pack the "
        "module"
    )


@pytest.mark.parametrize(("declaration", "message"), DECLARATIONS.items(), ids=DECLARATIONS)
def test_a_faulty_declaration(reason: Callable[..., str], declaration: str, message: str) -> None:
    """An author is told the place in the declaration."""
    source = f"@hookimpl\ndef get_collector_schema():\n    return {declaration}\n"

    assert reason(source) == f"get_collector_schema at {message}"


@pytest.mark.parametrize(("field", "message"), FIELDS.items(), ids=FIELDS)
def test_a_faulty_field(reason: Callable[..., str], field: str, message: str) -> None:
    """An author is told the place in the field's schema."""
    fields = f"{{'serial': {{'type': 'string'}}, 'height': {field}}}"
    source = f"@hookimpl\ndef get_collector_schema():\n    return sound(fields={fields})\n"

    assert reason(source) == f"get_collector_schema at /fields/height{message}"


@pytest.mark.parametrize(("reports", "message"), REPORTS.items(), ids=REPORTS)
def test_faulty_reports(reason: Callable[..., str], reports: str, message: str) -> None:
    """An author is told which report it is, and what of it."""
    source = f"{COLLECTS}\n@hookimpl\ndef get_reports():\n    return {reports}\n"

    assert reason(source) == f"get_reports {message}"


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
