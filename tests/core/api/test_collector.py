"""`POST /api/collector/<plugin>` and the contracts under `_schemas`."""

import gzip

import pytest

pytestmark = pytest.mark.every_way

KEY = "a-collector-key-for-tests-0123456789-abc"


def post(shop, body: bytes, content_type: str | None = "application/json", **headers: str):
    """Post raw bytes with the right key."""
    return shop.client.simulate_post(
        "/api/collector/computers",
        body=body,
        content_type=content_type,
        headers={"X-API-Key": KEY, **{name.replace("_", "-"): value for name, value in headers.items()}},
    )


def test_created_answers_201_with_the_address_of_the_asset(shop):
    """The body is the contract's, the location leads to the asset."""
    answer = shop.post("computers", {"hostname": "PC-1"})
    assetid = answer.json["assetid"]
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/assets/{assetid}"
    assert answer.json == {
        "status": "ok",
        "action": "created",
        "assetid": assetid,
        "identityvalue": "PC-1",
        "warnings": [],
    }
    assert shop.get(answer.headers["location"]).json["attributes"] == {"hostname": "PC-1"}


def test_updated_and_noop_answer_200(shop):
    """Only a new asset is created."""
    shop.post("computers", {"hostname": "PC-1"})
    updated = shop.post("computers", {"hostname": "PC-1", "osname": "W"})
    noop = shop.post("computers", {"hostname": "PC-1", "osname": "W"})
    assert [(answer.status_code, answer.json["action"]) for answer in (updated, noop)] == [
        (200, "updated"),
        (200, "noop"),
    ]


def test_dry_run_adds_diff_and_matchedby(shop):
    """The same answer, and what would change."""
    answer = shop.post("computers", {"hostname": "PC-1"}, "?dryrun=true")
    assert answer.status_code == 200
    assert answer.json["diff"] == {"hostname": {"before": None, "after": "PC-1"}}
    assert (answer.json["matchedby"], answer.json["assetid"]) == (None, None)
    assert shop.count("asset") == 0


@pytest.mark.parametrize("query", ["?dryrun=yes", "?dryrun=", "?dryrun=true&dryrun=true", "?dry-run=true"])
def test_a_misspelt_parameter_is_refused(shop, query):
    """A misspelt `dryrun` must not write."""
    answer = shop.post("computers", {"hostname": "PC-1"}, query)
    assert answer.status_code == 400
    assert shop.count("asset") == 0


@pytest.mark.parametrize("prefer", ["handling=lenient", 'respond-async, Handling="lenient"; x=1'])
def test_lenient_preference_is_applied_and_said(shop, prefer):
    """RFC 7240."""
    answer = shop.post("computers", {"hostname": "PC-1", "memorygb": "x"}, Prefer=prefer)
    assert answer.status_code == 201
    assert answer.headers["preference-applied"] == "handling=lenient"
    assert "memorygb" in answer.json["warnings"][0]


@pytest.mark.parametrize("given", ["abc-123", "A" * 64])
def test_a_sane_request_id_is_kept_everywhere(shop, given):
    """The answer and the audit entry have the same id."""
    answer = shop.post("computers", {"hostname": "PC-1"}, **{"X-Request-ID": given})
    (entry,) = shop.get("/api/audit").json["items"]
    assert answer.headers["x-request-id"] == entry["requestid"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "-rf", "a\tb", "ä"])
def test_an_odd_request_id_is_replaced(shop, given):
    """An id that is not well-formed never reaches the log."""
    answer = shop.post("computers", {"hostname": "PC-1"}, **{"X-Request-ID": given})
    assert answer.headers["x-request-id"] != given


def test_a_refusal_is_a_problem_with_every_fault(shop):
    """RFC 9457, with JSON pointers."""
    answer = shop.post("computers", {"hostname": "PC-1", "memorygb": "x", "osname": 1})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json["status"] == 422
    assert answer.json["requestid"] == answer.headers["x-request-id"]
    assert {error["pointer"] for error in answer.json["errors"]} == {"/memorygb", "/osname"}
    assert all(error.keys() == {"pointer", "keyword", "message"} for error in answer.json["errors"])


def test_at_most_20_faults_and_80_characters_are_reported(shop):
    """An error answer stays short, and does not echo the payload."""
    software = [{"name": 5, "version": "v" * 5000} for _ in range(100)]
    answer = shop.post("computers", {"hostname": "h" * 5000, "installedsoftware": software})
    assert len(answer.json["errors"]) == 20
    assert "h" * 81 not in answer.text
    assert "v" * 81 not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b'{"hostname": "a", "hostname": "b"}',
        b'{"hostname": "a", "memorygb": NaN}',
        b'{"hostname": "a", "memorygb": -Infinity}',
        b'{"hostname": "a"} x',
        b'{"hostname": ' + b"[" * 21 + b"]" * 21 + b"}",
        b"[" * 100_000,
        b'{"hostname": "a\x01"}',
    ],
)
def test_a_body_other_than_a_strict_json_object_is_400(shop, body):
    """A malformed body is 400, an invalid one 422."""
    assert post(shop, body).status_code == 400
    assert shop.count("asset") == 0


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        (None, {}),
        ("text/plain", {}),
        ("application/x-www-form-urlencoded", {}),
        ("application/json; charset=klingon", {}),
        ("application/json", {"Content_Encoding": "br"}),
    ],
)
def test_what_is_not_read_is_415(shop, content_type, headers):
    """The detail says what to send."""
    answer = post(shop, b'{"hostname": "PC-1"}', content_type, **headers)
    assert answer.status_code == 415
    assert any(hint in answer.json["detail"] for hint in ("application/json", "gzip", "UTF-8"))


