"""Every status that the contract names for a refusal: its headers, its body, and that nothing is stored."""

import gzip

import pytest

pytestmark = pytest.mark.every_way

PROBLEM_MEMBERS = {"type", "title", "status", "detail", "requestid"}

MALFORMED = {
    "empty": b"",
    "blank": b" \n",
    "cut off": b'{"hostname": "pc-1"',
    "array": b'[{"hostname": "pc-1"}]',
    "string": b'"pc-1"',
    "null": b"null",
    "duplicate name": b'{"hostname": "pc-1", "hostname": "pc-2"}',
    "duplicate name inside": b'{"hostname": "pc-1", "field": {"a": 1, "a": 1}}',
    "duplicate name, escaped": b'{"hostname": "pc-1", "host\\u006eame": "pc-2"}',
    "deep": b'{"hostname": "pc-1", "field": ' + b"[" * 20 + b"]" * 20 + b"}",
    "NaN": b'{"hostname": "pc-1", "memorygb": NaN}',
    "Infinity": b'{"hostname": "pc-1", "memorygb": -Infinity}',
    "comment": b'{"hostname": "pc-1" /* */}',
    "two objects": b'{"hostname": "pc-1"}{"hostname": "pc-2"}',
    "half of UTF-16": b"\xff\xfe{",
}

AGAINST_SCHEMA = {
    "identity missing": ({"osname": "Linux"}, "/hostname", "required"),
    "identity null": ({"hostname": None}, "/hostname", "type"),
    "identity empty": ({"hostname": "  "}, "/hostname", "required"),
    "identity of another type": ({"hostname": 1234}, "/hostname", "type"),
    "identity too long": ({"hostname": "x" * 64}, "/hostname", "maxLength"),
    "value of another type": ({"hostname": "pc-1", "memorygb": "16"}, "/memorygb", "type"),
    "number too large": ({"hostname": "pc-1", "memorygb": 65_537}, "/memorygb", "maximum"),
    "no date-time": ({"hostname": "pc-1", "lastboottime": "yesterday"}, "/lastboottime", "format"),
    "no MAC address": ({"hostname": "pc-1", "macaddress": "here"}, "/macaddress", "pattern"),
    "beyond 64 bits": ({"hostname": "pc-1", "memorygb": 2**63}, "/memorygb", "number"),
    "NUL": ({"hostname": "pc-1", "osname": "a\x00b"}, "/osname", "string"),
    "half a surrogate pair": ({"hostname": "pc-1", "osname": "\ud800"}, "/osname", "string"),
    "deep inside": (
        {"hostname": "pc-1", "installedsoftware": [{"name": "a"}, {"name": 1}]},
        "/installedsoftware/1/name",
        "type",
    ),
}

MEDIA = {
    "none": {"Content_Type": ""},
    "text": {"Content_Type": "text/plain"},
    "form": {"Content_Type": "application/x-www-form-urlencoded"},
    "another JSON": {"Content_Type": "application/vnd.api+json"},
    "unknown charset": {"Content_Type": "application/json; charset=ebcdic"},
    "deflate": {"Content_Encoding": "deflate"},
    "two codings": {"Content_Encoding": "gzip, gzip"},
}


class Away:
    """An entry of a plugin that cannot be used, so that it is quarantined."""


def assert_refused(answer, status: int, shop) -> None:
    """Check that an answer is a problem document, names its request, and that the database is empty."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json.keys() - {"errors", "warnings"} == PROBLEM_MEMBERS
    assert answer.json["status"] == status
    assert answer.json["requestid"] == answer.headers["x-request-id"]
    assert shop.counts()["asset"] == shop.counts()["auditentry"] == 0


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_malformed_body(shop, content) -> None:
    """400: what is not one strict JSON object."""
    assert_refused(shop.post("computers", content), 400, shop)


@pytest.mark.parametrize("query", ["?dryrun=yes", "?dryrun=", "?dryrun=true&dryrun=true", "?dry=true"])
def test_unknown_parameter(shop, query) -> None:
    """400: a parameter that is misspelt must not turn a rehearsal into the real thing."""
    assert_refused(shop.submit("computers", {"hostname": "pc-1"}, query), 400, shop)


def test_unknown_collector(shop) -> None:
    """404 with a valid key, 401 without: only who may submit learns which collectors exist."""
    with_key = shop.submit("toasters", {})
    without_key = shop.submit("toasters", {}, X_API_Key="")

    assert_refused(with_key, 404, shop)
    assert_refused(without_key, 401, shop)


@pytest.mark.parametrize("headers", MEDIA.values(), ids=MEDIA)
def test_unread_media(shop, headers) -> None:
    """415: another media type, charset or content coding."""
    assert_refused(shop.submit("computers", {"hostname": "pc-1"}, **headers), 415, shop)


@pytest.mark.parametrize(("submission", "pointer", "keyword"), AGAINST_SCHEMA.values(), ids=AGAINST_SCHEMA)
def test_against_the_schema(shop, submission, pointer, keyword) -> None:
    """422: each fault with its place and the rule that it breaks."""
    answer = shop.submit("computers", submission)

    assert_refused(answer, 422, shop)
    fault = answer.json["errors"][0]
    assert (fault["pointer"], fault["keyword"]) == (pointer, keyword)
    assert fault["message"]


def test_many_faults(shop) -> None:
    """422: at most twenty faults are reported."""
    programs = [{"name": number} for number in range(100)]

    answer = shop.submit("computers", {"hostname": "pc-1", "installedsoftware": programs})

    assert_refused(answer, 422, shop)
    assert len(answer.json["errors"]) == 20


def test_too_large_body(make_shop) -> None:
    """413: a body beyond the site's limit, as sent or when inflated."""
    shop = make_shop(max_body_bytes=1_000)
    content = b'{"hostname": "pc-1", "osname": "' + b"x" * 1_000 + b'"}'

    assert_refused(shop.post("computers", content), 413, shop)
    assert_refused(shop.post("computers", gzip.compress(content), Content_Encoding="gzip"), 413, shop)


def test_quarantined_plugin(make_shop) -> None:
    """503: a plugin that failed at start says so, and when to come back."""
    shop = make_shop({"away": Away()})

    answer = shop.submit("away", {"name": "one"})

    assert_refused(answer, 503, shop)
    assert int(answer.headers["retry-after"]) > 0
    assert "away" in answer.json["detail"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_other_methods(shop, method) -> None:
    """405: a collector takes POST alone, and says so."""
    answer = shop.client.simulate_request(method, "/api/collector/computers", headers={"X-API-Key": shop.key})

    assert_refused(answer, 405, shop)
    assert "POST" in answer.headers["allow"]


def test_sane_request_id_is_kept(shop) -> None:
    """The answer and the audit entry have the client's request id."""
    answer = shop.submit("computers", {"hostname": "pc-1"}, X_Request_ID="imaging-42")

    assert answer.headers["x-request-id"] == "imaging-42"
    assert shop.query("SELECT requestid FROM auditentry") == [("imaging-42",)]


@pytest.mark.parametrize("requestid", ["a b", "x" * 65, "<script>", "-x", "../..", "\u00e4"])
def test_other_request_id_is_replaced(shop, requestid) -> None:
    """A request id that is not well-formed is replaced by a generated one."""
    answer = shop.submit("computers", {"hostname": "pc-1"}, X_Request_ID=requestid)

    assert answer.status_code == 201
    assert answer.headers["x-request-id"] not in ("", requestid)
