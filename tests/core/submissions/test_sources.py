"""Sources: the name of a key in entries and reads, ranked values, and submissions that come late."""

from datetime import UTC, datetime, timedelta

import pytest
from shops import KEY
from sqlalchemy import update

from shopdb_core.audit.verifying.verify import verify
from shopdb_core.store.tables import asset, assetsource

pytestmark = [pytest.mark.every_database, pytest.mark.every_way]

KEYS = {name: f"a-collector-key-of-{name}-0123456789-abcdef" for name in ("glpi", "pxe", "agent")}
NAMED = tuple(f"{name}:{key}" for name, key in KEYS.items())

AGENT = {"hostname": "PC-1", "osname": "Debian GNU/Linux 13", "memorygb": 16, "ipaddress": "10.0.0.5"}
COLLECTED = {"hostname": "pc-1", "osname": "Debian 13", "memorygb": 15, "cputype": "Xeon"}


@pytest.fixture
def named(make_shop):
    """Return a site whose keys have names, and one has none."""
    return make_shop(shared_keys=(*NAMED, KEY))


@pytest.fixture
def ranked(make_shop):
    """Return a site that believes glpi more than pxe, and both more than all others."""
    return make_shop(shared_keys=(*NAMED, KEY), sources={"computers": ("glpi", "pxe")})


def post(shop, source, submission, **headers):
    """Submit with the key of a source."""
    key = {"X-API-Key": KEYS.get(source, KEY)}
    answer = shop.post("computers", submission, **key, **headers)
    assert answer.status_code in (200, 201), answer.text
    return answer.json


def shown(shop, assetid=1):
    """Return the attributes and the sources of an asset, by name."""
    found = shop.get(f"/api/assets/{assetid}").json
    return found["attributes"], {each.pop("source"): each for each in found["sources"]}


def entries(shop, assetid=1):
    """Return source and action of each entry of an asset."""
    items = shop.get(f"/api/assets/{assetid}/history").json["items"]
    return [(each["source"], each["action"]) for each in items]


def faults(shop):
    """Return what `shopdb audit verify` finds."""
    secondary = shop.plugins.secondary_identities()
    return [fault for each in verify(shop.store, shop.chain, secondary) for fault in each.faults]


def ago(**time):
    """Return a time of collection in the past, as a header."""
    return {"X-Collected-At": (datetime.now(UTC) - timedelta(**time)).isoformat()}


def let_pass(shop, source, **time):
    """Let time pass since the last submission of a source."""
    then = datetime.now(UTC) - timedelta(**time)
    statement = update(assetsource).where(assetsource.c.source == source).values(lastseenat=then)
    shop.store.transaction(lambda connection: connection.execute(statement))


def test_entries_name_the_source(named):
    """A key without a name is no source; each source has its own time."""
    for source in ("glpi", None, "pxe"):
        post(named, source, {"hostname": "PC-1", "osname": f"by {source}"})

    assert entries(named) == [("glpi", "created"), (None, "updated"), ("pxe", "updated")]
    _, sources = shown(named)
    assert set(sources) == {"glpi", None, "pxe"}
    assert sources["glpi"]["lastseenat"] < sources[None]["lastseenat"] < sources["pxe"]["lastseenat"]
    assert faults(named) == []


def test_a_site_without_names_keeps_no_sources(shop):
    """It pays nothing for them."""
    shop.post("computers", AGENT)
    shop.post("computers", AGENT)

    assert shop.count("assetsource") == 0
    assert shown(shop)[1] == {}


def test_a_first_name_keeps_when_the_others_submitted(named):
    """What was submitted before without a name has a row of its own from then on."""
    post(named, None, AGENT)
    before = named.get("/api/assets/1").json["lastseenat"]
    post(named, "glpi", AGENT)

    _, sources = shown(named)
    assert sources[None]["lastseenat"] == before
    assert faults(named) == []


def test_two_collectors_that_alternate_are_noops_after_the_first_round(ranked):
    """Two honest collectors of one device, twenty times in turn: two entries that change (contract 4)."""
    actions = [
        post(ranked, source, submission)["action"]
        for _ in range(20)
        for source, submission in (("glpi", AGENT), ("pxe", COLLECTED))
    ]

    assert actions == ["created", "updated", *["noop"] * 38]
    attributes, sources = shown(ranked)
    assert attributes == {**COLLECTED, **AGENT, "hostname": attributes["hostname"]}
    assert sources["pxe"]["othervalues"] == {"osname": "Debian 13", "memorygb": 15}
    assert sources["glpi"]["othervalues"] == {}
    assert faults(ranked) == []


