"""Retired assets: where they are left out, what submissions do to them, and what restoring brings back."""

from collections.abc import Callable

import pytest
from editing import MAC, PC, faults, restore, retire
from shops import Shop

from shopdb_core.submissions.rebuild import rebuild
from shopdb_printers import plugin as printers

pytestmark = pytest.mark.every_database


def listed(shop: Shop, query: str = "") -> list[int]:
    """Return the ids of a list of assets."""
    return [each["assetid"] for each in shop.get(f"/api/assets{query}").json["items"]]


def installed(shop: Shop) -> list[object]:
    """Return the rows of the report of software."""
    return shop.get("/api/reports/computers/software").json["items"]


def test_a_retired_asset_says_so_and_names_the_change(stocked: Shop) -> None:
    """The answer is the asset with its new version, what changed, and the ETag of that version."""
    answer = retire(stocked)

    assert answer.status_code == 200
    assert (answer.json["state"], answer.json["reason"], answer.json["version"]) == ("retired", "scrapped", 2)
    assert answer.json["diff"] == {
        "@state": {"before": "active", "after": "retired"},
        "@reason": {"before": None, "after": "scrapped"},
    }
    assert answer.headers["etag"] == '"2"'
    entry = stocked.get("/api/audit?action=retired").json["items"][0]
    assert (entry["actor"], entry["diff"]) == ("user:tester", answer.json["diff"])
    assert faults(stocked) == []


def test_lists_leave_a_retired_asset_out_unless_they_ask_for_it(stocked: Shop) -> None:
    """By state alone, and with every other filter; one asset is shown in any state."""
    retire(stocked)
    retire(stocked, 3)

    assert listed(stocked) == listed(stocked, "?state=active") == [2]
    assert listed(stocked, "?state=retired") == [1, 3]
    assert listed(stocked, "?state=retired&after=1") == [3]
    assert listed(stocked, "?state=retired&assettype=computers") == [1]
    assert listed(stocked, "?state=retired&identityvalue=sn") == [3]
    assert listed(stocked, "?state=all") == [1, 2, 3]
    assert listed(stocked, "?identityvalue=pc") == listed(stocked, "?assettype=computers") == [2]
    assert listed(stocked, "?identityvalue=pc&state=all") == [1, 2]
    assert listed(stocked, "?state=merged") == []
    assert stocked.get("/api/assets/1").json["state"] == "retired"
    assert stocked.get("/api/assets?state=gone").status_code == 400


def test_reports_leave_a_retired_asset_out_until_it_is_restored(stocked: Shop) -> None:
    """The rows of plugins are removed, with the counts of programs, and stored anew."""
    before = installed(stocked)
    retire(stocked)
    retire(stocked, 3)

    assert installed(stocked) == [{"name": "7-Zip", "version": "24.09", "installations": 1}]
    assert [
        each["identityvalue"] for each in stocked.get("/api/reports/computers/stale?days=0").json["items"]
    ] == ["PC-2"]
    assert stocked.count("printers_device") == stocked.count("printers_supply") == 0
    assert faults(stocked) == []
    restore(stocked)
    restore(stocked, 3)
    assert installed(stocked) == before
    assert stocked.count("printers_device") == stocked.count("printers_supply") == 1
    assert faults(stocked) == []


def test_a_submission_updates_a_retired_asset_and_warns_each_time(stocked: Shop) -> None:
    """It stays retired, without rows, also for the same body again; restoring stores what was submitted."""
    retire(stocked)
    changed = {**PC, "macaddress": "3C:52:82:11:22:55", "installedsoftware": [{"name": "Vim"}]}

    answers = [stocked.post("computers", changed).json for _ in range(3)]

    assert [answer["action"] for answer in answers] == ["updated", "noop", "noop"]
    for answer in answers:
        assert answer["warnings"] == ["hostname: asset 1 is retired (scrapped) and stays retired"]
    assert stocked.get("/api/assets/1").json["state"] == "retired"
    assert stocked.rows("SELECT assetid FROM assetevidence") == [(2,)]
    assert len(installed(stocked)) == 1
    assert faults(stocked) == []
    restore(stocked)
    assert {each["name"] for each in installed(stocked)} == {"7-Zip", "Vim"}
    assert faults(stocked) == []


