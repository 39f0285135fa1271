"""A body whose bytes came last for its asset is recognised by its digest, and not prepared again."""

import pytest

from shopdb_core.errors import InvalidSubmission, MalformedBody
from shopdb_core.intake.http_body import Body
from shopdb_core.submissions import Origin, Submissions
from shopdb_hookspecs import hookimpl

ORIGIN = Origin("tester", "request-1")
PC = Body(b'{"hostname": "PC-1", "osname": "Windows 11"}', None)
OTHER = Body(b'{"hostname": "pc-1", "osname": "Windows 10"}', None)

pytestmark = [pytest.mark.every_database, pytest.mark.every_way]


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
    """A recognised body has an audit entry like any other."""
    answers = [submit(PC) for _ in range(4)]
    assert [answer.action for answer in answers] == ["created", "noop", "noop", "noop"]
    assert len({answer.assetid for answer in answers}) == 1
    entries = shop.rows(
        "SELECT action, diff, volatileonly, actor, requestid FROM auditentry ORDER BY auditid"
    )
    assert entries[1] == entries[2] == entries[3] == ("noop", "{}", 0, ORIGIN.actor, ORIGIN.requestid)


def test_a_recognised_body_is_not_prepared_again(make_shop):
    """The plugin is called for the first body only, also in a batch and after a restart of the server."""
    gauges = Gauges()
    shop = make_shop({"gauges": gauges})
    body = Body(b'{"gauge": "G-1"}', None)
    for _ in range(3):
        shop.submissions.submit_body("gauges", body, ORIGIN)
    restarted = Submissions(shop.settings, shop.plugins, shop.store, shop.chain, shop.recorder)
    results = restarted.submit_many("gauges", [body, body], ORIGIN)

    assert [result.action for result in results] == ["noop", "noop"]
    assert gauges.calls == 1
    assert shop.count("auditentry") == 5


def test_the_same_bytes_update_an_asset_that_has_changed_since(submit):
    """Another submission of the asset replaces the digest."""
    for body in (PC, PC, PC, OTHER):
        submit(body)
    again = submit(PC)
    assert (again.action, again.diff["osname"]) == (
        "updated",
        {"before": "Windows 10", "after": "Windows 11"},
    )


def test_bodies_of_one_asset_are_stored_in_order_in_a_batch(shop, submit):
    """The last body is recognised at first, but another one is stored before it."""
    submit(PC)
    results = shop.submissions.submit_many("computers", [OTHER, PC, PC], ORIGIN)
    assert [result.action for result in results] == ["updated", "updated", "noop"]


def test_a_body_has_its_warnings_each_time(submit):
    """A body with warnings is prepared each time."""
    marked = Body(b'\xef\xbb\xbf{"hostname": "PC-1", "osname": " W ", "nonsense": 1}', None)
    warnings = [submit(marked).warnings for _ in range(3)]
    assert warnings[0] == warnings[1] == warnings[2]
    assert len(warnings[0]) == 2


def test_a_body_that_was_lenient_is_refused_without_the_preference(submit):
    """The preference is part of the digest."""
    faulty = Body(b'{"hostname": "PC-1", "memorygb": "much"}', None)
    assert [submit(faulty, lenient=True).action for _ in range(3)] == ["created", "noop", "noop"]
    with pytest.raises(InvalidSubmission):
        submit(faulty)


def test_a_dry_run_of_a_recognised_body_writes_nothing(shop, submit):
    """It answers as for any other body."""
    for _ in range(3):
        submit(PC)
    answer = submit(PC, dryrun=True)
    assert (answer.action, answer.diff, answer.matchedby) == ("noop", {}, "identity")
    assert shop.count("auditentry") == 3


def test_the_charset_is_part_of_the_digest(submit):
    """The same bytes in another charset are another submission."""
    body = b'{"hostname": "PC-1", "osname": "W\xc3\xa4"}'
    assert [submit(Body(body, "utf-8")).action for _ in range(3)] == ["created", "noop", "noop"]
    assert submit(Body(body, "iso-8859-1")).action == "updated"
    with pytest.raises(MalformedBody):
        submit(Body(body, "ascii"))


def test_the_declaration_is_part_of_the_digest(make_shop):
    """A new declaration may take the same bytes in another way."""
    gauges = Gauges()
    shop = make_shop({"gauges": gauges})
    body = Body(b'{"gauge": "G-1"}', None)
    shop.submissions.submit_body("gauges", body, ORIGIN)
    collector = shop.plugins.collector("gauges")
    object.__setattr__(collector, "version", "2.0")
    newer = Submissions(shop.settings, shop.plugins, shop.store, shop.chain, shop.recorder)

    newer.submit_body("gauges", body, ORIGIN)

    assert gauges.calls == 2