def test_unranked_sources_overwrite_each_other(named):
    """As before: without a ranking every submission counts."""
    actions = [
        post(named, source, submission)["action"]
        for source, submission in [("glpi", AGENT), ("pxe", COLLECTED)] * 3
    ]

    assert actions == ["created", *["updated"] * 5]


def test_the_order_of_arrival_does_not_matter(ranked):
    """The value of the higher source replaces that of the lower one, which is kept beside it."""
    post(ranked, "pxe", COLLECTED)
    assert post(ranked, "glpi", AGENT)["action"] == "updated"

    attributes, sources = shown(ranked)
    assert attributes["osname"] == AGENT["osname"]
    assert sources["pxe"]["othervalues"]["osname"] == COLLECTED["osname"]


def test_null_withdraws_the_value_of_a_source(ranked):
    """Then that of the next source stands; the field is cleared when none is left."""
    post(ranked, "pxe", COLLECTED)
    post(ranked, "glpi", AGENT)

    post(ranked, "glpi", {"hostname": "PC-1", "osname": None})
    assert shown(ranked)[0]["osname"] == COLLECTED["osname"]

    post(ranked, "pxe", {"hostname": "PC-1", "osname": None})
    assert "osname" not in shown(ranked)[0]
    assert faults(ranked) == []


def test_what_was_there_before_the_ranking_counts_least(ranked):
    """A ranked source replaces it, a name that is not ranked overwrites it."""
    post(ranked, None, {**AGENT, "osname": "old", "cputype": "old"})
    post(ranked, "agent", {"hostname": "PC-1", "cputype": "by the agent"})
    post(ranked, "pxe", {"hostname": "PC-1", "osname": "by pxe"})
    post(ranked, "agent", {"hostname": "PC-1", "osname": "by the agent"})

    attributes, sources = shown(ranked)
    assert (attributes["osname"], attributes["cputype"]) == ("by pxe", "by the agent")
    assert sources[None]["othervalues"] == {"osname": "by the agent"}


def test_a_site_that_begins_to_rank(make_shop):
    """What named keys gave before the ranking is overwritten by the ranked ones that give it."""
    named = make_shop(shared_keys=NAMED)
    post(named, "pxe", COLLECTED)
    shop = make_shop(
        shared_keys=NAMED, sources={"computers": ("glpi", "pxe")}, database_url=named.settings.database_url
    )
    post(shop, "glpi", {"hostname": "PC-1", "osname": "by glpi"})
    post(shop, "pxe", COLLECTED)

    attributes, sources = shown(shop)
    assert (attributes["osname"], attributes["cputype"]) == ("by glpi", "Xeon")
    assert sources["pxe"]["othervalues"] == {"osname": COLLECTED["osname"]}
    assert faults(shop) == []


def test_a_silent_source_loses_its_rank(ranked):
    """After 30 days without a submission the values of others stand, and again when it returns."""
    post(ranked, "glpi", AGENT)
    post(ranked, "pxe", COLLECTED)
    let_pass(ranked, "glpi", days=31)

    assert post(ranked, "pxe", COLLECTED)["action"] == "updated"
    assert shown(ranked)[0]["osname"] == COLLECTED["osname"]
    assert post(ranked, "glpi", AGENT)["action"] == "updated"
    assert shown(ranked)[0]["osname"] == AGENT["osname"]
    assert faults(ranked) == []


def test_the_value_of_a_silent_source_stands_where_no_other_gives_one(ranked):
    """It comes last, and is not lost."""
    post(ranked, "glpi", AGENT)
    let_pass(ranked, "glpi", days=31)

    post(ranked, "pxe", {"hostname": AGENT["hostname"], "osname": None})

    assert shown(ranked)[0]["osname"] == AGENT["osname"]
    assert faults(ranked) == []


def test_the_silence_is_a_setting(make_shop):
    """A site whose agent reports once a quarter says so."""
    shop = make_shop(shared_keys=NAMED, sources={"computers": ("glpi", "pxe")}, source_silence_days=100)
    post(shop, "glpi", AGENT)
    let_pass(shop, "glpi", days=99)

    post(shop, "pxe", COLLECTED)

    assert shown(shop)[0]["osname"] == AGENT["osname"]


def test_a_source_that_is_renamed_keeps_its_values_until_another_gives_them(make_shop, ranked):
    """A name that is no longer ranked is one of the others."""
    post(ranked, "glpi", AGENT)
    renamed = make_shop(
        shared_keys=NAMED, sources={"computers": ("agent", "pxe")}, database_url=ranked.settings.database_url
    )
    post(renamed, "pxe", {"hostname": "PC-1", "osname": "by pxe"})

    attributes, _ = shown(renamed)
    assert (attributes["osname"], attributes["memorygb"]) == ("by pxe", 16)
    assert faults(renamed) == []


