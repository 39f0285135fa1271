"""Odd values in every query and path parameter of every address: refused, and never a failure of the server.

The addresses are those of the router, and the parameters those that the resources and the reports declare, so
that a new one is held by these tests.
"""

import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar, NamedTuple

import pytest
from shops import KEY, Shop

from shopdb_core.app import create_app
from shopdb_core.store.tables import SUBJECT_LENGTH
from shopdb_core.web.parameters import declared_parameters

ODD = {
    "empty": "",
    "blank": "%20",
    "5,000 digits": "9" * 5_000,
    "2**31": str(2**31),
    "2**63 - 1": str(2**63 - 1),
    "2**63": str(2**63),
    "-2**63 - 1": str(-(2**63) - 1),
    "2**64": str(2**64),
    "negative": "-1",
    "fraction": "1.5",
    "exponent": "1e3",
    "huge exponent": "1e999",
    "plus": "%2B1",
    "underscore": "1_0",
    "Arabic digits": "%D9%A1%D9%A2",
    "NUL": "%00",
    "NUL inside": "a%00b",
    "nan": "nan",
    "inf": "inf",
    "-inf": "-inf",
    "60,000 letters": "a" * 60_000,
    "60,000 wildcards": "%25" * 20_000,
    "60,000 bytes of combining marks": "%CC%81" * 10_000,
    "not UTF-8": "%FF",
    "surrogate": "%ED%A0%80",
    "broken escape": "%",
    "emoji": "%F0%9F%98%80",
    "line break": "a%0D%0Ab",
    "quote": "'%20OR%201=1--",
    "list": "a,b",
    "object": "%7B%22a%22:1%7D",
    "path": "..%2F..%2Fetc",
}
"""Each kind of odd value, percent-encoded."""

USUAL = {
    "plugin": "computers",
    "assetid": "1",
    "relationshipid": "1",
    "duplicateid": "1",
    "mergeid": "1",
    "sessionid": "0" * 32,
    "auditid": "1",
    "userid": "1",
    "tokenid": "1",
    "day": "2026-11-27",
    "field": "installedsoftware",
    "digest": "0" * 12,
    "file": "console.css",
}
"""The value of each path parameter while another one is odd; of a report's, each report that there is."""

logger = logging.getLogger(__name__)


class Operation(NamedTuple):
    """One method of one address: its path with all parameters filled in, and those parameters."""

    method: str
    template: str
    path_values: dict[str, str]
    query: tuple[str, ...]

    def path(self, **odd: str) -> str:
        """Return the path, with odd values for some of its parameters."""
        return re.sub(r"\{(\w+)[^}]*\}", lambda found: {**self.path_values, **odd}[found[1]], self.template)


def operations(shop: Shop) -> Iterator[Operation]:
    """Yield every operation of the application; one for each report, with that report's parameters."""
    nodes = list(create_app(shop)._router._roots)
    while nodes:
        node = nodes.pop()
        nodes += node.children
        for method, responder in (node.method_map or {}).items():
            if not hasattr(responder, "__wrapped__"):
                continue  # Falcon's own: OPTIONS, and 405
            for values in path_values(shop, node.uri_template):
                declared = declared_parameters(node.resource, responder.__name__, values)
                query = tuple(parameter.name for parameter in declared)
                yield Operation(method, node.uri_template, values, query)


def path_values(shop: Shop, template: str) -> list[dict[str, str]]:
    """Return the values of the path's parameters; those of every report, which has parameters of its own."""
    names = re.findall(r"\{(\w+)", template)
    if "name" not in names:
        return [{name: USUAL[name] for name in names}]
    return [
        {"plugin": plugin, "name": name}
        for plugin, report in shop.reports.all()
        for name in (report.name, f"{report.name}.csv")
    ]


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """Return a site with two related assets, each of a plugin, and a duplicate of the first."""
    shop.submit("computers", {"hostname": "PC-1", "installedsoftware": [{"name": "7-Zip", "version": "1"}]})
    shop.submit("printers", {"serialnumber": "SN-1", "supplies": [{"name": "black", "levelpercent": 3}]})
    assert shop.submit("computers", {"hostname": "pc-1.site.example"}).warnings
    body = {"relationshiptype": "controls", "targetassetid": 2}
    address = "/api/assets/1/relationships"
    created = shop.client.simulate_post(address, json=body, headers=shop.bearer("editor"))
    assert created.status_code == 201
    return shop


