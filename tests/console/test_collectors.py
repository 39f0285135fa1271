"""The pages about collectors: what each accepts, snippets that run, and a trial that stores nothing."""

import ast
import json
import os
import re
import subprocess
import sys
from html import unescape
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people import add_user, cookie, login
from shops import KEY

from shopdb_core.console.collectors.contract import contract_rows
from shopdb_core.console.collectors.marking import LONGEST, MarkedText
from shopdb_core.console.collectors.snippets import snippets
from shopdb_core.json_text import pointer
from shopdb_core.plugins.served_declarations import BreakingChanges
from shopdb_core.settings import PluginSelection
from shopdb_hookspecs import hookimpl

FORM = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}
FAULTY = """{
  "hostname": "PC-1",
  "memorygb": "much",
  "installedsoftware": [
    {"name": "tar", "version": "1"},
    {"version": "<b>3</b>"}
  ]
}"""


class Doors:
    """A plugin whose declaration has a bit of everything."""

    def __init__(self, **more):
        self.declaration = {
            "identityfield": "number",
            "required": ["building"],
            "additionalfields": "reject",
            "fields": {
                "number": {"type": "string", "title": "Number", "maxLength": 20, "pattern": "^[0-9]+$"},
                "building": {"$ref": "#/$defs/building", "description": "Where it is."},
                "weight": {"type": ["number", "null"], "minimum": 0, "x-unit": "kg", "deprecated": True},
                "seenat": {"type": "string", "format": "date-time", "x-volatile": True},
                "address": {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
                "words": {"type": "array", "items": {"enum": list("abcdefghijk")}, "uniqueItems": True},
                "locks": {"type": "array", "maxItems": 9, "items": {"$ref": "#/$defs/lock"}},
                "anything": {},
            },
            "$defs": {
                "building": {"type": "string", "enum": ["A", "B"]},
                "lock": {
                    "type": "object",
                    "required": ["kind"],
                    "additionalProperties": False,
                    "properties": {
                        "kind": {"type": "string", "not": {"title": "an old one", "const": "old"}},
                        "inner": {"$ref": "#/$defs/lock"},
                    },
                },
            },
            **more,
        }

    @hookimpl
    def get_collector_schema(self):
        return self.declaration


def browser(shop, role):
    """Return the headers of a browser in which a user with this role is signed in."""
    add_user(shop, role, role)
    return {**FORM, **cookie(login(shop, role, cookies=True))}


@pytest.fixture
def shop(make_shop):
    return make_shop()


@pytest.fixture
def read(shop):
    """Return a function that opens a page as an editor, and returns its text; it fails on another status."""
    headers = browser(shop, "editor")

    def opened(path, status=200, **fields):
        if fields:
            token = re.search('name="csrftoken" value="([^"]+)"', opened(path))
            body = urlencode({"csrftoken": token[1], **fields})
            answer = shop.client.simulate_post(path, headers=headers, body=body)
        else:
            answer = shop.client.simulate_get(path, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.text

    return opened


def test_the_list(make_shop):
    """With the state, the version, the last submission, sources, and what the newest release breaks."""
    doors = Doors()
    doors.declaration = {"identityfield": "number"}
    plugins = {"doors": doors, "gates": Doors(), "racks": Doors()}
    blocked = PluginSelection(blocked=frozenset({"racks"}))
    shop = make_shop(plugins, plugin_selection=blocked)
    shop.broken = {"gates": BreakingChanges("0.9", None, ("/fields/<b>: was removed",))}
    shop.post("gates", {"number": "1", "building": "A"})
    shop.recorder.write()
    headers = browser(shop, "viewer")

    def opened(path):
        return shop.client.simulate_get(path, headers=headers).text

    page = opened("/collectors")
    rows = [re.sub(r"<[^>]+>|\s+", " ", row) for row in page.split("<tr>")[2:]]

    assert [re.findall(r"doors|gates|racks|active|quarantined|blocked", row)[:2] for row in rows] == [
        ["doors", "quarantined"],
        ["gates", "active"],
        ["racks", "blocked"],
    ]
    assert "get_collector_schema at /" in rows[0]
    assert "breaking changes" in rows[1]
    assert "key without a name" in rows[1]
    assert "SHOPDB_BLOCKED_PLUGINS" in opened("/collectors/racks")
    assert "answered with 503" in opened("/collectors/doors")
    assert "<li>/fields/&lt;b&gt;: was removed</li>" in opened("/collectors/gates")


def test_snippets_have_the_address_of_the_request(shop):
    """What is kept of a page for the next one has no address of another request."""
    add_user(shop, "ann", "viewer")
    headers = {"Accept": "text/html", **cookie(login(shop, "ann", cookies=True))}

    def page(host):
        return shop.client.simulate_get("/collectors/computers", headers=headers, host=host).text

    assert "http://first.example/api/collector/computers" in page("first.example")
    assert "http://second.example/api/collector/computers" in page("second.example")
    assert "/api/collector/printers" not in page("first.example")


def test_an_unknown_collector(read):
    """Whatever its name, the page says where the others are."""
    for name in ("nothing", "x" * 500, "%3Cb%3E"):
        assert "There is no collector named" in unescape(read(f"/collectors/{name}", 404))


def test_the_contract_in_words():
    """Every field and every member with its type and rules; a declaration that refers to itself ends."""
    rows = {"/".join(row.path): row for row in contract_rows(Doors().declaration)}

    def said(words):
        return [" ".join([each.text % each.values, *each.codes]) for each in words]

    assert list(rows)[:9] == [
        *("number", "building", "weight", "seenat", "address", "words", "locks"),
        *("locks/kind", "locks/inner"),
    ]
    assert max(path.count("/") for path in rows) == 3
    assert [path for path, row in rows.items() if row.required][:3] == ["number", "building", "locks/kind"]
    assert (rows["seenat"].volatile, rows["weight"].deprecated, rows["weight"].unit) == (True, True, "kg")
    assert said(rows["number"].rules) == ["length: at most 20", "matches the pattern ^[0-9]+$"]
    assert said(rows["building"].rules) == ["one of A B"]
    assert rows["building"].description == "Where it is."
    assert said(rows["weight"].types + rows["weight"].rules) == ["number", "at least 0"]
    assert said(rows["seenat"].types) == ["date and time"]
    assert said(rows["address"].types) == ["IPv4 address", "IPv6 address"]
    assert said(rows["words"].rules) == [
        *("no item twice", "for each item:", "one of 11 values, such as a b c d e f g h"),
    ]
    assert said(rows["locks"].types) == ["list of objects"]
    assert said(rows["locks"].rules) == ["items: at most 9", "no other members"]
    assert said(rows["locks/kind"].rules) == ["must not be: an old one"]
    assert said(rows["anything"].types + rows["anything"].rules) == []


def test_a_page_of_every_declaration(make_shop):
    """Of one without examples and titles, too; a viewer has no box, and may not post."""
    shop = make_shop({"doors": Doors()})
    headers = browser(shop, "viewer")
    page = shop.client.simulate_get("/collectors/doors", headers=headers).text
    token = re.search('name="csrftoken" value="([^"]+)"', page)[1]
    refused = shop.client.simulate_post(
        "/collectors/doors", headers={**headers, "X-CSRF-Token": token}, body="submission=%7B%7D"
    )

    assert "The plugin has no examples." in page
    assert "A submission with any other field is refused." in page
    assert "Editors can try a submission here." in page
    assert "<textarea" not in page
    assert refused.status_code == 403
    assert "role" in refused.text


def test_faults_are_marked_where_they_are(read, shop):
    """With their lines; what was typed stays, and nothing of it becomes a part of the page."""
    page = read("/collectors/computers", submission=FAULTY)

    assert re.findall(r'line-number">(\d+)</span> ([^\n]*<mark>.*?)\n', page) == [
        ("3", "  &#34;memorygb&#34;: <mark>&#34;much&#34;</mark>,"),
        ("6", "    <mark>{</mark>&#34;version&#34;: &#34;&lt;b&gt;3&lt;/b&gt;&#34;}"),
    ]
    assert "<code>/memorygb</code>" in page
    assert "<b>" not in page
    assert unescape(re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)[1]) == FAULTY
    assert shop.count("asset") == shop.count("auditentry") == 0


def test_a_trial_says_what_would_change(read, shop):
    """Of a new asset, of a known one, of one that stays; and nothing is stored."""
    first = {
        "hostname": "PC-1",
        "osname": "Debian 12",
        "installedsoftware": [{"name": "tar", "version": "1"}],
    }
    created = read("/collectors/computers", submission=json.dumps(first))
    shop.submit("computers", first)
    second = {**first, "osname": "Debian 13", "installedsoftware": [{"name": "tar", "version": "2"}]}
    updated = read("/collectors/computers", submission=json.dumps(second))
    unchanged = read("/collectors/computers", submission=json.dumps(first))

    assert "would create the asset PC-1" in created
    assert "would change the asset PC-1" in updated
    assert re.findall(r"<bdi>([^<]*)</bdi></th><td><bdi>(.*?)</bdi></td><td><bdi>(.*?)</bdi>", updated) == [
        ("installedsoftware / tar / version", "1", "2"),
        ("osname", "Debian 12", "Debian 13"),
    ]
    assert "would change nothing of the asset PC-1" in unchanged
    assert shop.count("auditentry") == 1
    shop.recorder.write()
    assert shop.count("refusal") == 0


def test_warnings_and_leniency(read):
    """What was mended is said; what does not fit is left out if that is wanted."""
    typed = '\ufeff{"hostname": "PC-1", "memorygb": "much", "color": "grey"}'

    refused = read("/collectors/computers", submission=typed)
    accepted = read("/collectors/computers", submission=typed, lenient="true")

    assert "<mark>&#34;much&#34;</mark>" in refused
    assert "would create the asset PC-1" in accepted
    assert "memorygb" in re.search(r"<h3>Warnings</h3>.*?</ul>", accepted, re.DOTALL)[0]


@pytest.mark.parametrize(
    ("typed", "expected", "marked"),
    [
        ('{"hostname": "PC-1",}', "The body is not JSON", "}"),
        ("", "The body is not JSON", None),
        ("[1]", "not an object", None),
        ('{"hostname": "a", "hostname": "b"}', "duplicate key", None),
        ("{}", "/hostname is required", None),
        ('{"hostname": "a' + "b" * 70_000 + '"}', "/hostname", '"a' + "b" * (LONGEST - 2) + "…"),
        ('{"hostname": ' + "9" * 5_000 + "}", "/hostname", "9" * LONGEST + "…"),
    ],
)
def test_texts_that_are_no_submission(read, typed, expected, marked):
    """The place is marked where there is one."""
    page = unescape(read("/collectors/computers", submission=typed))

    assert expected in page
    assert re.findall("<mark>(.*?)</mark>", page) == [marked] * (marked is not None)


def test_a_text_beyond_the_limit_is_an_error(make_shop):
    """The form has a limit of its own, which is that of submissions."""
    shop = make_shop(max_body_bytes=100_000)
    headers = browser(shop, "editor")

    answer = shop.client.simulate_post(
        "/collectors/computers", headers=headers, body=urlencode({"submission": "a" * 100_001})
    )

    assert answer.status_code == 413
    assert "That was too much at once" in answer.text


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


def places(value, path=()):
    """Yield the path of every value inside a value, with the value."""
    yield path, value
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield from places(member, (*path, key))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(document=st.dictionaries(st.text(max_size=3), values, min_size=1, max_size=3), data=st.data())
def test_every_value_is_found_in_every_layout(document, data):
    """The text that is marked is that of the value, up to the end of its line."""
    text = json.dumps(document, indent=data.draw(st.sampled_from([None, 1])), ensure_ascii=False)
    path, value = data.draw(st.sampled_from([*places(document)]))
    found = MarkedText(text, [pointer(path)]).excerpt(pointer(path))

    (marked,) = [line.marked for line in found if line.marked]
    written = json.dumps(value, ensure_ascii=False)
    assert marked.startswith(("{", "[") if isinstance(value, (dict, list)) else written[:LONGEST])


def test_excerpts_of_long_lines_and_of_what_is_missing():
    """A line is cut around its mark; what an object lacks is marked at its beginning."""
    line = '{"a": "' + "x" * 500 + '", "b": {"c": 1}, "d": "' + "y" * 500 + '"}'
    marked = MarkedText(line, ["/b/missing", "/b", "/nothing"])

    (missing,) = marked.excerpt("/b/missing")
    (whole,) = marked.excerpt("/b")
    assert (missing.marked, whole.marked) == ("{", '{"c": 1}')
    assert len(missing.before) == len(missing.after) == LONGEST + 1
    assert marked.excerpt("/nothing") == ()


@pytest.mark.parametrize("url", ["https://shopdb.example/api/collector/a", "http://x'\"$(id)`id`\\/api"])
def test_snippets_quote_the_address(url):
    """Each in the way of its language, so that what a client sent as its host runs nowhere."""
    curl, powershell, python = snippets(url, {"name": "Bürö"})

    words = subprocess.run(
        ["bash", "-c", f"curl() {{ printf '%s\\n' \"${{@: -1}}\"; }}\n{curl.text}"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert words.stdout == f"{url}\n"
    assert "-Uri '" + url.replace("'", "''") + "' `" in powershell.text
    assert powershell.text.isascii()
    assert url in [node.value for node in ast.walk(ast.parse(python.text)) if isinstance(node, ast.Constant)]


def test_what_is_shown_runs(console):
    """The snippets submit their example; a person copies one, and tries a submission; axe finds nothing."""
    shop = console.shop
    visitor = console.visit("editor")
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open("/collectors/computers")
    assert visitor.axe() == []
    example = json.loads(page.locator("#examples pre").first.text_content())
    shown = {
        name: page.locator(f"#snippet-{name}").text_content() for name in ("curl", "powershell", "python")
    }

    answers = [
        subprocess.run(
            program,
            input=shown[name],
            env={**os.environ, "SHOPDB_KEY": KEY},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name, program in {"curl": ["bash"], "python": [sys.executable, "-"]}.items()
    ]

    assert [json.loads(answer)["action"] for answer in answers] == ["created", "noop"]
    assert json.loads(re.search(r"@'\n(.*)\n'@\n", shown["powershell"], re.DOTALL)[1]) == example

    page.locator(".copyable", has=page.locator("#snippet-curl")).get_by_role("button").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == shown["curl"]

    page.get_by_label("One JSON object").fill(FAULTY)
    page.get_by_role("button", name="Try it").click()
    page.locator("mark").first.wait_for()
    assert page.locator("mark").all_inner_texts() == ['"much"', "{"]
    assert visitor.axe() == []
    assert visitor.complaints == []
    assert shop.count("asset") == 1
