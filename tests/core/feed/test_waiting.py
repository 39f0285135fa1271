"""Waiting for changes: an answer as soon as there is one, and nobody else waits for those who wait."""

import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest
from feedreader import Reader

pytestmark = pytest.mark.every_database


def test_the_answer_comes_with_the_first_change(shop, reader, submit):
    """Of those that the reader wants."""
    submit("PC-1")
    reader.rest()
    waiting = Reader(shop, "&wait=30&kind=change", reader.after)
    with ThreadPoolExecutor(1) as pool:
        page = pool.submit(waiting.page)
        time.sleep(0.3)
        submit("PC-1")
        submit("PC-2")
        started = time.monotonic()

        assert [item["identityvalue"] for item in page.result()] == ["PC-2"]

    assert time.monotonic() - started < 15


def test_nothing_comes(reader, submit):
    """The answer is empty in the end, with the same cursor."""
    submit("PC-1")
    reader.rest()
    end, reader.query = reader.after, "&wait=1"
    started = time.monotonic()

    assert reader.page() == []

    assert 0.9 < time.monotonic() - started < 15
    assert reader.after == end


def test_too_many_do_not_wait(shop, reader):
    """They are told to come back; requests that do not wait are answered."""
    reader.rest()
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(shop.get, f"/api/changes?wait=30&after={reader.after}") for _ in range(3)]
        refused = next(as_completed(answers)).result()

        assert refused.status_code == 503
        assert refused.headers["Retry-After"]
        assert Reader(shop).page() == []
        shop.feed.release()
        assert sorted(each.result().status_code for each in answers) == [200, 200, 503]


def test_a_stop_ends_the_waiting(shop, reader):
    """Soon, for those that wait and those that come later."""
    reader.rest()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Reader(shop, "&wait=30", reader.after).page)
        time.sleep(0.3)
        started = time.monotonic()

        shop.feed.release()

        assert waiting.result() == []
    assert Reader(shop, "&wait=30", reader.after).page() == []
    assert time.monotonic() - started < 15
