"""Housekeeping: a running server prunes by itself, and nothing that goes wrong there harms it."""

import logging
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import text

from shopdb_core.audit import prune
from shopdb_core.errors import Unavailable
from shopdb_core.server.background.housekeeping import Housekeeping
from shopdb_core.site import Site

PATIENCE_SECONDS = 60

SERVE_NOW = """
from shopdb_core.cli import main
from shopdb_core.server.background.housekeeping import Housekeeping
Housekeeping.__init__.__kwdefaults__["first"] = 0
main()
"""


class Lines(logging.Handler):
    """Keeps the log lines, and sets an event at the first one."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.arrived = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        self.arrived.set()


@pytest.fixture
def lines():
    """Return what housekeeping logs."""
    logger, handler = logging.getLogger("shopdb_core.server.background.housekeeping"), Lines()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.fixture
def old(shop, age):
    """Return a site with a computer, and three noops of which two are to go."""
    for _ in range(4):
        shop.submit("computers", {"hostname": "PC-1", "osname": "Debian"})
    age(shop.settings.database_url, shop.settings.secret_key, 31)
    shop.submit("computers", {"hostname": "PC-2", "osname": "Debian"})
    return shop


def test_it_prunes_and_says_so_in_one_line(old, lines):
    """The number of deleted entries is logged."""
    with Housekeeping(old, first=0):
        assert lines.arrived.wait(PATIENCE_SECONDS)

    assert [record.getMessage() for record in lines.records] == ["pruned 2 audit entries"]
    assert old.count("auditentry") == 3


def test_it_says_nothing_where_there_is_nothing(shop, lines):
    """An hour without anything to prune leaves no line."""
    with Housekeeping(shop, first=0, interval=0.001):
        shop.submit("computers", {"hostname": "PC-1", "osname": "Debian"})

    assert lines.records == []


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Unavailable("The disk is full."), "postponed: The disk is full."),
        (KeyError("secret"), "failed: KeyError"),
    ],
)
def test_what_fails_is_tried_again(old, lines, error, expected):
    """A line without traceback or content; the next time it works."""

    class FailsOnce(type(old.store)):
        def __init__(self, store):
            self.store, self.read, self.failed = store, store.read, False

        def transaction(self, work):
            if not self.failed:
                self.failed = True
                raise error
            return self.store.transaction(work)

    deadline = time.monotonic() + PATIENCE_SECONDS
    with Housekeeping(Site(old.settings, old.plugins, FailsOnce(old.store)), first=0, interval=0.01):
        while len(lines.records) < 2 and time.monotonic() < deadline:
            lines.arrived.wait(0.01)

    messages = [record.getMessage() for record in lines.records]
    assert messages[0].endswith(expected)
    assert lines.records[0].exc_info is None
    assert messages[1:] == ["pruned 2 audit entries"]


@pytest.mark.alone
def test_it_ends_at_once(shop):
    """Between two times there is nothing to wait for."""
    started = time.monotonic()

    with Housekeeping(shop):
        pass

    assert time.monotonic() - started < 5


def test_entries_kept_for_tampering_are_warned_of(old, lines):
    """They stay until an operator looks at them."""
    old.store.transaction(lambda connection: connection.execute(text("UPDATE auditentry SET actor = 'x'")))

    with Housekeeping(old, first=0):
        assert lines.arrived.wait(PATIENCE_SECONDS)

    assert "kept 2 old audit entries" in lines.records[0].getMessage()


def test_a_server_prunes_by_itself(site, age):
    """`shopdb serve` keeps house while it runs."""
    server = site.serve()
    for _ in range(4):
        server.submit("computers", {"hostname": "PC-1", "osname": "Debian"})
    server.stop()
    age(site.database.url, site.variables["SECRET_KEY"], 31)
    server = site.serve()
    server.submit("computers", {"hostname": "PC-2", "osname": "Debian"})
    server.stop()
    log = site.directory / "server.log"

    with log.open("w") as stderr, subprocess.Popen(
        [sys.executable, "-c", SERVE_NOW, "serve"],
        cwd=site.directory, env=site.environ, stdout=subprocess.PIPE, stderr=stderr, text=True,
    ) as process:  # fmt: skip
        assert "http://" in process.stdout.readline()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while _entries(site.database) > 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0

    assert _entries(site.database) == 3
    assert "pruned 2 audit entries" in log.read_text()


def test_more_than_the_share_of_a_day_is_warned_of(shop, age, lines, monkeypatch):
    """The operator learns that the clock may be wrong, and how to prune the rest."""
    monkeypatch.setattr(prune, "BATCH", 2)
    for _ in range(10):
        shop.submit("computers", {"hostname": "PC-1", "osname": "Debian"})
    age(shop.settings.database_url, shop.settings.secret_key, 31)
    shop.submit("computers", {"hostname": "PC-2", "osname": "Debian"})

    with Housekeeping(shop, first=0):
        assert lines.arrived.wait(PATIENCE_SECONDS)
    messages = [record.getMessage() for record in lines.records]

    assert messages[0] == "pruned 1 audit entries"
    assert "shopdb audit prune --force" in messages[1]


def _entries(database) -> int:
    ((count,),) = database.query("SELECT count(*) FROM auditentry")
    return count
