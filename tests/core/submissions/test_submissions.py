"""Submitting from Python: the whole path, on a real database."""

import threading

import pytest

from shopdb_core.errors import InvalidSubmission, NotFound, PluginFailure, Unavailable
from shopdb_hookspecs import hookimpl

pytestmark = [pytest.mark.every_database, pytest.mark.every_way]

PC = {
    "hostname": "PC-1234",
    "osname": "Windows 11",
    "memorygb": 16,
    "macaddress": "00:1A:2B:3C:4D:5E",
    "installedsoftware": [{"name": "7-Zip", "version": "23.01"}, {"name": "Edge", "version": "120.0"}],
}


class Gauges:
    """A small plugin of the test: one identity, one volatile field, one list without an order."""

    def __init__(self) -> None:
        self.stored: list[tuple[object, object]] = []
        self.changes: list[object] = []
        self.failing = ""

    @hookimpl
    def get_collector_schema(self):
        return {
            "identityfield": "gauge",
            "secondaryidentity": "serial",
            "required": ["unit"],
            "fields": {
                "gauge": {"type": "string"},
                "serial": {"type": "string"},
                "unit": {"type": "string", "enum": ["mm", "in"]},
                "value": {"type": "number", "x-volatile": True},
                "marks": {"type": "array", "items": {"type": "object"}},
                "tags": {"type": "array", "items": {"type": "string", "maxLength": 3}},
            },
        }

    @hookimpl
    def store_asset(self, before, after):
        if self.failing == "store":
            raise ValueError("no")
        self.stored.append((before, after))

    @hookimpl
    def asset_changed(self, change):
        if self.failing == "observer":
            raise ValueError("no")
        self.changes.append(change)


@pytest.fixture
def gauges():
    """Return the plugin, which records its calls."""
    return Gauges()


@pytest.fixture
def gauge_shop(make_shop, gauges):
    """Return a site with that plugin alone."""
    return make_shop({"gauges": gauges})


def test_first_submission_creates(shop):
    """A new identity is a new asset, with everything in its diff as new."""
    answer = shop.submit("computers", PC)
    assert (answer.action, answer.identityvalue, answer.matchedby) == ("created", "PC-1234", None)
    assert answer.diff["memorygb"] == {"before": None, "after": 16}
    assert all(change["before"] is None for change in answer.diff.values())


def test_the_same_again_is_a_noop_with_its_own_audit_entry(shop):
    """Every submission that reached an asset writes exactly one entry."""
    first = shop.submit("computers", PC)
    second = shop.submit("computers", PC)
    assert (second.action, second.assetid, second.diff) == ("noop", first.assetid, {})
    assert shop.count("auditentry") == 2


@pytest.mark.parametrize("spelling", ["pc-1234", "  PC-1234 ", "Pc-1234"])
def test_another_spelling_of_the_identity_is_the_same_asset(shop, spelling):
    """The stored spelling stays the first one, so two pipelines do not overwrite each other's."""
    first = shop.submit("computers", PC)
    second = shop.submit("computers", {**PC, "hostname": spelling})
    assert (second.action, second.assetid, second.identityvalue) == ("noop", first.assetid, "PC-1234")


def test_reshuffled_software_is_a_noop(shop):
    """The order of programs means nothing."""
    shop.submit("computers", PC)
    again = {**PC, "installedsoftware": PC["installedsoftware"][::-1]}
    assert shop.submit("computers", again).action == "noop"


def test_one_changed_program_is_one_added_and_one_removed(shop):
    """The audit names the change and not the list."""
    shop.submit("computers", PC)
    newer = [{"name": "7-Zip", "version": "24.08"}, PC["installedsoftware"][1]]
    answer = shop.submit("computers", {"hostname": "PC-1234", "installedsoftware": newer})
    assert answer.action == "updated"
    assert answer.diff == {
        "installedsoftware": {
            "added": [{"name": "7-Zip", "version": "24.08"}],
            "removed": [{"name": "7-Zip", "version": "23.01"}],
        }
    }


def test_partial_submission_keeps_the_rest_and_null_clears(shop):
    """JSON Merge Patch at the top level."""
    assetid = shop.submit("computers", PC).assetid
    answer = shop.submit("computers", {"hostname": "PC-1234", "memorygb": None, "osversion": "23H2"})
    attributes = shop.get(f"/api/assets/{assetid}").json["attributes"]
    assert answer.diff == {
        "memorygb": {"before": 16, "after": None},
        "osversion": {"before": None, "after": "23H2"},
    }
    assert "memorygb" not in attributes
    assert attributes["osname"] == "Windows 11"


def test_a_partial_submission_between_two_full_ones_changes_nothing(shop):
    """The hash of the last submission is compared only with the next one."""
    shop.submit("computers", PC)
    assert shop.submit("computers", {"hostname": "PC-1234", "memorygb": 16}).action == "noop"
    assert shop.submit("computers", {"hostname": "PC-1234", "memorygb": 32}).action == "updated"
    assert shop.submit("computers", PC).diff == {"memorygb": {"before": 32, "after": 16}}