class Caller:
    """Sends requests with a valid key and an admin's token, and counts them."""

    def __init__(self, shop: Shop) -> None:
        self._client = shop.client
        self._headers = {**shop.bearer("admin"), "X-API-Key": KEY}
        self.count = 0

    def call(self, operation: Operation, query: str = "", **odd: str):
        """Send the request of an operation; a body, where one is due, is an object without members."""
        self.count += 1
        body = {} if operation.method == "POST" else None
        return self._client.simulate_request(
            operation.method,
            operation.path(**odd),
            query_string=query,
            headers=self._headers,
            json=body,
        )


@pytest.mark.every_database
def test_odd_parameters_never_fail(stocked, database_kind, record_property):
    """Every parameter with every odd value answers below 500; unknown and repeated ones answer 400."""
    caller = Caller(stocked)
    wrong = []

    def check(operation: Operation, what: str, answer, expected: range | tuple[int, ...]) -> None:
        if answer.status_code not in expected:
            wrong.append((operation.method, operation.path(), what, answer.status_code))

    for operation in operations(stocked):
        # The pages pass what the addresses of the API pass, to the same functions: one database is enough.
        if database_kind != "sqlite" and not operation.template.startswith("/api/"):
            continue
        check(operation, "unknown", caller.call(operation, "nope=1"), (400,))
        check(operation, "unknown and blank", caller.call(operation, "nope"), (400,))
        for name in operation.query:
            check(operation, f"{name} twice", caller.call(operation, f"{name}=1&{name}=1"), (400,))
            for kind, value in ODD.items():
                answer = caller.call(operation, f"{name}={value}")
                check(operation, f"{name}: {kind}", answer, range(200, 500))
        for name in re.findall(r"\{(\w+)", operation.template):
            for kind, value in ODD.items():
                answer = caller.call(operation, **{name: value})
                check(operation, f"{{{name}}}: {kind}", answer, range(200, 500))

    record_property("requests", caller.count)
    logger.info("%s requests with odd parameters on %s", caller.count, database_kind)
    assert not wrong, f"{len(wrong)} of {caller.count}: {wrong[:40]}"
    assert caller.count > 2_000
    assert (stocked.count("asset"), stocked.count("assetrelationship")) == (3, 1)


@pytest.mark.every_database
def test_head_answers_as_get_without_a_body(stocked):
    """RFC 9110, section 9.3.2: the same status and the same headers, and no content."""
    caller = Caller(stocked)
    gets = [operation for operation in operations(stocked) if operation.method == "GET"]
    assert len(gets) > 15

    for operation in gets:
        got, head = caller.call(operation), caller.call(operation._replace(method="HEAD"))

        own = {"content-length", "x-request-id"}
        assert (head.status_code, head.content) == (got.status_code, b""), operation
        assert {name: value for name, value in head.headers.items() if name not in own} == {
            name: value for name, value in got.headers.items() if name not in own
        }
        # A page says how long ago something was, which may have changed meanwhile.
        if not got.headers["content-type"].startswith("text/html"):
            length = got.headers.get("content-length")
            assert head.headers.get("content-length", length) == length


@pytest.mark.every_database
def test_the_longest_subject_of_a_token_is_recorded(stocked):
    """It fits into the actor of an audit entry; longer ones are not issued."""
    subject = "\U0001f5a8" * SUBJECT_LENGTH
    token = stocked.tokens.issue(subject, "editor", timedelta(hours=1))

    answer = stocked.client.simulate_post(
        "/api/assets",
        json={"assettype": "cell", "identityvalue": "Cell 7"},
        headers={"Authorization": f"Bearer {token}"},
    )

    assert answer.status_code == 201
    assert stocked.rows("SELECT actor FROM auditentry WHERE identityvalue = 'Cell 7'") == [
        (f"user:{subject}",)
    ]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("at=2026-01-01", "Unknown parameter 'at'; this address takes none."),
        ("x=1&x=2", "Unknown parameter 'x'; this address takes none."),
    ],
)
def test_an_address_without_parameters_says_so(stocked, query, detail):
    """An answer about today to a question about another day would be wrong."""
    answer = stocked.get(f"/api/collector/_schemas?{query}")
    assert (answer.status_code, answer.json["detail"]) == (400, detail)


@pytest.mark.parametrize("assetid", ["1_0", "%2B1", "01", "%D9%A1", "1%20"])
def test_an_id_has_one_spelling(stocked, assetid):
    """Python reads more as a number than what an address is made of."""
    assert stocked.get(f"/api/assets/{assetid}").status_code == 404


def test_queries_name_responders(shop):
    """A declaration for a responder that does not exist is a mistake in its name."""

    class Misspelt:
        roles: ClassVar = {"GET": "open"}
        queries: ClassVar = {"on_gett": ()}

        def on_get(self, _req, resp):
            resp.media = {}

    with pytest.raises(TypeError, match=r"Misspelt\.queries names on_gett"):
        shop.client.app.add_route("/api/more", Misspelt())
