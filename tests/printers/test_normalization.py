"""The canonical form of a submission."""

import copy
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopdb_hookspecs import Json, JsonObject
from shopdb_printers import plugin
from shopdb_printers.terms import ERRORS

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
supplies = st.fixed_dictionaries(
    {"name": st.sampled_from(["drum", "toner"])},
    optional={
        "levelpercent": st.integers(-4, 9) | st.sampled_from([-100, 150, 101]) | json_values,
        "colorant": json_values,
        "levelstate": json_values,
        "type": st.integers(-1, 40) | st.sampled_from(["Waste Toner", "wasteToner"]) | json_values,
        "class": st.integers(0, 5) | json_values,
        "capacity": st.integers(-3, 9) | json_values,
    },
)
trays = st.fixed_dictionaries(
    {}, optional={"name": json_values, "level": st.integers(-4, 9) | json_values, "unit": st.integers(0, 20)}
)
alerts = st.fixed_dictionaries(
    {}, optional={"severity": st.integers(0, 6) | json_values, "code": st.integers(-2, 9) | json_values}
)
counters = st.fixed_dictionaries(
    {"kind": st.sampled_from(["Copy", "copy", "A-4", "-"]) | st.text(), "count": st.integers(-2, 9)}
)
submissions = st.fixed_dictionaries(
    {},
    optional={
        "macaddress": st.from_regex(r"[0-9a-f]{2}(-[0-9a-f]{2}){5}", fullmatch=True) | json_values,
        "status": st.integers(-1, 7) | json_values,
        "errorstate": st.lists(st.sampled_from(["noToner", "jammed", "0xFFFF", "20 00", ""]) | json_values)
        | json_values,
        "supplies": st.lists(supplies, max_size=4) | st.lists(supplies | json_values) | json_values,
        "trays": st.lists(trays, max_size=3) | json_values,
        "alerts": st.lists(alerts | json_values, max_size=3) | json_values,
        "counters": st.lists(counters, max_size=4) | json_values,
        "model": json_values,
    },
)


@given(submissions)
def test_is_idempotent(submission: JsonObject) -> None:
    """What is canonical stays as it is."""
    once = plugin.normalize_submission(submission)

    assert plugin.normalize_submission(once) == once


@given(submissions)
def test_is_pure(submission: JsonObject) -> None:
    """The caller's submission is never changed."""
    original = copy.deepcopy(submission)

    plugin.normalize_submission(submission)

    assert submission == original


@given(st.lists(supplies, max_size=5), st.randoms(use_true_random=False))
def test_order_of_supplies_does_not_matter(listed: list[JsonObject], shuffler: random.Random) -> None:
    """The same supplies in another order are the same submission."""
    shuffled = shuffler.sample(listed, len(listed))

    first = plugin.normalize_submission({"supplies": listed})
    second = plugin.normalize_submission({"supplies": shuffled})

    assert first == second


@pytest.mark.parametrize(
    "spelling",
    ["00:1B:A9:02:11:F2", "00-1b-a9-02-11-f2", "001b.a902.11f2", "001ba90211f2", "0:1b:a9:2:11:f2"],
)
def test_macaddress_has_one_spelling(spelling: str) -> None:
    """However six octets are written, they come out in upper case and with colons."""
    assert plugin.normalize_submission({"macaddress": spelling}) == {"macaddress": "00:1B:A9:02:11:F2"}


@pytest.mark.parametrize(
    ("number", "name"), [(1, "other"), (2, "unknown"), (3, "idle"), (4, "printing"), (5, "warmup")]
)
def test_status_numbers_get_their_names(number: int, name: str) -> None:
    """The numbers of hrPrinterStatus (RFC 2790) are named."""
    assert plugin.normalize_submission({"status": number}) == {"status": name}


@pytest.mark.parametrize("number", [0, 6, -1])
def test_other_status_numbers_are_unknown(number: int) -> None:
    """Printers report numbers that hrPrinterStatus does not define."""
    assert plugin.normalize_submission({"status": number}) == {"status": "unknown"}


@pytest.mark.parametrize("status", [True, 3.0, "3", None])
def test_another_status_is_left_for_validation(status: Json) -> None:
    """A value that is not a number of hrPrinterStatus is not changed."""
    canonical = plugin.normalize_submission({"status": status})["status"]

    assert (canonical, type(canonical)) == (status, type(status))


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ([], []),
        ([""], []),
        (["0x"], []),
        (["00"], []),  # Brother MFC-L2710DW
        (["2000"], ["lowtoner"]),  # Sharp MX-3570N
        (["20 00"], ["lowtoner"]),
        (["0xC204"], ["lowpaper", "nopaper", "offline", "inputtrayempty"]),
        (["40:02:ff:ff"], ["nopaper", "overduepreventmaint"]),
        (["00 01"], []),
        (["ff fe"], list(ERRORS)),
        (["jammed", "doorOpen", "jammed"], ["dooropen", "jammed"]),
        (["outputFull", "04"], ["jammed", "outputfull"]),
    ],
)
def test_detected_errors_have_their_names(sent: list[Json], errors: list[str]) -> None:
    """The octets of hrPrinterDetectedErrorState (RFC 2790) in hex, and its names, become our names."""
    assert plugin.normalize_submission({"errorstate": sent}) == {"errorstate": errors}


