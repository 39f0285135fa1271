"""`POST /api/collector/<plugin>/_batch`: many submissions, one a line."""

import gzip
import io
import json
import sqlite3
import time
import tracemalloc
from contextlib import closing

import pytest

from shopdb_core.intake.ndjson import MOST_BYTES, MOST_LINES

KEY = "a-collector-key-for-tests-0123456789-abc"
NDJSON = "application/x-ndjson"


def post(shop, body: bytes, query: str = "", content_type: str | None = NDJSON, **headers: str):
    """Post raw bytes with the right key."""
    return shop.client.simulate_post(
        f"/api/collector/computers/_batch{query}",
        body=body,
        content_type=content_type,
        headers={"X-API-Key": KEY, **{name.replace("_", "-"): value for name, value in headers.items()}},
    )


def ndjson(*submissions: object) -> bytes:
    """Write a line for each submission."""
    return b"".join(json.dumps(submission).encode() + b"\n" for submission in submissions)


def answers(response) -> list[dict]:
    """Read the lines of an answer of 200."""
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.content.splitlines()]


def in_short(response) -> list[tuple[int, object]]:
    """Return the number of each line with its action, or the status of its problem."""
    return [(answer["line"], answer.get("action", answer["status"])) for answer in answers(response)]


def test_each_line_is_answered_as_if_it_came_alone(shop):
    """The single answer and the line's number, in order, as NDJSON."""
    response = post(shop, ndjson({"hostname": "PC-1", "color": "grey"}, {"hostname": "PC-2"}))
    single = shop.post("computers", {"hostname": "PC-3", "color": "grey"}).json
    first, second = answers(response)
    assert response.headers["content-type"] == NDJSON
    assert first == {**single, "line": 1, "assetid": 1, "identityvalue": "PC-1"}
    assert (second["line"], second["status"], second["action"]) == (2, "ok", "created")
    assert second["identityvalue"] == "PC-2"


@pytest.mark.every_database
def test_a_bad_line_is_a_problem_and_harms_no_neighbour(shop):
    """Not JSON, invalid, not an object, not storable: each has the problem of a single post, and its line."""
    bad = [b'{"hostname": ', b'{"hostname": "PC-9", "memorygb": "x"}', b"[]", b'{"hostname": "a\\u0000b"}']
    body = b"".join(line + b"\n" + ndjson({"hostname": f"PC-{number}"}) for number, line in enumerate(bad))
    response = post(shop, body, X_Request_ID="one-request")
    found = answers(response)
    assert [answer.get("action", answer["status"]) for answer in found] == [
        *(400, "created", 422, "created", 400, "created", 422, "created")
    ]
    single = shop.client.simulate_post(
        "/api/collector/computers",
        body=bad[1],
        content_type="application/json",
        headers={"X-API-Key": KEY, "X-Request-ID": "one-request"},
    ).json
    assert found[2] == {**single, "line": 3}
    assert shop.count("asset") == 4


@pytest.mark.every_database
def test_two_lines_for_one_asset_are_a_chain(shop):
    """The second sees what the first stored, even in the same commit."""
    lines = [{"hostname": "PC-1", "osname": name} for name in ("A", "B", "B", "C")]
    assert in_short(post(shop, ndjson(*lines))) == [
        (1, "created"), (2, "updated"), (3, "noop"), (4, "updated"),
    ]  # fmt: skip
    entries = shop.get("/api/assets/1/history").json["items"]
    changes = [entry["diff"].get("osname") for entry in entries]
    assert changes == [
        {"before": None, "after": "A"}, {"before": "A", "after": "B"}, None, {"before": "B", "after": "C"},
    ]  # fmt: skip


def test_every_entry_carries_the_id_of_the_request(shop):
    """The answer has the same id."""
    response = post(shop, ndjson({"hostname": "PC-1"}, {"hostname": "PC-2"}), X_Request_ID="batch-7")
    assert response.headers["x-request-id"] == "batch-7"
    assert shop.rows("SELECT DISTINCT requestid, count(*) FROM auditentry") == [("batch-7", 2)]