def test_what_is_done_already_is_a_conflict(stocked: Shop) -> None:
    """Retiring a retired asset, restoring an active one, and creating one with a retired identity."""
    assert restore(stocked).json["detail"] == "Asset 1 is not retired."
    retire(stocked)

    assert retire(stocked).json["detail"] == "Asset 1 is retired already (scrapped)."
    created = stocked.edit("POST", "/api/assets", {"assettype": "cell", "identityvalue": "C1"}).json[
        "assetid"
    ]
    retire(stocked, created)
    again = stocked.edit("POST", "/api/assets", {"assettype": "cell", "identityvalue": "c1"})
    assert again.status_code == 409
    assert again.json["detail"].endswith("which is retired (scrapped): restore it.")
    assert retire(stocked, 99).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"reason": " "}, {"reason": "x" * 256}, {"reason": None}, {"reason": "a", "b": 1}]
)
def test_retiring_needs_a_reason(stocked: Shop, body: object) -> None:
    """Anything but one text is 422, and the asset stays active."""
    assert stocked.edit("POST", "/api/assets/1/retire", body).status_code == 422
    assert listed(stocked) == [1, 2, 3]


def test_a_dry_run_shows_the_effect_and_writes_nothing(stocked: Shop) -> None:
    """Of both edits."""
    shown = stocked.edit("POST", "/api/assets/1/retire?dryrun=true", {"reason": "scrapped"})

    assert shown.json["state"] == "retired"
    assert "etag" not in shown.headers
    assert stocked.get("/api/assets/1").json["state"] == "active"
    assert len(installed(stocked)) == 1
    retire(stocked)
    assert stocked.edit("POST", "/api/assets/1/restore?dryrun=true").json["state"] == "active"
    assert stocked.get("/api/assets/1").json["state"] == "retired"


def test_a_version_that_is_given_must_be_that_of_the_asset(stocked: Shop) -> None:
    """It may be left out, since the state is the precondition."""
    path, body = "/api/assets/1/retire", {"reason": "scrapped"}

    assert stocked.edit("POST", path, body, **{"If-Match": '"7"'}).status_code == 412
    assert stocked.edit("POST", path, body, **{"If-Match": "7"}).status_code == 400
    assert stocked.edit("POST", path, body, **{"If-Match": '"1"'}).status_code == 200
    assert stocked.edit("POST", "/api/assets/1/restore", **{"If-Match": '"1"'}).status_code == 412


def test_findings_follow_the_state_of_an_asset(stocked: Shop) -> None:
    """Retiring withdraws them, a retired asset makes none, and restoring searches again."""
    stocked.submit("computers", {"hostname": "PC-1.example.org", "macaddress": MAC})
    kinds = {each["kind"] for each in stocked.get("/api/duplicates").json["items"]}
    assert kinds == {"renamed", "samehost"}

    retire(stocked)

    assert stocked.get("/api/duplicates").json["items"] == []
    assert (
        stocked.submit("computers", {"hostname": "PC-1.example.com", "macaddress": MAC})
        .warnings[0]
        .startswith("macaddress: also on PC-1.example.org")
    )
    warnings = restore(stocked).json["warnings"]
    assert [warning.partition(":")[0] for warning in warnings] == ["hostname", "hostname"]
    assert faults(stocked) == []


def test_an_ignored_finding_stays_ignored(stocked: Shop) -> None:
    """Retiring and restoring do not list it again."""
    stocked.submit("computers", {"hostname": "PC-9", "macaddress": MAC})
    stocked.edit("POST", "/api/duplicates/1/ignore")
    retire(stocked)

    assert restore(stocked).json["warnings"] == []
    assert stocked.get("/api/duplicates").json["items"] == []


def test_rebuilding_writes_no_rows_of_a_retired_asset_and_removes_those_that_are_left(stocked: Shop) -> None:
    """Also where another release left some."""
    retire(stocked, 3)
    stocked.store.transaction(
        lambda connection: connection.exec_driver_sql(
            "INSERT INTO printers_device (assetid, model) VALUES (3, 'left')"
        )
    )
    assert len(faults(stocked)) == 1

    list(rebuild(stocked.store, stocked.plugins.collector("printers"), dryrun=False, pause=bool))

    assert stocked.count("printers_device") == 0
    assert faults(stocked) == []


def test_a_plugin_without_remove_asset_loses_its_rows_by_their_assetid(
    make_shop: Callable[..., Shop],
) -> None:
    """From every table of the plugin that has such a column."""

    class Older:
        """Has the hooks of the printers, without `remove_asset`."""

    older = Older()
    for name in (
        "get_collector_schema",
        "normalize_submission",
        "get_migrations",
        "store_asset",
        "store_assets",
    ):
        setattr(older, name, getattr(printers, name))
    shop = make_shop({"printers": older})
    shop.submit("printers", {"serialnumber": "SN1", "supplies": [{"name": "Drum"}]})

    retire(shop)

    assert shop.count("printers_device") == shop.count("printers_supply") == 0


def test_an_edit_of_a_plugin_that_cannot_be_used_is_refused(stocked: Shop) -> None:
    """503: its tables would not follow."""
    stocked.plugins.quarantine("computers", "its migrations failed")

    assert retire(stocked).status_code == 503
    assert listed(stocked, "?state=all") == [1, 2, 3]