def test_volatile_changes_are_marked(gauge_shop):
    """A change of volatile fields alone can be kept for a shorter time."""
    gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm", "value": 1})
    gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm", "value": 2})
    gauge_shop.submit("gauges", {"gauge": "G1", "unit": "in", "value": 3})
    entries = gauge_shop.get("/api/audit").json["items"]
    assert [entry["volatileonly"] for entry in entries] == [False, True, False]


def test_a_dry_run_answers_as_without_it_and_writes_nothing(shop):
    """The same path, rolled back."""
    dry = shop.submit("computers", PC, dryrun=True)
    assert (dry.action, dry.assetid) == ("created", None)
    assert [
        shop.count(table) for table in ("asset", "auditentry", "assetevidence", "computers_software")
    ] == [0] * 4
    shop.submit("computers", PC)
    changed = {**PC, "memorygb": 8}
    assert shop.submit("computers", changed, dryrun=True) == shop.submit("computers", changed)


def test_faults_are_all_named_and_nothing_is_stored(shop):
    """A refusal lists every fault by its place as sent."""
    software = [{"name": "z"}, {"name": 5}, {"name": "a"}]
    with pytest.raises(InvalidSubmission) as refusal:
        shop.submit("computers", {"hostname": "PC-1", "memorygb": "much", "installedsoftware": software})
    assert {fault.pointer for fault in refusal.value.faults} == {"/memorygb", "/installedsoftware/1/name"}
    assert shop.count("asset") == 0


def test_a_lenient_submission_loses_the_invalid_value_only(gauge_shop):
    """RFC 7240: the field or the item at fault is dropped and named, its stored value kept."""
    gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm", "value": 1, "tags": ["a"]})
    answer = gauge_shop.submit(
        "gauges", {"gauge": "G1", "unit": "mm", "value": "x", "tags": ["b", "long", "c"]}, lenient=True
    )
    assert answer.diff == {"tags": {"before": ["a"], "after": ["b", "c"]}}
    assert any("/tags/1" in warning for warning in answer.warnings)
    assert any(warning.startswith("value") for warning in answer.warnings)


@pytest.mark.parametrize(
    "submission",
    [{"gauge": "G1", "unit": "cm"}, {"gauge": "G1"}, {"unit": "mm"}, {"gauge": "G1", "unit": None}],
)
def test_a_lenient_submission_still_needs_what_is_required(gauge_shop, submission):
    """Identity and required fields must be right."""
    with pytest.raises(InvalidSubmission):
        gauge_shop.submit("gauges", submission, lenient=True)


def test_a_failing_store_asset_refuses_the_whole_submission(gauge_shop, gauges):
    """The plugin's tables and the asset are one transaction; the error names plugin and hook."""
    gauges.failing = "store"
    with pytest.raises(PluginFailure, match=r"gauges .*store_asset"):
        gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm"})
    assert (gauge_shop.count("asset"), gauge_shop.count("auditentry")) == (0, 0)


def test_store_asset_sees_before_and_after_and_no_noop(gauge_shop, gauges):
    """Called on created and updated only."""
    gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm"})
    gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm"})
    gauge_shop.submit("gauges", {"gauge": "G1", "unit": "in"})
    before, after = {"gauge": "G1", "unit": "mm"}, {"gauge": "G1", "unit": "in"}
    assert gauges.stored == [(None, before), (before, after)]


def test_observers_are_called_after_the_commit(gauge_shop, gauges):
    """`asset_changed` gets the audit entry; it is not called for a noop or a dry run."""
    gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm"})
    gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm"})
    gauge_shop.submit("gauges", {"gauge": "G1", "unit": "in"}, dryrun=True)
    (change,) = gauges.changes
    assert (change.action, change.plugin, change.auditid, change.actor) == ("created", "gauges", 1, "tester")


def test_a_failing_observer_has_no_effect_on_the_submission(gauge_shop, gauges, caplog):
    """The submission is stored; the log names the plugin and not the payload."""
    gauges.failing = "observer"
    assert gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm"}).action == "created"
    assert "asset_changed raised ValueError" in caplog.text


def test_a_secondary_identity_on_another_asset_is_flagged(gauge_shop):
    """By default nothing moves: a new asset, a warning, and the pair among the duplicates."""
    first = gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm", "serial": "SN-77"})
    second = gauge_shop.submit("gauges", {"gauge": "G2", "unit": "mm", "serial": "sn-77"})
    assert second.action == "created"
    assert second.warnings == (
        f"serial: also on G1 (asset {first.assetid}); if this is that device renamed, merge them",
    )
    (pair,) = gauge_shop.get("/api/duplicates").json["items"]
    assert (pair["assetid"], pair["otherassetid"]) == (first.assetid, second.assetid)