def test_a_late_submission_changes_nothing(named):
    """A spool that arrives after what the same source submitted later is an audited noop with a warning."""
    post(named, "pxe", {"hostname": "PC-1", "osname": "new"}, **ago(hours=1))
    before = named.get("/api/assets/1").json

    late = post(named, "pxe", {"hostname": "PC-1", "osname": "old"}, **ago(hours=2))

    assert late["action"] == "noop"
    assert late["warnings"] == [
        "X-Collected-At: is older than what the same source submitted last of asset 1; nothing was changed"
    ]
    assert named.get("/api/assets/1").json == before
    assert entries(named) == [("pxe", "created"), ("pxe", "noop")]
    assert faults(named) == []


def test_late_is_counted_for_each_source(named):
    """What one source submits says nothing of another's spool."""
    post(named, "pxe", {"hostname": "PC-1", "osname": "new"}, **ago(hours=1))

    assert post(named, "glpi", {"hostname": "PC-1", "memorygb": 8}, **ago(hours=2))["action"] == "updated"


@pytest.mark.parametrize("repeated", [False, True])
def test_late_without_a_name(shop, repeated):
    """A key without a name is one source; a body that was seen before is late as well."""
    now = {"hostname": "PC-1", "osname": "new"}
    shop.post("computers", now)
    late = shop.post("computers", now if repeated else {**now, "osname": "old"}, **ago(hours=1)).json

    assert (late["action"], len(late["warnings"])) == ("noop", 1)
    assert shown(shop)[0]["osname"] == "new"
    assert faults(shop) == []


def test_the_asset_was_seen_when_it_was_collected(shop):
    """Not when the spool arrived; a later submission brings it forward."""
    collected = ago(days=3)
    shop.post("computers", AGENT, **collected)
    assert shop.get("/api/assets/1").json["lastseenat"].startswith(collected["X-Collected-At"][:19])

    shop.post("computers", AGENT)
    assert shop.get("/api/assets/1").json["lastseenat"] > (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert faults(shop) == []


def test_a_clock_that_is_ahead(shop):
    """Up to five minutes count as now; more is taken as now, with a warning."""
    ahead = [
        {"X-Collected-At": (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()}
        for minutes in (4, 90)
    ]
    near, far = (shop.post("computers", AGENT, **each).json for each in ahead)

    assert near["warnings"] == []
    assert far["warnings"] == [
        (
            "X-Collected-At: is 89 minutes ahead of the server's clock and was taken as now; "
            "check the clock of the client"
        )
    ]
    assert shop.get("/api/assets/1").json["lastseenat"] <= datetime.now(UTC).isoformat()


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2026-11-27",
        "2026-11-27T08:30:00",
        "2026-13-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "",
    ],
)
def test_a_time_that_cannot_be_read(shop, text):
    """It is the sender's fault, and nothing is stored."""
    answer = shop.post("computers", AGENT, **{"X-Collected-At": text})

    assert answer.status_code == 400
    assert "X-Collected-At is not an RFC 3339 date-time" in answer.json["detail"]
    assert shop.count("asset") == 0


def test_a_dry_run_keeps_no_source(ranked):
    """It shows what stands, and writes nothing."""
    post(ranked, "glpi", AGENT)
    answer = ranked.post("computers", COLLECTED, "?dryrun=true", **{"X-API-Key": KEYS["pxe"]}).json

    assert answer["diff"] == {"cputype": {"before": None, "after": "Xeon"}}
    assert set(shown(ranked)[1]) == {"glpi"}


def test_a_batch_has_one_source(ranked):
    """Every line of it, in order."""
    lines = b"".join(b'{"hostname": "PC-1", "osname": "%s"}\n' % name for name in (b"one", b"two", b"two"))
    answer = ranked.client.simulate_post(
        "/api/collector/computers/_batch",
        body=lines,
        headers={"X-API-Key": KEYS["glpi"], "Content-Type": "application/x-ndjson"},
    )

    assert answer.status_code == 200
    assert entries(ranked) == [("glpi", "created"), ("glpi", "updated"), ("glpi", "noop")]
    assert faults(ranked) == []


def test_a_person_s_edit_of_the_row_is_compared(ranked):
    """An asset's own row says that it has sources, under the seal."""
    post(ranked, "glpi", AGENT)
    ranked.store.transaction(lambda connection: connection.execute(update(asset).values(hassources=False)))

    assert [fault.assetid for fault in faults(ranked)] == [1]
