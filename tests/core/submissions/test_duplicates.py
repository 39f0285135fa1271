"""What a submission finds out about duplicates: warnings, `/api/duplicates`, and when an asset is adopted."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from shops import ORIGIN
from sqlalchemy import update

from shopdb_core.store import Statement
from shopdb_core.store.tables import asset, evidencemove

pytestmark = [pytest.mark.every_database, pytest.mark.every_way]

DOCK = "00:1A:2B:00:00:D0"
ONE, OTHER = "00:1A:2B:00:00:01", "00:1A:2B:00:00:02"


def submit(shop, hostname, macaddress=None, **more):
    """Submit a computer with an address."""
    return shop.submit("computers", {"hostname": hostname, "macaddress": macaddress, **more})


def findings(shop, kind=None):
    """Return kind, value and the two names of what is listed."""
    items = shop.get(f"/api/duplicates?kind={kind}" if kind else "/api/duplicates").json["items"]
    return [
        (each["kind"], each["value"], each["identityvalue"], each["otheridentityvalue"]) for each in items
    ]


def let_pass(shop, **time):
    """Let time pass since the last submissions."""
    now = datetime.now(UTC)

    def work(connection):
        connection.execute(update(asset).values(lastseenat=now - timedelta(**time)))
        for row in connection.execute(evidencemove.select()).all():
            moved = update(evidencemove).where(evidencemove.c.moveid == row.moveid)
            connection.execute(moved.values(at=row.at - timedelta(**time)))

    shop.store.transaction(work)


@pytest.fixture
def statements(monkeypatch):
    """Return the compiled statements that run from now on, as SQL."""
    ran = []
    run = Statement.run

    def recorded(self, connection, values):
        ran.append(str(self._element))
        return run(self, connection, values)

    monkeypatch.setattr(Statement, "run", recorded)
    return ran


@pytest.fixture
def adopting(make_shop):
    """Return a site that adopts computers by their MAC address."""
    return make_shop(onmatch={"computers": "adopt"})


def test_thirty_laptops_at_one_dock_stay_thirty(adopting):
    """No laptop takes the asset of one that was submitted today; each keeps its own."""
    laptops = [{"hostname": f"LAPTOP-{number:02}", "memorygb": number} for number in range(30)]
    for action in ("created", "noop"):
        answers = [submit(adopting, macaddress=DOCK, **laptop) for laptop in laptops]
        assert {answer.action for answer in answers} == {action}
        assert adopting.count("asset") == 30


def test_thirty_laptops_in_one_batch_stay_thirty(adopting):
    """A batch takes the same path."""
    lines = [{"hostname": f"LAPTOP-{number:02}", "macaddress": DOCK} for number in range(30)]

    results = adopting.submissions.submit_many("computers", lines, ORIGIN)

    assert {result.action for result in results} == {"created"}
    assert adopting.count("asset") == 30


def test_an_asset_is_adopted_after_a_day_without_its_old_name(adopting):
    """Until then it is flagged, and the warning says why it is not adopted."""
    first = submit(adopting, "PC-OLD", ONE)
    let_pass(adopting, hours=23)
    dry = adopting.submit("computers", {"hostname": "PC-NEW", "macaddress": ONE}, dryrun=True)
    assert dry.action == "created"
    assert dry.warnings == (
        (
            f"macaddress: also on PC-OLD (asset {first.assetid}), which was submitted within the last 24 "
            "hours and is not adopted; if this is that device renamed, merge them"
        ),
    )

    let_pass(adopting, hours=25)
    renamed = submit(adopting, "PC-NEW", ONE)

    assert (renamed.action, renamed.assetid) == ("updated", first.assetid)
    assert adopting.count("asset") == 1


def test_of_many_names_at_once_one_adopts(adopting):
    """Each waits for the lock of the asset, and looks again at when it was submitted."""
    first = submit(adopting, "PC-OLD", ONE)
    let_pass(adopting, hours=25)
    barrier = threading.Barrier(8)

    def adopt(number):
        barrier.wait()
        return submit(adopting, f"PC-{number}", ONE)

    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(adopt, range(8))]

    assert [answer.assetid for answer in answers if answer.action == "updated"] == [first.assetid]
    assert adopting.count("asset") == 8


def test_the_hours_are_a_setting_of_each_plugin(make_shop):
    """`SHOPDB_COMPUTERS_ADOPT_AFTER_HOURS`."""
    shop = make_shop(onmatch={"computers": "adopt"}, adopt_after_hours={"computers": 72})
    submit(shop, "PC-OLD", ONE)
    let_pass(shop, hours=71)
    assert shop.submit("computers", {"hostname": "PC-1", "macaddress": ONE}, dryrun=True).action == "created"
    let_pass(shop, hours=73)
    assert submit(shop, "PC-1", ONE).action == "updated"


def test_a_value_that_changed_hands_twice_adopts_nothing(adopting):
    """It is that of an adapter; after 30 days it may be a device's again."""
    actions = []
    for name in ("PC-1", "PC-2", "PC-3", "PC-4"):
        actions.append(submit(adopting, name, DOCK).action)
        let_pass(adopting, hours=25)
    assert actions == ["created", "updated", "updated", "created"]
    assert adopting.count("asset") == 2

    submit(adopting, "PC-4", ONE)
    let_pass(adopting, days=31)
    assert submit(adopting, "PC-5", DOCK).action == "updated"


