"""Whether declarations and the endpoint behave as docs/plugin-schemas.md describes."""

import ast
import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from documents import code, fenced, sections, table

from shopdb_core.declarations.formats import format_checks
from shopdb_core.declarations.patterns import pattern_fault

SUBMITTED = "| submitted | stored | answer |"
SENT = "| sent | stored | answer |"
BODY = "| body | stored | answer |"
EXAMPLES = 5

MakeShop = Callable[..., Any]


@pytest.fixture
def text(docs: Path) -> str:
    """The document."""
    return (docs / "plugin-schemas.md").read_text(encoding="utf-8")


@pytest.fixture
def dirty(text: str) -> dict[str, str]:
    """The tables of dirty input, by their headings."""
    return sections(sections(text, 2)["Dirty input"], 3)


@pytest.fixture
def shop(text: str, make_shop: MakeShop) -> Any:
    """A site in Germany with the collector that dirty input is sent to."""
    plugin = _plugin(sections(text, 2)["Dirty input"])
    return make_shop({"plugin": plugin}, timezone=ZoneInfo("Europe/Berlin"))


def test_every_keyword_of_a_declaration_is_documented(text):
    """The table of keywords has exactly those of the meta-schema of declarations."""
    source = files("shopdb_core.declarations").joinpath("declaration.schema.json").read_text()
    vocabulary = json.loads(source)["$defs"]["keywords"]["properties"]

    documented = {keyword for row in table(text, "| | |") for keyword in code(row[1])}

    assert documented - {"$defs"} == vocabulary.keys() | set(vocabulary["format"]["enum"])


def test_every_key_of_a_declaration_is_documented(text):
    """The section names each, and so does the contract."""
    source = files("shopdb_core.declarations").joinpath("declaration.schema.json").read_text()
    keys = json.loads(source)["properties"].keys()

    assert keys <= set(code(sections(text, 2)["The declaration"].replace("\n", " ")))


def test_every_format_accepts_what_is_documented(text):
    """The table has every format; what it takes and does not take is so."""
    checks = format_checks()
    rows = table(text, "| format | accepts | refuses |")

    assert {code(name)[0] for name, _, _ in rows} == checks.keys()
    for name, takes, refuses in rows:
        check = checks[code(name)[0]]
        assert [value for value in code(takes) if not check(value)] == [], name
        assert [value for value in code(refuses) if check(value)] == [], name


def test_the_reasons_of_patterns_are_as_documented(text):
    """The reason begins as in the document; a dash means that the pattern is accepted."""
    for cell, shown in table(text, "| pattern | reason |"):
        reason = pattern_fault(code(cell)[0])
        assert reason.startswith(shown) if shown != "-" else reason == "", cell


def test_the_examples_answer_as_documented(text, make_shop):
    """Each is a plugin; its submissions, one after the other, are stored and answered as the table says."""
    examples = sections(sections(text, 2)["Five worked examples"], 3)

    assert len(examples) == EXAMPLES
    for title, example in examples.items():
        shop = make_shop({"plugin": _plugin(example)})
        rows = table(example, SUBMITTED)
        assert [_row(shop, row, code(row[0])[0].encode()) for row in rows] == rows, title


def test_dirty_values_are_taken_as_documented(shop, dirty):
    """Each is stored and answered, or refused, as the table says."""
    rows = table(dirty["Values"], SENT)

    assert [_row(shop, row, body) for row, body in zip(rows, _with_hostname(rows), strict=True)] == rows


def test_dirty_bytes_are_taken_as_documented(shop, dirty):
    """The same for bodies, each with an identity of its own."""
    rows = table(dirty["Bytes"], BODY)
    bodies = [
        _evaluated(code(row[0])[0].replace("PC-1", f"PC-{chr(ord('A') + n)}")) for n, row in enumerate(rows)
    ]

    assert [_row(shop, row, body) for row, body in zip(rows, bodies, strict=True)] == rows


def test_lenient_leaves_out_what_is_documented(shop, dirty):
    """The same with the preference."""
    rows = table(dirty["Lenient"], SENT)
    lenient = {"Prefer": "handling=lenient"}

    assert [
        _row(shop, row, body, lenient) for row, body in zip(rows, _with_hostname(rows), strict=True)
    ] == rows


def _plugin(section: str) -> ModuleType:
    """Return the first module of a section."""
    module = ModuleType("plugin")
    exec(fenced(section, "python plugin")[0], module.__dict__)
    return module


def _with_hostname(rows: list[list[str]]) -> list[bytes]:
    """Put an identity of its own into each object; the text behind it stays as it is shown."""
    return [f'{{"hostname": "PC-{n}", {code(row[0])[0][1:]}'.encode() for n, row in enumerate(rows)]


def _evaluated(expression: str) -> bytes:
    body = eval(compile(ast.parse(expression, mode="eval"), "body", "eval"), {"__builtins__": {}})
    assert isinstance(body, bytes)
    return body


def _row(shop: Any, row: list[str], body: bytes, headers: Mapping[str, str] | None = None) -> list[str]:
    """Submit, and return the row that describes the outcome: equal to the given one if that is correct."""
    headers = {
        "X-API-Key": shop.settings.shared_keys[0],
        "Content-Type": "application/json",
        **(headers or {}),
    }
    answer = shop.client.simulate_post("/api/collector/plugin", body=body, headers=headers)
    if answer.status_code not in (200, 201):
        return [row[0], "-", _cell(str(answer.status_code), _faults(answer.json))]
    stored = shop.get(f"/api/assets/{answer.json['assetid']}").json["attributes"]
    if "hostname" not in row[1]:
        stored.pop("hostname", None)
    same = row[1] != "-" and json.loads(code(row[1])[0]) == stored
    return [
        row[0],
        row[1] if same else json.dumps(stored),
        _cell(answer.json["action"], answer.json["warnings"]),
    ]


def _faults(problem: Mapping[str, Any]) -> list[str]:
    faults = problem.get("errors", ())
    return [f"{fault['pointer']} {fault['message']}" for fault in faults] or [problem["detail"]]


def _cell(what: str, sentences: list[str]) -> str:
    spelt = [f"`` {sentence} ``" if "`" in sentence else f"`{sentence}`" for sentence in sentences]
    return f"{what}: {', '.join(spelt)}" if spelt else what
