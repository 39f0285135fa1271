"""What a refusal says: to its sender, and in the log."""

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.every_way

KEY = "a-collector-key-for-tests-0123456789-abc"


def post(
    shop: Any, body: object, query: str = "", content_type: str = "application/json", **headers: str
) -> Any:
    """Post a submission, or bytes, with the right key."""
    return shop.client.simulate_post(
        f"/api/collector/computers{query}",
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        headers={"X-API-Key": KEY, "Content-Type": content_type, **headers},
    )


def post_leniently(shop: Any, submission: object) -> Any:
    """Post a submission to lenient handling."""
    return post(shop, submission, Prefer="handling=lenient")


def post_lines(shop: Any, body: bytes) -> Any:
    """Post a batch."""
    return post(shop, body, "/_batch", "application/x-ndjson")


def detail(shop: Any, **fields: Any) -> str:
    """Return the detail of a refusal."""
    answer = post(shop, {"hostname": "PC-1", **fields})
    assert answer.status_code == 422
    return answer.json["detail"]


@pytest.mark.parametrize(
    ("faults", "more"),
    [
        (1, ""),
        (2, " (and 1 more)"),
        (20, " (and 19 more)"),
        (25, " (and 24 more)"),
        (99, " (and 98 more)"),
        (500, " (and at least 499 more)"),
    ],
)
def test_the_detail_counts_the_other_faults(shop: Any, faults: int, more: str) -> None:
    """The detail has the first fault, and the number of the others, also of those that are not listed."""
    first = "/installedsoftware/0/name must be a string, not 5"

    assert f": {first}{more}. Prefer" in detail(shop, installedsoftware=[{"name": 5}] * faults)


def test_faults_of_the_sent_and_the_normalised_form_are_one_each(shop: Any) -> None:
    """A field that normalising changes, and that is at fault in both forms, is counted once."""
    assert " (and 2 more). Prefer" in detail(shop, macaddress="a-b", memorygb="x", osname=5)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"memorygb": "x"}, "leaves out memorygb"),
        ({"memorygb": "x", "osname": 5}, "leaves out osname, and the other parts at fault"),
        ({"macaddress": "a-b"}, "leaves out macaddress"),
        ({"osname": "a\x00b"}, "leaves out osname"),
        (
            {"installedsoftware": [{"name": "a"}, {"name": "b", "version": 5}]},
            "leaves out the member version of /installedsoftware/1",
        ),
        (
            {"installedsoftware": [{"name": "b", "Version": "5"}]},
            "leaves out the member Version of /installedsoftware/0",
        ),
        (
            {"installedsoftware": [{"name": "b", "version": "\ud800"}]},
            "leaves out the member version of /installedsoftware/0",
        ),
        ({"installedsoftware": [{"name": 5, "version": "5"}]}, "leaves out /installedsoftware/0"),
        ({"installedsoftware": [{"version": "5"}]}, "leaves out /installedsoftware/0"),
        ({"installedsoftware": {}}, "leaves out /installedsoftware/0"),
        ({"installedsoftware": "none"}, "leaves out installedsoftware"),
        ({"hostname": 5, "memorygb": "x"}, "does not help: hostname is required"),
        ({"hostname": "None", "memorygb": "x"}, "does not help: hostname is required"),
        ({"hostname": "None"}, "does not help: hostname is required"),
        ({"hostname": "a\tb"}, "does not help: hostname is required"),
        ({"hostname": None}, "does not help: hostname is required"),
    ],
)
def test_the_detail_says_what_lenient_handling_would_change(
    shop: Any, fields: dict[str, Any], sentence: str
) -> None:
    """It names the member, the item or the field that is left out, or what keeps the submission refused."""
    sent = {"hostname": "PC-1", **fields}
    assert post(shop, sent).json["detail"].endswith(f". Prefer: handling=lenient {sentence}")

    lenient = post_leniently(shop, sent)

    assert (lenient.status_code == 422) == ("does not help" in sentence)
    assert "Prefer" not in lenient.json.get("detail", "")


def test_a_refusal_carries_the_warnings(shop: Any) -> None:
    """What was corrected before the faults were found is in the answer, the encoding first."""
    body = json.dumps({"HostName": "PC-1", "memorygb": "x", "osname": " "}).encode("utf-8-sig")

    answer = post(shop, body)

    assert answer.json["warnings"] == [
        "body: began with a byte order mark, which was skipped; leave it out",
        'HostName: is not a declared field; dropped; did you mean "hostname"?',
        "osname: an empty string counts as absent",
    ]
    assert [fault["pointer"] for fault in answer.json["errors"]] == ["/hostname", "/memorygb"]