def test_a_value_on_three_assets_is_ignored(gauge_shop):
    """It is the address of a docking station or adapter."""
    for name in ("G1", "G2"):
        gauge_shop.submit("gauges", {"gauge": name, "unit": "mm", "serial": "DOCK-1"})
    third = gauge_shop.submit("gauges", {"gauge": "G3", "unit": "mm", "serial": "DOCK-1"})
    assert third.warnings == ()
    assert gauge_shop.get("/api/duplicates").json["items"] == []


def test_a_placeholder_is_ignored(gauge_shop):
    """Many devices have a vendor's default text."""
    for name in ("G1", "G2"):
        answer = gauge_shop.submit("gauges", {"gauge": name, "unit": "mm", "serial": "Default string"})
        assert answer.warnings == ()


def test_a_site_may_adopt_by_the_secondary_identity(make_shop, gauges):
    """The matched asset takes the new identity; the diff has the old one."""
    shop = make_shop({"gauges": gauges}, onmatch={"gauges": "adopt"}, adopt_after_hours={"gauges": 0})
    first = shop.submit("gauges", {"gauge": "G1", "unit": "mm", "serial": "SN-77"})
    renamed = shop.submit("gauges", {"gauge": "G9", "unit": "mm", "serial": "SN-77"})
    assert (renamed.action, renamed.assetid, renamed.matchedby) == (
        "updated",
        first.assetid,
        "secondaryidentity",
    )
    assert renamed.diff == {"gauge": {"before": "G1", "after": "G9"}}
    assert renamed.warnings[0].startswith("gauge: ")
    assert shop.submit("gauges", {"gauge": "G1", "unit": "mm"}).action == "created"


def test_the_secondary_identity_follows_the_field(gauge_shop):
    """A value that an asset no longer has does not match it."""
    gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm", "serial": "SN-1"})
    gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm", "serial": "SN-2"})
    assert gauge_shop.submit("gauges", {"gauge": "G2", "unit": "mm", "serial": "SN-1"}).warnings == ()
    assert gauge_shop.submit("gauges", {"gauge": "G3", "unit": "mm", "serial": "SN-2"}).warnings != ()


def test_the_same_address_in_another_spelling_is_the_same_evidence(gauge_shop):
    """A serial number in lower case does not come from another asset."""
    gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm", "serial": "SN-77"})
    answer = gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm", "serial": "sn-77"})
    assert (answer.action, answer.warnings) == ("updated", ())


def test_a_reimaged_computer_keeps_what_it_controls(shop):
    """Same hostname, new image: one asset, `updated`, and its relationships in both directions."""
    editor = shop.bearer("editor")
    pc = shop.submit("computers", {**PC, "imagename": "W10-2023"}).assetid
    machine = shop.client.simulate_post(
        "/api/assets", json={"assettype": "machine", "identityvalue": "Lathe 7"}, headers=editor
    ).json["assetid"]
    for source, kind, target in ((pc, "controls", machine), (machine, "reports_to", pc)):
        body = {"relationshiptype": kind, "targetassetid": target}
        made = shop.client.simulate_post(f"/api/assets/{source}/relationships", json=body, headers=editor)
        assert made.status_code == 201
    before = shop.get(f"/api/assets/{pc}/relationships").json
    image = {"imagename": "W11-2026", "imageappliedat": "2026-11-22T08:00:00Z", "installedsoftware": []}
    answer = shop.submit("computers", {"hostname": "pc-1234", "osname": "Windows 11", **image})
    assert (answer.action, answer.assetid) == ("updated", pc)
    assert shop.get(f"/api/assets/{pc}/relationships").json == before
    assert shop.count("assetrelationship") == 2


def test_submissions_of_many_threads_make_one_asset_and_a_true_history(gauge_shop):
    """Lock, read, write and audit are one transaction: every `before` is the previous `after`."""
    barrier = threading.Barrier(8)

    def submit(number: int) -> None:
        barrier.wait()
        for value in range(10):
            gauge_shop.submit("gauges", {"gauge": "G1", "unit": "mm", "value": number * 100 + value})

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entries = gauge_shop.get("/api/audit?limit=1000").json["items"]
    values = [entry["diff"]["value"] for entry in entries]
    assert len(entries) == 80
    assert [value["before"] for value in values[1:]] == [value["after"] for value in values[:-1]]


def test_an_unknown_collector_is_named(shop):
    """The error names it."""
    with pytest.raises(NotFound, match="'toasters'"):
        shop.submit("toasters", {})


def test_after_close_submissions_are_refused(make_shop, gauges):
    """A server that shuts down raises `Unavailable` instead of losing the submission."""
    shop = make_shop({"gauges": gauges})
    shop.store.close()
    with pytest.raises(Unavailable):
        shop.submit("gauges", {"gauge": "G1", "unit": "mm"})
