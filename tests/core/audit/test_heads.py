"""Heads: what only a document kept elsewhere finds."""

import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import insert

from shopdb_core.audit.checkpoints import join_runs
from shopdb_core.audit.verifying.head import Head, keep_head, public_key, read_head
from shopdb_core.errors import ConfigurationError
from shopdb_core.store.tables import audithead

pytest.importorskip("cryptography", reason="the extra `heads`")

KEY = "a-secret-key-for-tests-0123456789-abcdef"


def take(history: Any) -> Head:
    """Take a head as the command does, and read it back from its document."""
    at = datetime.now(UTC)
    head = history.shop.store.read(lambda connection: Head.of(connection, at))
    history.shop.store.transaction(lambda connection: keep_head(connection, head, at))
    return read_head(orjson.dumps(head.signed(KEY)), [public_key(KEY)])


def missing(history: Any, head: Head) -> list[str]:
    """Compare a head with what the audit holds now."""
    return history.shop.store.read(lambda connection: list(head.faults(connection)))


@pytest.fixture
def stocked(history: Any) -> Any:
    """Return a site with three computers, each submitted three times."""
    for number in (1, 2, 3):
        history.submit(f"PC-{number}", "A", "B", "B")
    return history


@pytest.mark.every_database
def test_a_head_covers_what_was_written(stocked: Any) -> None:
    """It counts assets and entries; later entries do not change what it covers."""
    head = take(stocked)
    assert (head.auditid, head.assets, head.entries) == (9, 3, 9)

    stocked.submit("PC-1", "C")
    stocked.submit("PC-4", "A")

    assert missing(stocked, head) == []
    assert take(stocked).root != head.root


@pytest.mark.parametrize(
    ("edits", "finding"),
    [
        (
            ["DELETE FROM auditentry WHERE auditid > 6 AND assetid = 3"],
            "the head has entries up to 9, and the newest entry is 6",
        ),
        (
            ["DELETE FROM auditentry WHERE assetid = 2"],
            "the head has 3 assets up to entry 9, and the audit has 2",
        ),
        (
            ["DELETE FROM auditentry WHERE auditid = 5"],
            "the head has 9 entries up to entry 9, and the audit has 8",
        ),
        (
            ["UPDATE auditentry SET hash = previoushash WHERE auditid = 6"],
            "the entries up to 9 are not those",
        ),
    ],
    ids=["a cut tail", "a deleted asset", "a missing entry", "another entry"],
)
@pytest.mark.every_database
def test_what_is_missing_is_found(stocked: Any, edits: list[str], finding: str) -> None:
    """Each is consistent in itself, or would be after further edits."""
    head = take(stocked)

    stocked.tamper(*edits)

    assert any(finding in message for message in missing(stocked, head))


def test_an_older_backup_is_found(stocked: Any, tmp_path: Any) -> None:
    """Also after it was written to again, with other entries of the same ids."""
    file = stocked.shop.settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as site, closing(sqlite3.connect(tmp_path / "copy")) as copy:
        site.backup(copy)
    stocked.submit("PC-1", "C", "D")
    head = take(stocked)
    with closing(sqlite3.connect(file)) as site, closing(sqlite3.connect(tmp_path / "copy")) as copy:
        copy.backup(site)

    assert "an older backup was put back" in missing(stocked, head)[0]
    stocked.submit("PC-1", "E", "F", "G")
    assert missing(stocked, head) == ["the entries up to 11 are not those that the head was made of"]
    assert stocked.faults() == set()


def test_pruning_keeps_the_hashes_that_a_head_needs(stocked: Any) -> None:
    """A checkpoint ends at the head; without the head it would not."""
    head = take(stocked)
    for number in (1, 2, 3):
        stocked.submit(f"PC-{number}", "B", "B", "C")

    stocked.prune("noop")
    stocked.prune("change")

    assert missing(stocked, head) == []
    assert [checkpoint[1] for checkpoint in stocked.checkpoints()] == [3, 6, 9, 11, 14, 17]
    assert stocked.faults() == set()


def test_a_head_that_pruning_does_not_know_is_too_old(stocked: Any) -> None:
    """It cannot be verified, which is not a fault of the audit."""
    head = take(stocked)
    stocked.tamper("DELETE FROM audithead")
    stocked.submit("PC-1", "B", "C")
    stocked.prune("noop")
    stocked.prune("change")

    with pytest.raises(ConfigurationError, match="older than what was pruned since"):
        missing(stocked, head)


@pytest.mark.every_database
def test_heads_are_taken_beside_writers(stocked: Any) -> None:
    """Nothing that is unfinished when a head is taken counts as missing or as new afterwards."""
    heads = []

    def write(hostname: str) -> None:
        for osname in "ABCDEFGH":
            stocked.submit(hostname, osname)

    threads = [threading.Thread(target=write, args=[f"PC-{number}"]) for number in range(1, 6)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        heads.append(take(stocked))
    for thread in threads:
        thread.join()

    assert [missing(stocked, head) for head in heads] == [[] for _ in heads]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entries": 8}, "The signature of the head is wrong"),
        ({"publickey": "00" * 32}, "signed with another key"),
        ({"signature": "00"}, "The signature of the head is wrong"),
        ({"root": None}, "The signature of the head is wrong"),
        ({"more": 1}, "not a head"),
        ({"kind": "other"}, "The signature of the head is wrong"),
    ],
)
def test_a_forged_head_is_refused(change: dict[str, object], message: str) -> None:
    """Every member is signed."""
    head = Head("2026-01-01T00:00:00+00:00", 9, 9, 3, "00")
    document = {**head.signed(KEY), **change}

    with pytest.raises(ConfigurationError, match=message):
        read_head(orjson.dumps(document), [public_key(KEY)])


def test_a_gap_of_an_unfinished_transaction_is_waited_for(stocked: Any, age: Any) -> None:
    """The head ends below a recent gap; beside old entries a gap stays one."""
    stocked.tamper("UPDATE auditentry SET auditid = 19 WHERE auditid = 9")
    assert take(stocked).auditid == 8

    age(stocked.shop.settings.database_url, KEY, 1)
    assert take(stocked).auditid == 19


def test_old_heads_are_forgotten_but_one_a_month(history: Any) -> None:
    """Pruning would keep a checkpoint for each of them."""
    begin, now = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    rows = [{"auditid": day + 1, "at": begin + timedelta(day)} for day in range(90)]
    store = history.shop.store
    store.transaction(lambda connection: connection.execute(insert(audithead), rows))

    head = Head(now.isoformat(), 91, 0, 0, "00")
    store.transaction(lambda connection: keep_head(connection, head, now))

    kept = [auditid for (auditid,) in history.shop.rows("SELECT auditid FROM audithead ORDER BY auditid")]
    assert kept == [1, 32, *range(60, 92)]


def test_runs_are_not_joined_across_a_head() -> None:
    """Without heads there is nothing to keep apart."""
    assert join_runs([], [1]) == []