def test_a_known_name_with_another_computers_address_is_swapped(shop):
    """Both assets and the address are named; the other half of a swap is not a second finding."""
    one, other = submit(shop, "PC-1", ONE), submit(shop, "PC-2", OTHER)

    swapped = submit(shop, "PC-1", OTHER)

    assert swapped.action == "updated"
    assert swapped.warnings == (
        (
            f"macaddress: also on PC-2 (asset {other.assetid}), and new for asset {one.assetid}; "
            "check whether the two devices swapped names"
        ),
    )
    assert submit(shop, "PC-2", ONE).warnings == ()
    assert findings(shop) == [("swapped", OTHER, "PC-1", "PC-2")]


def test_a_name_that_alternates_between_two_addresses_is_a_collision(shop):
    """Two machines share it: the first return to a known address is reported, a new adapter is not."""
    submit(shop, "PC-1", ONE)
    assert submit(shop, "PC-1", OTHER).warnings == ()
    assert findings(shop) == []

    answers = [submit(shop, "PC-1", address) for address in (ONE, OTHER)]

    assert answers[0].warnings == (
        (
            f"macaddress: alternates between {OTHER} and {ONE}; "
            f"check whether two devices share the hostname of asset {answers[0].assetid}"
        ),
    )
    assert len(answers[1].warnings) == 1
    assert findings(shop, "collision") == [("collision", ONE, "PC-1", "PC-1")]


def test_an_address_that_comes_back_after_a_month_is_no_collision(shop):
    """A part that was repaired."""
    submit(shop, "PC-1", ONE)
    submit(shop, "PC-1", OTHER)
    let_pass(shop, days=31)
    assert submit(shop, "PC-1", ONE).warnings == ()


def test_a_dock_in_turns_is_an_adapter_after_the_third_computer(shop):
    """The first two look like collisions; from then on nobody is warned, and nothing more is listed."""
    names = ["PC-1", "PC-2", "PC-3", "PC-4"]
    own = {name: f"00:1A:2B:00:01:{number:02}" for number, name in enumerate(names)}
    for name in names:
        submit(shop, name, own[name])
    for _ in range(2):
        for name in names:
            submit(shop, name, DOCK)
            submit(shop, name, own[name])
    answers = [submit(shop, name, address) for name in names for address in (DOCK, own[name])]

    assert [answer.warnings for answer in answers] == [()] * 8
    assert [(kind, name) for kind, _, name, _ in findings(shop)] == [
        ("collision", "PC-1"),
        ("collision", "PC-2"),
    ]


def test_a_placeholder_is_neither(shop):
    """Two machines of which one reports no address do not alternate."""
    submit(shop, "PC-2", "00:15:5D:00:00:01")
    for address in (ONE, "00:15:5D:00:00:01", ONE, None, ONE):
        assert submit(shop, "PC-1", address).warnings == ()
    assert findings(shop) == []


