"""Deliveries to a real receiver: each change at least once and in order, whatever the receiver does."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from receiver import Receiver, answer_with, receiving

from shopdb_core.audit.prune import Expiry, prune
from shopdb_core.feed.reading import Selection
from shopdb_core.webhooks import delivery as module
from shopdb_core.webhooks.state import resume


@pytest.fixture
def submit(shop):
    """Return a function that submits computers."""

    def submit_all(*names: str, **fields: object) -> None:
        for name in names:
            shop.submit("computers", {"hostname": name, **fields})

    return submit_all


def fail_until_stopped(delivery, clock, shown) -> int:
    """Let time pass until the webhook stops; return the number of attempts."""
    started = clock.now
    while shown()["state"] != "stopped":
        assert clock.now - started < timedelta(days=2)
        delivery.turn()
        clock.let_pass(minutes=10)
    return shown()["attempts"]


@pytest.mark.every_database
def test_changes_are_delivered_once_in_their_order(delivery, receiver, submit, shown):
    """As the feed shows them, without noops; of what came before the webhook, nothing."""
    submit("PC-1", "PC-1", "PC-2")
    submit("PC-1", osname="Debian")

    delivery.turn()
    delivery.turn()

    assert receiver.names == ["PC-1", "PC-2", "PC-1"]
    assert [message["type"] for message in receiver.messages] == ["asset.created"] * 2 + ["asset.updated"]
    data = receiver.messages[-1]["data"]
    assert data["diff"] == {"osname": {"before": None, "after": "Debian"}}
    assert (data["assettype"], data["plugin"]) == ("computers", "computers")
    assert (shown()["state"], shown()["behind"], shown()["lasterror"]) == ("active", 0, None)


def test_a_webhook_begins_with_what_comes_after_it(make_delivery, receiver, submit):
    """A renamed one is new; one that was left out for a while goes on where it was."""
    submit("PC-1")
    delivery = make_delivery()
    submit("PC-2")
    delivery.turn()
    renamed = make_delivery(replace(delivery._webhook, name="renamed"))
    submit("PC-3")
    delivery.release()
    again = make_delivery()

    renamed.turn()
    again.turn()

    assert receiver.names.count("PC-1") == 0
    assert receiver.names.count("PC-2") == 1
    assert receiver.names.count("PC-3") == 2


def test_only_what_it_wants(make_delivery, webhook, receiver, submit, shop):
    """By plugin, type and action, with noops if it asks for them."""
    wanted = make_delivery(
        replace(
            webhook, name="some", selection=Selection(plugins=("computers",), actions=("created", "noop"))
        )
    )
    submit("PC-1", "PC-1")
    submit("PC-1", osname="Debian")
    shop.submit("printers", {"serialnumber": "SN-1"})

    wanted.turn()

    assert [message["type"] for message in receiver.messages] == ["asset.created", "asset.noop"]


@pytest.mark.every_database
def test_what_fails_is_tried_again_with_growing_pauses(delivery, receiver, submit, clock, shown):
    """The same message with the same id, never before its time; then everything else follows."""
    receiver.answer = answer_with(500)
    submit("PC-1", "PC-2")
    moments = []
    for _ in range(8):
        delivery.turn()
        moments.append(clock.now)
        assert (shown()["state"], shown()["lasterror"]) == ("failing", "answered 500")
        count = len(receiver.messages)
        delivery.turn()
        assert len(receiver.messages) == count
        clock.now = datetime.fromisoformat(shown()["nextat"])

    assert receiver.names == ["PC-1"] * 8
    assert len(set(receiver.ids)) == 1
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    assert all(0.8 * 5 * 2**n <= pause <= 1.2 * 5 * 2**n for n, pause in enumerate(pauses))
    receiver.answer = answer_with(200)
    delivery.turn()
    assert receiver.names[8:] == ["PC-1", "PC-2"]
    assert (shown()["state"], shown()["attempts"], shown()["lasterror"]) == ("active", 0, None)


def test_the_pause_has_a_limit():
    """An hour, give or take a fifth."""
    assert timedelta(minutes=48) <= module.pause_after(1000) <= timedelta(minutes=72)


def test_a_webhook_stops_after_a_day(delivery, receiver, submit, clock, shown):
    """Nothing is skipped and nothing more is sent until somebody resumes it; then nothing is missing."""
    receiver.answer = answer_with(503)
    submit("PC-1", "PC-2")

    attempts = fail_until_stopped(delivery, clock, shown)

    assert 20 < attempts < 50
    assert shown()["lasterror"] == "answered 503"
    receiver.answer, count = answer_with(200), len(receiver.messages)
    clock.let_pass(days=30)
    delivery.turn()
    assert len(receiver.messages) == count
    shown.shop.store.transaction(lambda connection: resume(connection, "tickets", None))
    delivery.turn()
    assert receiver.names[count:] == ["PC-1", "PC-2"]
    assert shown()["state"] == "active"


def test_a_receiver_that_comes_back_in_time_gets_everything(make_delivery, webhook, submit, clock, shown):
    """After 23 hours in which nothing listened, by itself."""
    with receiving(Receiver()) as receiver:
        pass
    delivery = make_delivery(replace(webhook, url=receiver.url))
    submit("PC-1", "PC-2")
    for _ in range(23 * 6):
        delivery.turn()
        clock.let_pass(minutes=10)
    assert shown()["lasterror"].startswith("could not be reached: ")

    with receiving(receiver):
        clock.let_pass(minutes=72)
        delivery.turn()

    assert receiver.names == ["PC-1", "PC-2"]
    assert shown()["state"] == "active"


@pytest.mark.parametrize("location", ["http://127.0.0.1:{port}/other", "https://example.com/"])
def test_redirects_are_not_followed(delivery, receiver, submit, shown, location):
    """Not even to the same host: the administrator named one address."""
    receiver.answer = answer_with(307, Location=location.format(port=receiver.port))
    submit("PC-1")

    delivery.turn()

    assert len(receiver.messages) == 1
    assert shown()["lasterror"] == "answered 307, and redirects are not followed"


def test_410_stops_at_once(delivery, receiver, submit, shown):
    """The receiver wants no more."""
    receiver.answer = answer_with(410)
    submit("PC-1")

    delivery.turn()

    assert (shown()["state"], shown()["lasterror"]) == ("stopped", "answered 410")


def hang(_handler) -> None:
    time.sleep(20)


def drip(handler) -> None:
    for _ in range(200):
        handler.wfile.write(b"H" if _ == 0 else b"T")
        handler.wfile.flush()
        time.sleep(0.1)


@pytest.mark.parametrize("answer", [hang, drip])
def test_an_attempt_ends_in_time(make_delivery, receiver, submit, shown, answer):
    """Whether nothing comes, or a byte now and then."""
    delivery = make_delivery(timeout=0.5)
    receiver.answer = answer
    submit("PC-1")
    started = time.monotonic()

    delivery.turn()

    assert time.monotonic() - started < 10
    assert shown()["lasterror"] == "did not answer within 0.5 s"


def test_an_endless_answer_is_not_read(delivery, receiver, submit):
    """Its status counts; the next message is sent on another connection."""

    def answer(handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while True:
            handler.wfile.write(b"400\r\n" + b"x" * 1024 + b"\r\n")

    receiver.answer = answer
    submit("PC-1", "PC-2")

    delivery.turn()

    assert receiver.names == ["PC-1", "PC-2"]


def test_no_proxy_of_the_environment_is_used(monkeypatch, make_delivery, receiver, submit):
    """The address of the file is the address that is reached."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    delivery = make_delivery()
    submit("PC-1")

    delivery.turn()

    assert receiver.names == ["PC-1"]


