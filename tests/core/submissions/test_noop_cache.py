"""Bodies that changed nothing are cached; only the time of an answer depends on it."""

import pytest

from shopdb_core.errors import InvalidSubmission, MalformedBody
from shopdb_core.intake.http_body import Body
from shopdb_core.submissions import Origin
from shopdb_core.submissions.service import CachedNoop, NoopCache, body_digest
from shopdb_hookspecs import hookimpl

ORIGIN = Origin("tester", "request-1")
PC = Body(b'{"hostname": "PC-1", "osname": "Windows 11"}', None)
OTHER = Body(b'{"hostname": "pc-1", "osname": "Windows 10"}', None)


class Gauges:
    """A small plugin of the test, which counts the calls of its hook."""

    calls = 0

    @hookimpl
    def get_collector_schema(self):
        return {"identityfield": "gauge", "fields": {"gauge": {"type": "string"}}}

    @hookimpl
    def normalize_submission(self, submission):
        self.calls += 1
        return submission


@pytest.fixture
def submit(shop):
    """Return a function that submits the bytes of a computer."""

    def submit(body, **options):
        return shop.submissions.submit_body("computers", body, ORIGIN, **options)

    return submit


def test_each_of_equal_bodies_is_a_noop_with_its_own_audit_entry(shop, submit):
    """A cached body has an audit entry like any other."""
    answers = [submit(PC) for _ in range(4)]
    assert [answer.action for answer in answers] == ["created", "noop", "noop", "noop"]
    assert len({answer.assetid for answer in answers}) == 1
    entries = shop.rows(
        "SELECT action, diff, volatileonly, actor, requestid FROM auditentry ORDER BY auditid"
    )
    assert entries[1] == entries[2] == entries[3] == ("noop", "{}", 0, ORIGIN.actor, ORIGIN.requestid)


def test_a_cached_body_is_not_parsed_again(make_shop):
    """From the third time on, the plugin is not called."""
    gauges = Gauges()
    shop = make_shop({"gauges": gauges})
    for _ in range(4):
        shop.submissions.submit_body("gauges", Body(b'{"gauge": "G-1"}', None), ORIGIN)
    assert gauges.calls == 2
    assert shop.count("auditentry") == 4


def test_a_cached_body_updates_an_asset_that_has_changed_since(submit):
    """The same bytes are an update after another submission changed the asset."""
    for body in (PC, PC, PC, OTHER):
        submit(body)
    again = submit(PC)
    assert (again.action, again.diff["osname"]) == (
        "updated",
        {"before": "Windows 10", "after": "Windows 11"},
    )


def test_a_cached_body_has_its_warnings_each_time(submit):
    """The warnings about encoding and fields are cached with the noop."""
    marked = Body(b'\xef\xbb\xbf{"hostname": "PC-1", "osname": " W ", "nonsense": 1}', None)
    warnings = [submit(marked).warnings for _ in range(3)]
    assert warnings[0] == warnings[1] == warnings[2]
    assert len(warnings[0]) == 2


def test_a_body_cached_as_lenient_is_refused_without_the_preference(submit):
    """The preference is part of the key."""
    faulty = Body(b'{"hostname": "PC-1", "memorygb": "much"}', None)
    assert [submit(faulty, lenient=True).action for _ in range(3)] == ["created", "noop", "noop"]
    with pytest.raises(InvalidSubmission):
        submit(faulty)


def test_a_dry_run_of_a_cached_body_writes_nothing(shop, submit):
    """A dry run does not use the cache."""
    for _ in range(3):
        submit(PC)
    answer = submit(PC, dryrun=True)
    assert (answer.action, answer.diff, answer.matchedby) == ("noop", {}, "identity")
    assert shop.count("auditentry") == 3


def test_the_charset_is_part_of_the_key(submit):
    """The same bytes in another charset are another submission."""
    body = b'{"hostname": "PC-1", "osname": "W\xc3\xa4"}'
    assert [submit(Body(body, "utf-8")).action for _ in range(3)] == ["created", "noop", "noop"]
    assert submit(Body(body, "iso-8859-1")).action == "updated"
    with pytest.raises(MalformedBody):
        submit(Body(body, "ascii"))


def test_the_collector_is_part_of_the_key():
    """Each collector has its own declaration."""
    assert body_digest("computers", PC, lenient=False) != body_digest("printers", PC, lenient=False)


def test_the_least_recently_used_body_is_dropped():
    """The cache never exceeds its size."""
    cache, noop = NoopCache(size=2), CachedNoop(b"pc-1", b"hash", ())
    cache.put(b"a", noop)
    cache.put(b"b", noop)
    cache.get(b"a")
    cache.put(b"c", noop)
    assert [cache.get(key) for key in (b"a", b"b", b"c")] == [noop, None, noop]


def test_a_body_with_many_warnings_is_not_cached():
    """Its sentences would make the size of the cache unpredictable."""
    cache = NoopCache()
    cache.put(b"a", CachedNoop(b"pc-1", b"hash", ("a: …",) * 4))
    assert cache.get(b"a") is None