def test_too_large_is_413_as_sent_and_as_inflated(make_shop):
    """The limit counts for the inflated body, too."""
    shop = make_shop(max_body_bytes=1000)
    large = b'{"hostname": "' + b"x" * 2000 + b'"}'
    assert post(shop, large).status_code == 413
    assert post(shop, gzip.compress(large), Content_Encoding="gzip").status_code == 413


def test_gzip_is_read(shop):
    """A long list of programs travels well compressed."""
    assert post(shop, gzip.compress(b'{"hostname": "PC-1"}'), Content_Encoding="gzip").status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b'{"hostname": "a\\u0000b"}',
        b'{"hostname": "\\ud800"}',
        b'{"hostname": "a", "memorygb": 9223372036854775808}',
    ],
)
def test_what_cannot_be_stored_is_422(shop, body):
    """NUL, half a surrogate pair, more than 64 bits."""
    answer = post(shop, body)
    assert (answer.status_code, shop.count("asset")) == (422, 0)


@pytest.mark.parametrize(
    "key", [None, "", "wrong", KEY + "x", KEY[:-1], "ä" * 40, "x" * 10_000, f"{KEY},{KEY}"]
)
def test_without_the_key_everything_is_401(shop, key):
    """Every wrong key has the same answer, also for a collector that does not exist."""
    headers = {} if key is None else {"X-API-Key": key}
    answers = [
        shop.client.simulate_post(f"/api/collector/{name}", body=b"{", headers=headers)
        for name in ("computers", "toasters")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json["detail"] == answers[1].json["detail"]
    assert "www-authenticate" in answers[0].headers


def test_with_the_key_an_unknown_collector_is_404(shop):
    """Only a client with a key learns which collectors exist."""
    assert shop.post("toasters", {}).status_code == 404


def test_a_token_is_not_a_key_and_a_key_is_not_a_token(shop):
    """A token does not submit, and a key does not read."""
    body = {"hostname": "PC-1"}
    with_token = shop.client.simulate_post(
        "/api/collector/computers", json=body, headers=shop.bearer("admin")
    )
    with_key = shop.client.simulate_get(
        "/api/assets", headers={"Authorization": f"Bearer {KEY}", "X-API-Key": KEY}
    )
    assert (with_token.status_code, with_key.status_code) == (401, 401)


def test_schemas_show_what_each_collector_takes(shop):
    """Contract 8, word for word."""
    shown = shop.get("/api/collector/_schemas").json["collectors"]
    assert shown.keys() == {"computers", "printers"}
    computers = shown["computers"]
    assert computers.keys() == {
        "identityfield",
        "secondaryidentity",
        "x-label",
        "x-columns",
        "schema",
        "examples",
        "endpoint",
        "distribution",
        "version",
    }
    assert (computers["endpoint"], computers["distribution"]) == (
        "/api/collector/computers",
        "shopdb-computers",
    )
    assert computers["schema"]["required"] == ["hostname"]
    assert (computers["x-label"], computers["x-columns"][0]) == ("Computer", "hostname")
    memory = computers["schema"]["properties"]["memorygb"]
    assert (memory["title"], memory["x-unit"]) == ("Memory", "GiB")


def test_every_example_is_taken(shop):
    """Each example of `_schemas` is accepted without a warning."""
    for name, shown in shop.get("/api/collector/_schemas").json["collectors"].items():
        for example in shown["examples"]:
            answer = shop.post(name, example)
            assert answer.status_code in (200, 201)
            assert answer.json["warnings"] == []


def test_schemas_carry_an_entity_tag(shop):
    """A pipeline that has the schema already gets a 304."""
    first = shop.get("/api/collector/_schemas/printers")
    again = shop.client.simulate_get(
        "/api/collector/_schemas/printers", headers={**shop.bearer(), "If-None-Match": first.headers["etag"]}
    )
    assert (first.json["identityfield"], again.status_code, again.text) == ("serialnumber", 304, "")


@pytest.mark.parametrize("path", ["/api/collector/_schemas", "/api/collector/_schemas/computers"])
def test_schemas_need_a_token(shop, path):
    """Discovery is behind a JWT."""
    answer = shop.client.simulate_get(path)
    assert (answer.status_code, answer.headers["www-authenticate"][:6]) == (401, "Bearer")


def test_an_unknown_schema_is_404(shop):
    """Only what is installed is shown."""
    assert shop.get("/api/collector/_schemas/toasters").status_code == 404