@pytest.mark.every_database
def test_one_process_delivers_at_a_time(make_delivery, receiver, submit, clock):
    """Another one takes over when the first is silent for half a minute, or ends."""
    first, second = make_delivery(), make_delivery()
    submit("PC-1")
    first.turn()
    submit("PC-2")
    second.turn()
    assert receiver.names == ["PC-1"]
    clock.let_pass(seconds=31)
    second.turn()
    assert receiver.names == ["PC-1", "PC-2"]
    submit("PC-3")
    first.turn()
    assert receiver.names == ["PC-1", "PC-2"]
    second.release()
    first.turn()
    assert receiver.names == ["PC-1", "PC-2", "PC-3"]


def test_a_webhook_that_missed_what_was_pruned_stops(make_delivery, webhook, receiver, submit, shown):
    """Nothing is passed over silently; the reason says what to do."""
    shop = shown.shop
    shop.webhooks = [replace(webhook, name="all", selection=Selection())]
    delivery = make_delivery(shop.webhooks[0])
    submit("PC-1", "PC-1", "PC-1")
    later = datetime.now(UTC) + timedelta(seconds=1)
    list(prune(shop.store, shop.chain, [Expiry("noop", later, later)]))

    delivery.turn()

    assert receiver.messages == []
    assert shown()["state"] == "stopped"
    assert "were pruned" in shown()["lasterror"]


def test_what_passes_over_is_saved_now_and_then(make_delivery, webhook, submit, shown, monkeypatch):
    """So that a webhook which gets little does not fall behind what pruning deletes."""
    monkeypatch.setattr(module, "PASS_SECONDS", 0)
    few = replace(webhook, name="few", selection=Selection(plugins=("printers",)))
    shown.shop.webhooks = [few]
    delivery = make_delivery(few)
    submit("PC-1", "PC-2")
    assert shown()["behind"] == 2

    delivery.turn()

    assert shown()["behind"] == 0


@pytest.mark.usefixtures("delivery")
def test_a_removed_webhook_is_shown_as_such(shown):
    """Its state stays."""
    shown.shop.webhooks = []

    assert shown()["state"] == "removed"