def test_a_dry_run_stores_nothing(shop):
    """Each line is answered as if it were the only one."""
    found = answers(post(shop, ndjson({"hostname": "PC-1"}, {"hostname": "PC-1"}), "?dryrun=true"))
    assert [(each["action"], each["assetid"], each["matchedby"]) for each in found] == [
        ("created", None, None)
    ] * 2
    assert found[0]["diff"] == {"hostname": {"before": None, "after": "PC-1"}}
    assert shop.count("asset") == shop.count("auditentry") == 0


def test_lenient_counts_for_every_line(shop):
    """The answer names the preference that was applied."""
    response = post(
        shop, ndjson({"hostname": "PC-1", "memorygb": "x"}, {"memorygb": 1}), Prefer="handling=lenient"
    )
    assert response.headers["preference-applied"] == "handling=lenient"
    assert in_short(response) == [(1, "created"), (2, 422)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_blank_lines_are_skipped_and_counted(shop, end):
    """Line ends are CR LF or LF, and the last line may lack one."""
    body = end.join([b"", b'{"hostname": "PC-1"}', b"  ", b'{"hostname": "PC-2"}'])
    assert in_short(post(shop, body)) == [(2, "created"), (4, "created")]


@pytest.mark.parametrize("body", [b"", b"\n", b"\r\n \r\n"])
def test_an_empty_batch_has_an_empty_answer(shop, body):
    """An empty batch is valid."""
    assert answers(post(shop, body)) == []


def test_liberties_of_encoding_are_read_line_by_line(shop):
    """A byte order mark, and a line that is not UTF-8, each have a warning; the other lines have none."""
    body = b"\xef\xbb\xbf" + ndjson({"hostname": "PC-1"}) + '{"hostname": "Büro"}\n'.encode("latin-1")
    found = answers(post(shop, body + ndjson({"hostname": "PC-2"})))
    assert [answer["identityvalue"] for answer in found] == ["PC-1", "Büro", "PC-2"]
    assert [len(answer["warnings"]) for answer in found] == [1, 1, 0]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_not_read(shop, codec):
    """Its line ends are not those of UTF-8: every line is refused."""
    body = ndjson({"hostname": "PC-1"}, {"hostname": "PC-2"}).decode().encode(codec)
    assert {status for _, status in in_short(post(shop, body))} == {400}
    assert post(shop, body, content_type=f"{NDJSON}; charset={codec}").status_code == 415
    assert shop.count("asset") == 0


def test_gzip_is_inflated_and_broken_gzip_is_reported(shop):
    """The lines before the damage are stored."""
    compressed = gzip.compress(ndjson(*({"hostname": f"PC-{n}"} for n in range(3))))
    assert [action for _, action in in_short(post(shop, compressed, Content_Encoding="gzip"))] == [
        "created"
    ] * 3
    assert in_short(post(shop, b"no gzip", Content_Encoding="gzip")) == [(1, 400)]
    assert in_short(post(shop, compressed[:-4], Content_Encoding="gzip"))[3:] == [(4, 400)]


def test_a_line_that_is_too_long_is_413_and_the_next_is_read(make_shop):
    """The limit of a line is that of a single submission; its end does not count."""
    shop = make_shop(max_body_bytes=1000)
    fits = b'{"hostname": "PC-1"}'.ljust(1000)
    lines = [
        fits,
        fits + b" ",
        b'{"hostname": "PC-2", "x": "' + b"x" * 300_000 + b'"}',
        b'{"hostname": "PC-3"}',
    ]
    response = post(shop, b"\r\n".join(lines))
    assert in_short(response) == [(1, "created"), (2, 413), (3, 413), (4, "created")]
    assert "SHOPDB_MAX_BODY_BYTES" in answers(response)[1]["detail"]


def test_the_line_behind_the_last_allowed_one_is_413_and_ends_the_batch(shop):
    """The lines before it are stored, and those after it are not read."""
    rest = ndjson({"hostname": "PC-1"}, {"hostname": "PC-2"}, {"hostname": "PC-3"})
    response = post(shop, b"\n" * (MOST_LINES - 1) + rest)
    assert in_short(response) == [(MOST_LINES, "created"), (MOST_LINES + 1, 413)]
    assert shop.count("asset") == 1


def test_ten_thousand_lines_are_stored_in_order(shop):
    """The largest batch there may be."""
    found = in_short(post(shop, ndjson(*({"hostname": f"PC-{n}"} for n in range(MOST_LINES)))))
    assert found == [(n, "created") for n in range(1, MOST_LINES + 1)]
    assert shop.rows("SELECT identityvalue FROM asset WHERE assetid IN (1, 10000) ORDER BY assetid") == [
        ("PC-0",), ("PC-9999",),
    ]  # fmt: skip


def test_an_announced_length_beyond_the_limit_is_413_before_anything_is_read(shop):
    """The whole request is refused."""
    response = shop.client.simulate_post(
        "/api/collector/computers/_batch",
        body=ndjson({"hostname": "PC-1"}),
        content_type=NDJSON,
        headers={"X-API-Key": KEY, "Content-Length": str(MOST_BYTES + 1)},
    )
    assert (response.status_code, response.json["status"], shop.count("asset")) == (413, 413, 0)


def test_what_inflates_beyond_the_limit_is_413_where_it_happens(shop):
    """The lines before are stored; memory does not grow with what is inflated."""
    body = io.BytesIO()
    with gzip.GzipFile(fileobj=body, mode="wb", compresslevel=1) as file:
        file.write(ndjson({"hostname": "PC-1"}) + b'{"hostname": "')
        for _ in range(80):
            file.write(b"x" * 1024 * 1024)
    tracemalloc.start()
    response = post(shop, body.getvalue(), Content_Encoding="gzip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert in_short(response) == [(1, "created"), (2, 413)]
    assert peak < 16 * 1024 * 1024


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        (None, {}),
        ("application/json", {}),
        (f"{NDJSON}; charset=klingon", {}),
        (NDJSON, {"Content_Encoding": "br"}),
    ],
)
def test_what_is_not_read_is_415_for_the_whole_request(shop, content_type, headers):
    """As for a single submission, with a hint."""
    response = post(shop, ndjson({"hostname": "PC-1"}), content_type=content_type, **headers)
    assert response.status_code == 415
    assert any(hint in response.json["detail"] for hint in (NDJSON, "gzip", "UTF-8"))


