"""Identities that do not identify: a maker's default text, or the name of a computer without a name."""

import json

import pytest
from shops import ORIGIN

from shopdb_core.errors import InvalidSubmission

# They are refused before the database sees them.
pytestmark = [pytest.mark.every_database, pytest.mark.every_way, pytest.mark.servers_nightly]

UNNAMED = (
    """
localhost|LOCALHOST|localhost.localdomain|localhost.|MINWINPC|minwinpc|MININT-4KQ5R1T|minint-jvj5b8q
MININT-ABC1234|MinInt-0A1B2C3
""".strip()
    .replace("\n", "|")
    .split("|")
)
"""Computers without a name: those of Linux, of Windows PE, and of Windows PE after `wpeinit`."""


@pytest.mark.parametrize("serial", ["To be filled by O.E.M.", "None", "0", "N/A", "XXXXXXXX", "  none "])
def test_two_devices_never_share_an_asset_by_a_placeholder(shop, serial):
    """The answer is 422 with the keyword, in lenient handling too, and nothing is stored."""
    for headers in ({}, {"Prefer": "handling=lenient"}):
        answer = shop.post("printers", {"serialnumber": serial, "model": "A"}, **headers)
        assert answer.status_code == 422
        (error,) = answer.json["errors"]
        assert (error["pointer"], error["keyword"]) == ("/serialnumber", "placeholder")
    assert shop.count("asset") == 0


def test_a_placeholder_is_listed_with_the_other_faults(shop):
    """A refusal lists every fault at once."""
    answer = shop.post("printers", {"serialnumber": "None", "pagecount": "many"})
    assert [error["pointer"] for error in answer.json["errors"]] == ["/pagecount", "/serialnumber"]


def test_a_line_of_a_batch_with_a_placeholder_is_refused_alone(shop):
    """The lines beside it are stored."""
    lines = [{"serialnumber": serial} for serial in ("SN-1", "Default string", "SN-2")]
    results = shop.submissions.submit_many("printers", lines, ORIGIN)
    assert [isinstance(result, InvalidSubmission) for result in results] == [False, True, False]


@pytest.mark.parametrize("hostname", UNNAMED)
def test_a_computer_without_a_name_is_refused(shop, hostname):
    """The declaration says so, so that validators outside refuse it too."""
    answer = shop.post("computers", {"hostname": hostname})
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert (error["pointer"], error["keyword"]) == ("/hostname", "not")
    assert "before it has a name" in error["message"]


@pytest.mark.parametrize("hostname", ["localhost2", "MININT", "minwinpcs", "pc-localhost", "B"])
def test_a_name_that_resembles_one_is_a_name(shop, hostname):
    """Only the names themselves are refused."""
    assert shop.post("computers", {"hostname": hostname}).status_code == 201


def test_people_cannot_enter_a_placeholder_either(shop):
    """An asset that is created by hand is identified by its name, too."""
    body = {"assettype": "machine", "identityvalue": "N/A"}
    answer = shop.client.simulate_post("/api/assets", json=body, headers=shop.bearer("editor"))
    assert (answer.status_code, answer.json["errors"][0]["keyword"]) == (422, "placeholder")


def test_the_message_shows_the_value(shop):
    """A reader sees which value it is; `shopdb validate` reports the same."""
    answer = shop.post("printers", {"serialnumber": "Default string"})
    assert json.dumps(answer.json).count("is a placeholder, not an identity") == 2