@pytest.mark.parametrize(
    ("one", "other"), [("vm", "vm.site.example"), ("VM.site.example", "vm"), ("vm.site", "vm.site.example")]
)
def test_a_short_and_a_qualified_name_are_connected(shop, one, other):
    """In any order and case."""
    first, second = submit(shop, one), submit(shop, other)

    assert second.action == "created"
    assert second.warnings == (
        (
            f"hostname: {one} (asset {first.assetid}) is a form of the same name; "
            "if both are one host, merge them"
        ),
    )
    assert findings(shop, "samehost") == [("samehost", None, one, other)]


@pytest.mark.parametrize(
    "names",
    [
        ("vm.one.example", "vm.two.example"),
        ("vm", "vm-2.site.example", "vm2.site.example"),
        ("10", "10.0.0.1", "10.0.0.2"),
        ("sn 1", "sn 1.b"),
    ],
)
def test_other_names_are_not(shop, names):
    """Two domains, names that begin alike, addresses, and what is not the name of a host."""
    assert [submit(shop, name).warnings for name in names] == [()] * len(names)
    assert findings(shop) == []


def test_a_pair_is_listed_until_one_has_another_address(shop):
    """With a third holder it is that of an adapter, too."""
    for name in ("PC-1", "PC-2"):
        submit(shop, name, ONE)
    assert findings(shop) == [("renamed", ONE, "PC-1", "PC-2")]
    submit(shop, "PC-2", OTHER)
    assert findings(shop) == []


def test_an_ignored_finding_is_neither_listed_nor_warned_about(shop):
    """An editor has looked at it; another finding of the assets is listed."""
    for address in (ONE, OTHER, ONE):
        submit(shop, "PC-1", address)
    (item,) = shop.get("/api/duplicates").json["items"]

    path = f"/api/duplicates/{item['duplicateid']}/ignore"
    assert shop.client.simulate_post(path, headers=shop.bearer("viewer")).status_code == 403
    for _ in range(2):
        answer = shop.client.simulate_post(path, headers=shop.bearer("editor"))
        assert (answer.status_code, answer.json) == (200, item)

    assert submit(shop, "PC-1", OTHER).warnings == ()
    assert findings(shop) == []
    submit(shop, "pc-1.site.example")
    assert [kind for kind, *_ in findings(shop)] == ["samehost"]
    unknown = shop.client.simulate_post("/api/duplicates/999/ignore", headers=shop.bearer("editor"))
    assert unknown.status_code == 404


def test_the_list_takes_a_kind_and_pages(shop):
    """`next` leads through all of them; an unknown kind is refused."""
    for name in ("a", "a.site.example", "b", "b.site.example", "c", "c.site.example"):
        submit(shop, name)
    first = shop.get("/api/duplicates?kind=samehost&limit=2").json
    rest = shop.get(f"/api/duplicates?kind=samehost&limit=2&after={first['next']}").json
    assert [item["identityvalue"] for item in (*first["items"], *rest["items"])] == ["a", "b", "c"]
    assert rest["next"] is None
    assert shop.get("/api/duplicates?kind=renamed").json["items"] == []
    assert shop.get("/api/duplicates?kind=twins").status_code == 400


def test_a_dry_run_warns_and_records_nothing(shop):
    """The list shows what was submitted."""
    submit(shop, "PC-1", ONE)
    answer = shop.submit("computers", {"hostname": "PC-2", "macaddress": ONE}, dryrun=True)
    assert len(answer.warnings) == 1
    assert findings(shop) == []
    assert shop.count("evidencemove") == 0


def test_a_noop_and_an_update_of_other_fields_run_no_statement_for_it(shop, statements):
    """Identity and evidence are as they were: the path of an ordinary submission costs what it did."""
    submit(shop, "PC-1", ONE)
    submit(shop, "PC-1", ONE, memorygb=8)
    statements.clear()
    submit(shop, "PC-1", ONE, memorygb=8)
    submit(shop, "PC-1", ONE, memorygb=16)
    assert statements
    assert [sql for sql in statements if "evidence" in sql or "duplicate" in sql] == []
