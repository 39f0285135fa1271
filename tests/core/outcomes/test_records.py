"""The tables of refusals and of counts: bounded, added up by many processes, and erased for an asset."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from shopdb_core.assets.identity import identity_key
from shopdb_core.errors import Fault
from shopdb_core.outcomes import recorder, records
from shopdb_core.outcomes.recorder import Recorder
from shopdb_core.outcomes.records import Refusal, erase_refusals, list_counts, newest_refusals

pytestmark = pytest.mark.every_database

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FAULTS = (Fault("/osname", "type", "must be a string"), Fault("/memorygb", "minimum", "must be at least 1"))


def refused(status: int = 422, **values: object) -> Refusal:
    return Refusal(
        **{"plugin": "computers", "status": status, "requestid": "r1", "clientaddress": None, **values}
    )


@pytest.fixture
def recording(shop):
    """Return a recorder that writes when the test says so, on the day of the test."""
    return Recorder(shop.store, interval=3600, clock=lambda: NOW)


def counts(shop) -> dict[tuple[object, ...], int]:
    """Return every count, by plugin, source and outcome."""
    found = shop.store.read(lambda connection: list_counts(connection, after=0, limit=1000))
    return {(each["plugin"], each["source"], each["outcome"]): each["count"] for each in found}


def refusals(shop) -> list[dict]:
    return shop.store.read(lambda connection: newest_refusals(connection, 100_000))


def test_outcomes_are_counted_by_plugin_source_and_reason(shop, recording):
    """The reason is the status, with the keyword of the first fault; what does not exist is null."""
    for action in ("created", "noop", "noop"):
        recording.count("computers", action)
    recording.count("computers", "noop", "pxe")
    recording.refused(refused(faults=FAULTS, source="pxe"))
    recording.refused(refused(404, plugin=None))

    recording.write()

    assert counts(shop) == {
        ("computers", None, "created"): 1,
        ("computers", None, "noop"): 2,
        ("computers", "pxe", "noop"): 1,
        ("computers", "pxe", "422 type"): 1,
        (None, None, "404"): 1,
    }


def test_a_refusal_is_kept_without_its_messages(shop, recording):
    """A message may quote a value; pointer and keyword say what to correct."""
    recording.refused(refused(faults=FAULTS, identityvalue="PC-1", source="pxe", clientaddress="10.0.0.7"))

    recording.write()

    assert refusals(shop) == [
        {
            "refusalid": 1,
            "at": NOW,
            "plugin": "computers",
            "source": "pxe",
            "clientaddress": "10.0.0.7",
            "requestid": "r1",
            "status": 422,
            "errors": [
                {"pointer": "/osname", "keyword": "type"},
                {"pointer": "/memorygb", "keyword": "minimum"},
            ],
            "identityvalue": "PC-1",
        }
    ]


def test_processes_add_to_the_same_counts(shop):
    """No addition is lost, and none is made twice, whoever is first."""
    start = threading.Barrier(4)

    def work() -> None:
        process = Recorder(shop.store, interval=3600, clock=lambda: NOW)
        start.wait(10)
        for number in range(20):
            process.count("computers", "noop")
            process.count("printers", f"outcome {number % 3}")
            process.refused(refused(requestid=f"r{number}"))
            process.write()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    found = counts(shop)
    assert found["computers", None, "noop"] == found["computers", None, "422"] == 80
    assert sum(number for (plugin, *_), number in found.items() if plugin == "printers") == 80
    assert len(found) == 5
    assert shop.count("refusal") == 80


def test_the_newest_refusals_are_kept(shop, recording, monkeypatch):
    """Those without a valid key have a limit of their own, so that a flood of them pushes out no other."""
    monkeypatch.setattr(records, "MOST_REFUSALS", 5)
    monkeypatch.setattr(records, "MOST_UNAUTHENTICATED", 3)
    for number in range(8):
        recording.refused(refused(requestid=f"first-{number}"))
    recording.write()
    for number in range(50):
        recording.refused(refused(401 if number % 2 else 429, requestid=f"flood-{number}"))
    recording.write()

    kept = [each["requestid"] for each in refusals(shop)]

    assert kept == [*(f"first-{number}" for number in range(3, 8)), "flood-47", "flood-48", "flood-49"]
    assert counts(shop)["computers", None, "422"] == 8
    assert counts(shop)["computers", None, "401"] == 25


def test_counts_are_deleted_after_400_days(shop):
    """By the first write of a day."""
    today = [NOW]
    process = Recorder(shop.store, interval=3600, clock=lambda: today[0])
    for days in (0, 1, 400, 401):
        today[0] = NOW + timedelta(days=days)
        process.count("computers", "noop")
        process.write()

    found = shop.store.read(lambda connection: list_counts(connection, after=0, limit=10))

    assert [each["day"] for each in found] == [
        date(2026, 11, 23),
        date(2027, 12, 27),
        date(2027, 12, 28),
    ]


def test_the_refusals_of_an_asset_are_erased(shop, recording):
    """In any spelling of its identity; those of others, and those without an identity, stay."""
    for plugin, identity in (
        ("computers", "PC-1"),
        ("computers", "pc-1"),
        ("computers", "PC-2"),
        ("computers", None),
        ("printers", "PC-1"),
    ):
        recording.refused(refused(plugin=plugin, identityvalue=identity))
    recording.write()

    number = shop.store.transaction(
        lambda connection: erase_refusals(connection, "computers", identity_key("Pc-1"))
    )

    assert number == 2
    assert [(each["plugin"], each["identityvalue"]) for each in refusals(shop)] == [
        ("computers", "PC-2"),
        ("computers", None),
        ("printers", "PC-1"),
    ]


def test_the_longest_texts_fit(shop, recording):
    """Names, pointers and identities of the greatest length, outside of the basic plane."""
    wide = "\U0001f5a8"
    faults = [Fault(f"/{wide * 5000}", "unevaluatedProperties", "x")] * 20
    longest = refused(
        plugin="p" * 40,
        source=wide * 40,
        requestid="r" * 64,
        clientaddress="a" * 45,
        faults=faults,
        identityvalue=wide * 255,
    )
    recording.refused(longest)

    recording.write()

    (kept,) = refusals(shop)
    assert (kept["identityvalue"], kept["source"]) == (wide * 255, wide * 40)
    assert [len(error["pointer"]) for error in kept["errors"]] == [records.LONGEST_POINTER] * 20
    assert recorder.MOST_WAITING * len(str(kept)) < 10_000_000