def test_keys_and_names_are_judged_before_the_body(shop):
    """401 without the key, 404 for what does not exist, 400 for an odd parameter."""

    def statuses(path: str, key: str) -> int:
        return shop.client.simulate_post(path, body=b"{", headers={"X-API-Key": key}).status_code

    assert statuses("/api/collector/computers/_batch", "wrong") == 401
    assert statuses("/api/collector/toasters/_batch", "wrong") == 401
    assert statuses("/api/collector/toasters/_batch", KEY) == 404
    assert statuses("/api/collector/computers/_batch?dry=true", KEY) == 400


def test_a_quarantined_plugin_answers_503(make_shop):
    """The whole request is refused, with the seconds to wait."""

    class Broken:
        def get_collector_schema(self):
            raise OSError

    shop = make_shop({"broken": Broken()})
    response = shop.client.simulate_post(
        "/api/collector/broken/_batch", body=b"{}\n", content_type=NDJSON, headers={"X-API-Key": KEY}
    )
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


@pytest.mark.alone
def test_a_database_that_is_away_is_waited_for_once(shop):
    """Its lines are 503 with nothing stored, the ones after them without a wait; later batches work again."""
    shop.store.transaction(lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout=500"))
    body = ndjson(*({"hostname": f"PC-{n}"} for n in range(5_000)), {"memorygb": 1})
    with closing(sqlite3.connect(shop.settings.database_url.removeprefix("sqlite:///"))) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        found = answers(post(shop, body))
        waited = time.monotonic() - started
    assert {answer["status"] for answer in found} == {503}
    assert [answer["line"] for answer in found] == list(range(1, 5_002))
    assert shop.count("asset") == 0
    assert waited < 15
    # The writer notices within a second that the lock is free; until then a client is told to retry.
    while (first := in_short(post(shop, ndjson({"hostname": "PC-1"})))) == [(1, 503)]:
        assert time.monotonic() - started < 30
        time.sleep(0.1)
    assert first == [(1, "created")]


def test_a_batch_has_one_line_in_the_log(shop, caplog):
    """The line is written after the last line of the answer."""
    caplog.set_level("INFO", "shopdb_core.access")
    post(shop, ndjson({"hostname": "PC-1"}, {"hostname": "PC-2"}), X_Request_ID="batch-8")
    (line,) = caplog.messages
    assert line.startswith("POST /api/collector/computers/_batch 200 ")
    assert line.endswith(" batch-8 collector:computers -")
