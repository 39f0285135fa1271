"""The successes of the contract: created, updated, noop, rehearsed, and lenient."""

import pytest

pytestmark = pytest.mark.every_way

FAULTY = {"hostname": "pc-1", "osname": 11, "installedsoftware": [{"name": "good"}, {"name": 7}]}


def test_created(shop) -> None:
    """201 with the asset's address, and the five members of the contract."""
    answer = shop.submit("computers", {"hostname": "PC-1"})

    assert answer.status_code == 201
    assert answer.json == {
        "status": "ok",
        "action": "created",
        "assetid": 1,
        "identityvalue": "PC-1",
        "warnings": [],
    }
    assert answer.headers["location"] == "/api/assets/1"
    found = shop.client.simulate_get(
        answer.headers["location"], headers={"Authorization": f"Bearer {shop.token()}"}
    )
    assert found.json["identityvalue"] == "PC-1"


def test_updated_and_noop(shop) -> None:
    """200 for a change and for none, each with one audit entry, and the identity as it was first spelt."""
    shop.submit("computers", {"hostname": "PC-1", "osname": "Windows 10"})

    updated = shop.submit("computers", {"hostname": "pc-1", "osname": "Windows 11"})
    noop = shop.submit("computers", {"hostname": "pc-1", "osname": "Windows 11"})

    assert [updated.status_code, noop.status_code] == [200, 200]
    assert [updated.json["action"], noop.json["action"]] == ["updated", "noop"]
    assert {updated.json["identityvalue"], noop.json["identityvalue"]} == {"PC-1"}
    assert shop.query("SELECT action FROM auditentry ORDER BY auditid") == [
        ("created",),
        ("updated",),
        ("noop",),
    ]


def test_absent_null_and_value(shop) -> None:
    """A field that is absent keeps its value, `null` clears it, and a list replaces the whole list."""
    programs = [{"name": "a"}, {"name": "b"}]
    shop.submit(
        "computers", {"hostname": "pc-1", "osname": "x", "cputype": "y", "installedsoftware": programs}
    )

    shop.submit("computers", {"hostname": "pc-1", "osname": None, "installedsoftware": [{"name": "b"}]})

    assert shop.attributes() == {
        "pc-1": {"hostname": "pc-1", "cputype": "y", "installedsoftware": [{"name": "b"}]}
    }


def test_dry_runs_write_nothing(shop) -> None:
    """A dry run returns what would happen and leaves every table as it was."""
    shop.submit("computers", {"hostname": "pc-1", "osname": "Windows 10"})
    before, stored = shop.counts(), shop.attributes()

    created = shop.submit("computers", {"hostname": "pc-2"}, "?dryrun=true")
    updated = shop.submit("computers", {"hostname": "pc-1", "osname": "Windows 11"}, "?dryrun=true")
    noop = shop.submit("computers", {"hostname": "PC-1"}, "?dryrun=true")
    refused = shop.submit("computers", {"osname": "Windows 11"}, "?dryrun=true")

    assert [answer.status_code for answer in (created, updated, noop, refused)] == [200, 200, 200, 422]
    assert (created.json["assetid"], created.json["matchedby"]) == (None, None)
    assert (updated.json["assetid"], updated.json["matchedby"]) == (1, "identity")
    assert updated.json["diff"] == {"osname": {"before": "Windows 10", "after": "Windows 11"}}
    assert (noop.json["action"], noop.json["diff"]) == ("noop", {})
    assert (shop.counts(), shop.attributes()) == (before, stored)


def test_faulty_values_refuse_by_default(shop) -> None:
    """Without a preference one bad value refuses the submission, and every fault is reported."""
    answer = shop.submit("computers", FAULTY)

    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json["errors"]] == ["/osname", "/installedsoftware/1/name"]
    assert "preference-applied" not in answer.headers


def test_faulty_values_are_dropped_on_request(shop) -> None:
    """With `Prefer: handling=lenient` the bad values are dropped and named, and stored values stay."""
    shop.submit("computers", {"hostname": "pc-1", "osname": "Windows 10"})

    answer = shop.submit("computers", FAULTY, Prefer="respond-async, handling=lenient")

    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "handling=lenient"
    named = [warning.split(":")[0].split(" ")[0] for warning in answer.json["warnings"]]
    assert named == ["osname", "installedsoftware"]
    assert shop.attributes()["pc-1"]["osname"] == "Windows 10"
    assert shop.attributes()["pc-1"]["installedsoftware"] == [{"name": "good"}]


def test_lenient_handling_needs_an_identity(shop) -> None:
    """Even a lenient submission is refused without a good identity."""
    answer = shop.submit("computers", {"hostname": 5, "osname": "x"}, Prefer="handling=lenient")

    assert answer.status_code == 422
    assert shop.attributes() == {}