@pytest.mark.parametrize("sent", [["jammed", "on fire"], ["2000", 3], ["0"], ["2"], "2000", None])
def test_other_errors_are_left_for_validation(sent: Json) -> None:
    """A list with anything else is not changed, so that the fault is reported at its place."""
    assert plugin.normalize_submission({"errorstate": sent}) == {"errorstate": sent}


@pytest.mark.parametrize(
    ("level", "state"),
    [
        (-1, "other"),
        (-2, "unknown"),
        (-3, "someremaining"),
        (-3.0, "someremaining"),
        (150, "someremaining"),
        (-4, "unknown"),
        (-0.5, "unknown"),
        (100.1, "unknown"),
        (2**40, "unknown"),
    ],
)
def test_levels_that_are_no_percentage_become_a_state(level: float, state: str) -> None:
    """The special values of prtMarkerSuppliesLevel (RFC 3805) have their states; others are unknown."""
    submission = {"supplies": [{"name": "Waste Toner Box", "levelpercent": level}]}

    canonical = plugin.normalize_submission(submission)

    assert canonical == {"supplies": [{"name": "Waste Toner Box", "levelstate": state}]}


@pytest.mark.parametrize(("level", "percent"), [(0, 0), (100, 100), (71.5, 71.5), (-100, 0)])
def test_levels_in_percent_are_kept(level: float, percent: float) -> None:
    """A percentage stays as it is, and Ricoh's -100 is an empty toner."""
    submission = {"supplies": [{"name": "Toner", "levelpercent": level}]}

    assert plugin.normalize_submission(submission) == {
        "supplies": [{"name": "Toner", "levelpercent": percent}]
    }


def test_null_members_are_left_out() -> None:
    """A member of null equals a missing member."""
    submission = {"supplies": [{"name": "Drum", "colorant": None, "levelpercent": None, "levelstate": None}]}

    assert plugin.normalize_submission(submission) == {"supplies": [{"name": "Drum"}]}


def test_like_supplies_are_all_kept() -> None:
    """Two waste boxes that look the same are two."""
    boxes = [{"name": "Waste Toner Box"}, {"name": "Waste Toner Box"}]

    assert plugin.normalize_submission({"supplies": boxes}) == {"supplies": boxes}


def test_a_list_with_a_faulty_item_stays_as_it_is() -> None:
    """Validation must be able to point at the place where the fault was submitted."""
    listed = [{"name": "toner", "levelpercent": -1}, {"name": "drum"}, "toner"]

    assert plugin.normalize_submission({"supplies": listed}) == {"supplies": listed}


@pytest.mark.parametrize(
    ("member", "submitted", "canonical"),
    [
        ("type", 4, "wastetoner"),
        ("type", "wasteToner", "wastetoner"),
        ("type", "Toner Cartridge", "tonercartridge"),
        ("type", 0, "unknown"),
        ("type", 99, "unknown"),
        ("type", "beans", "beans"),
        ("type", True, True),
        ("class", 4, "receptaclethatisfilled"),
        ("class", "receptacleThatIsFilled", "receptaclethatisfilled"),
        ("class", 2, "other"),
        ("unit", 7, "impressions"),
        ("unit", 5, "unknown"),
        ("capacity", 12000, 12000),
        ("capacity", "12000", "12000"),
    ],
)
def test_a_member_of_a_supply_has_one_spelling(member: str, submitted: Json, canonical: Json) -> None:
    """A number that the MIB does not define has a name, too; any other value is left for validation."""
    normalized = plugin.normalize_submission({"supplies": [{"name": "box", member: submitted}]})

    assert normalized == {"supplies": [{"name": "box", member: canonical}]}


@pytest.mark.parametrize("member", ["capacity", "type", "class", "unit", "serialnumber"])
def test_null_and_a_capacity_that_is_unknown_are_left_out(member: str) -> None:
    """Capacities below 0 say that there is none to be known."""
    for value in (None, -2) if member == "capacity" else (None,):
        normalized = plugin.normalize_submission({"supplies": [{"name": "box", member: value}]})
        assert normalized == {"supplies": [{"name": "box"}]}


def test_trays_alerts_and_counters_have_one_form() -> None:
    """Numbers become names; trays may be equal, alerts are listed once, counters have the highest count."""
    tray = {"name": "Tray 1", "type": 3, "capacity": 550, "level": -3, "unit": 8}
    alert = {"severity": 3, "training": 9, "group": 6, "code": 3, "description": "Cover open"}
    submission = {
        "trays": [tray, {**tray, "level": 181}, tray, {"name": "Bypass", "capacity": -2, "level": -7}],
        "alerts": [alert, {"code": -1, "group": 77}, {**alert, "group": "cover"}, {"code": -1}],
        "counters": [
            {"kind": "Scan", "count": 1},
            {"kind": "Copy", "count": 7},
            {"kind": "copy", "count": 9},
            {"kind": "COPY", "count": 8},
        ],
    }

    named = {"name": "Tray 1", "type": "sheetfeedautoremovabletray", "capacity": 550, "unit": "sheets"}
    assert plugin.normalize_submission(submission) == {
        "trays": [
            {"name": "Bypass", "levelstate": "unknown"},
            {**named, "level": 181},
            {**named, "levelstate": "someremaining"},
            {**named, "levelstate": "someremaining"},
        ],
        "alerts": [
            {
                "severity": "critical",
                "training": "unknown",
                "group": "cover",
                "code": 3,
                "description": "Cover open",
            },
            {"group": "other"},
        ],
        "counters": [{"kind": "copy", "count": 9}, {"kind": "scan", "count": 1}],
    }
