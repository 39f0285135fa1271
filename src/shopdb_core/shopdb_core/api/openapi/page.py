"""`render` shows an OpenAPI document as one HTML page, without a script, and with nothing from elsewhere."""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape
from itertools import starmap

from shopdb_hookspecs import Json, JsonObject

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h2 { border-top: 1px solid #ccc; padding-top: 1rem; } h3 { font-family: monospace; }
nav { columns: 3 18rem; font-size: .9rem; } nav a { display: block; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem; }
tr { border-bottom: 1px solid #ddd; } code, pre { font-size: .9rem; overflow-wrap: anywhere; }
pre { background: #f4f4f4; padding: .6rem; overflow-x: auto; } .role { color: #666; font-size: .9rem; }
"""

_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Only the style of the page itself is applied; nothing is loaded, sent or framed."""

_REFERENCE = "#/components/schemas/"


def render(document: JsonObject) -> str:
    """Return the page of a document; every text in it is escaped."""
    info, shared = document["info"], document["components"]
    operations = [
        (method, address, operation)
        for address, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    parts = [
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])}</p>",
        f"<nav>{''.join(_link(*each) for each in operations)}</nav>",
        *(_operation(*each, shared["responses"]) for each in operations),
        "<h2>Schemas</h2>",
        *(_schema(name, schema) for name, schema in shared["schemas"].items()),
    ]
    head = f"<meta charset=utf-8><title>{escape(info['title'])} API</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>"


def _link(method: str, address: str, operation: JsonObject) -> str:
    return f'<a href="#{escape(operation["operationId"])}">{method.upper()} {escape(address)}</a>'


def _operation(method: str, address: str, operation: JsonObject, shared: JsonObject) -> str:
    """Return one operation; `shared` are the answers that it may refer to."""
    answers = {
        status: shared[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
        for status, answer in operation["responses"].items()
    }
    deprecated = "Deprecated. " if operation.get("deprecated") else ""
    parts = [
        f'<h2 id="{escape(operation["operationId"])}">{escape(operation["summary"])}</h2>',
        f"<h3>{method.upper()} {escape(address)}</h3>",
        f"<p class=role>{deprecated}Needs: {escape(operation['x-role'])}</p>",
        f"<p>{escape(operation.get('description', ''))}</p>",
        _table(("parameter", "in", "rule", "schema"), map(_parameter, operation["parameters"])),
        *_bodies(operation.get("requestBody", {}).get("content", {})),
        _table(("status", "answer", "body"), starmap(_answer, answers.items())),
    ]
    return "".join(parts)


def _parameter(parameter: JsonObject) -> tuple[str, ...]:
    required = "Required. " if parameter["required"] else ""
    rule = required + parameter.get("description", "")
    return (
        f"<code>{escape(parameter['name'])}</code>",
        parameter["in"],
        escape(rule),
        _inline(parameter["schema"]),
    )


def _bodies(content: JsonObject) -> Iterator[str]:
    for mediatype, media in content.items():
        yield f"<p>Body: {escape(mediatype)}, {_inline(media['schema'])}</p>"
        for example in media.get("examples", {}).values():
            yield f"<pre>{escape(json.dumps(example['value'], indent=2, ensure_ascii=False))}</pre>"


def _answer(status: str, answer: JsonObject) -> tuple[str, ...]:
    content = answer.get("content", {})
    bodies = (f"{escape(mediatype)}: {_inline(media['schema'])}" for mediatype, media in content.items())
    return status, escape(answer["description"]), "<br>".join(bodies)


def _schema(name: str, schema: JsonObject) -> str:
    required = schema.get("required", ())
    rows = (
        (
            f"<code>{escape(field)}</code>",
            "required" if field in required else "",
            _inline(rules),
            escape(rules.get("description", "")),
        )
        for field, rules in schema["properties"].items()
    )
    heading = f'<h3 id="{_REFERENCE[2:]}{escape(name)}">{escape(name)}</h3>'
    return heading + _table(("field", "", "schema", "meaning"), rows)


def _inline(schema: Json) -> str:
    """Return a schema in one line, without what stands beside it; a reference is a link."""
    if isinstance(schema, dict) and "$ref" in schema:
        name = escape(schema["$ref"].removeprefix(_REFERENCE))
        return f'<a href="{escape(schema["$ref"])}">{name}</a>'
    shown = {key: value for key, value in schema.items() if key not in ("title", "description")}
    return f"<code>{escape(json.dumps(shown, ensure_ascii=False))}</code>"


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table of cells that are HTML already, nothing if there is no row."""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    return f"<table><tr>{head}</tr>{body}</table>" if body else ""