def test_a_refusal_without_warnings_has_no_such_member(shop: Any) -> None:
    """A problem document has only what it needs."""
    assert "warnings" not in post(shop, {"osname": "Linux"}).json


def test_a_lenient_refusal_carries_what_was_dropped(shop: Any) -> None:
    """The warnings of a refusal include what lenient handling had dropped before."""
    answer = post_leniently(shop, {"osnam": "x", "hostname": 5, "memorygb": "x"})

    assert answer.status_code == 422
    assert answer.json["warnings"] == ['osnam: is not a declared field; dropped; did you mean "osname"?']


def test_a_member_of_an_item_costs_the_member_alone(shop: Any) -> None:
    """Strict, the fault names the member; lenient, the member is dropped, and its item is stored."""
    programs = [{"name": "7-Zip", "version": 23}, {"name": "Python", "Version": "3.11"}]

    strict = post(shop, {"hostname": "PC-1", "installedsoftware": programs})
    lenient = post_leniently(shop, {"hostname": "PC-1", "installedsoftware": programs})

    assert [fault["pointer"] for fault in strict.json["errors"]] == [
        "/installedsoftware/0/version",
        "/installedsoftware/1/Version",
    ]
    assert lenient.status_code == 201
    assert lenient.json["warnings"] == [
        (
            "installedsoftware: /installedsoftware/0/version must be a string or null, not 23; "
            "the member was left out"
        ),
        (
            'installedsoftware: /installedsoftware/1/Version "Version" is not known here; '
            'did you mean "version"?; the member was left out'
        ),
    ]
    stored = shop.get(lenient.headers["location"]).json["attributes"]["installedsoftware"]
    assert stored == [{"name": "7-Zip"}, {"name": "Python"}]


def test_pointers_are_short_and_printable(shop: Any) -> None:
    """A name that the sender chose is shortened in a pointer, and its control characters are escaped."""
    answer = post(shop, {"hostname": "PC-1", "installedsoftware": [{"a\x1b" + "x" * 9_000: 1}]})

    pointers = [fault["pointer"] for fault in answer.json["errors"]]
    assert all(pointer.isprintable() and len(pointer) < 120 for pointer in pointers)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return a function that gives the lines of the log about refusals."""
    caplog.set_level(logging.INFO, "shopdb_core.web.problems")
    return lambda: [
        record.getMessage() for record in caplog.records if record.name == "shopdb_core.web.problems"
    ]


def test_the_log_says_why_a_submission_was_refused(shop: Any, logged: Callable[[], list[str]]) -> None:
    """The line has the request, the plugin, the places and the keywords, and no value."""
    secret = "correct-horse-battery-staple"

    answer = post(shop, {"hostname": 7, "memorygb": secret, "installedsoftware": [{"name": [secret]}]})

    (line,) = logged()
    assert line == (
        f"request {answer.json['requestid']}: computers refused a submission: "
        "/hostname type, /memorygb type, /installedsoftware/0/name type"
    )


def test_the_log_says_why_a_body_is_malformed(shop: Any, logged: Callable[[], list[str]]) -> None:
    """The line has the place of the error."""
    answer = post(shop, b'{"hostname": "secret"')

    assert logged() == [
        (
            f"request {answer.json['requestid']}: computers refused a submission: "
            "The body is not JSON: Expecting ',' delimiter, column 22."
        )
    ]


def test_a_line_of_the_log_is_bounded(shop: Any, logged: Callable[[], list[str]]) -> None:
    """However many faults there are, and however long the names in their pointers, the line is short."""
    item = {"\x1b\n\u202e" + "x" * 1_000 + str(number): 1 for number in range(1_000)}

    post(shop, {"hostname": "PC-1", "installedsoftware": [item]})

    (line,) = logged()
    assert line.isprintable()
    assert len(line) < 1_500
    assert line.endswith(" and more")


def test_a_batch_logs_one_line_for_a_group(shop: Any, logged: Callable[[], list[str]]) -> None:
    """Of the refused lines of a group, the first is explained, and the others are counted."""
    body = b'{"hostname": "PC-1"}\n' + b'{"hostname": 5}\n' * 50

    post_lines(shop, body)

    (line,) = logged()
    assert re.fullmatch(
        r"request \w+: computers refused 50 lines of a batch, first line 2: /hostname type", line
    )


def test_a_line_of_a_batch_carries_the_warnings_about_its_encoding(shop: Any) -> None:
    """The problem of a line has the warnings that it would have alone."""
    answer = post_lines(shop, b"\xef\xbb\xbf" + b'{"hostname": 5, "osname": ""}\n')

    assert [warning.partition(":")[0] for warning in answer.json["warnings"]] == ["body", "osname"]
