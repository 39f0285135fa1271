"""The canonical form of a submission."""

import copy
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopdb_computers import normalize_submission
from shopdb_hookspecs import JsonObject

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
days = st.from_regex("[0-9]{8}", fullmatch=True) | st.text(max_size=5) | st.none()
programs = st.fixed_dictionaries(
    {"name": st.text(max_size=5)},
    optional={
        "version": st.text(max_size=5) | st.none(),
        "architecture": st.sampled_from(["AMD64", "i686", "all", 9, 77, None]),
        "installdate": days,
    },
)
disks = st.fixed_dictionaries({}, optional={"name": json_values, "mediatype": json_values})
interfaces = st.fixed_dictionaries(
    {},
    optional={
        "macaddress": st.from_regex("([0-9a-f]{2}:){5,7}[0-9a-f]{2}", fullmatch=True) | json_values,
        "addresses": st.lists(st.sampled_from(["10.0.0.1/24", "FE80::1%eth0", "x"])) | json_values,
    },
)
macaddresses = st.from_regex(r"[0-9A-Fa-f]{1,2}([:. -]?[0-9A-Fa-f]{1,2}){4,5}", fullmatch=True)
submissions = st.fixed_dictionaries(
    {},
    optional={
        "hostname": st.text(alphabet="pc-1. ", max_size=8) | json_values,
        "macaddress": macaddresses | json_values,
        "installedsoftware": st.lists(programs | json_values, max_size=5) | st.lists(programs) | json_values,
        "osname": json_values,
        "uuid": st.uuids().map(str) | json_values,
        "architecture": st.integers(-1, 13) | json_values,
        "formfactor": st.integers(-1, 300) | st.lists(st.integers(0, 40)) | st.text() | json_values,
        "disks": st.lists(disks | json_values, max_size=3) | json_values,
        "networkinterfaces": st.lists(interfaces, max_size=3) | json_values,
    },
)


@given(submissions)
def test_is_idempotent(submission: JsonObject) -> None:
    """What is canonical stays as it is."""
    once = normalize_submission(submission)

    assert normalize_submission(once) == once


@given(submissions)
def test_is_pure(submission: JsonObject) -> None:
    """The caller's submission is never changed."""
    original = copy.deepcopy(submission)

    normalize_submission(submission)

    assert submission == original


@given(st.lists(programs), st.randoms(use_true_random=False))
def test_order_and_duplicates_of_programs_do_not_matter(
    installed: list[JsonObject], shuffler: random.Random
) -> None:
    """The same programs in another order, some of them twice, are the same submission."""
    shuffled = [*installed, *installed[:2]]
    shuffler.shuffle(shuffled)

    first = normalize_submission({"installedsoftware": installed})
    second = normalize_submission({"installedsoftware": shuffled})

    assert first == second


@pytest.mark.parametrize(
    "spelling",
    [
        "00:1A:2B:3C:4D:0E",
        "00-1a-2b-3c-4d-0e",
        "001A.2B3C.4D0E",
        "001a2b-3c4d0e",
        "001a2b3c4d0e",
        "00 1A 2B 3C 4D 0E",
        "0:1a:2b:3c:4d:e",
    ],
)
def test_macaddress_has_one_spelling(spelling: str) -> None:
    """However six octets are written, they come out in upper case and with colons."""
    assert normalize_submission({"macaddress": spelling}) == {"macaddress": "00:1A:2B:3C:4D:0E"}


@pytest.mark.parametrize(
    "text", ["", "n/a", "00:1A:2B", "00:1A:2B:3C:4D:5E:6F", "\u0660" * 12, "00:1A:2B:3C:4D:5E\n"]
)
def test_other_text_is_left_for_validation(text: str) -> None:
    """A text that is not a MAC address is not changed."""
    assert normalize_submission({"macaddress": text}) == {"macaddress": text}


@pytest.mark.parametrize(
    ("submitted", "canonical"),
    [("pc-1.", "pc-1"), ("PC-1.example.com.", "PC-1.example.com"), ("Line3_HMI", "Line3_HMI"), (".", ".")],
)
def test_hostname_loses_only_the_final_dot(submitted: str, canonical: str) -> None:
    """An absolute name and the same name without its dot are one computer; case is the core's to fold."""
    assert normalize_submission({"hostname": submitted}) == {"hostname": canonical}


def test_an_unknown_version_is_left_out() -> None:
    """A version of null, as PowerShell writes it, equals a missing version."""
    installed = [{"name": "panel", "version": None}, {"name": "panel"}]

    assert normalize_submission({"installedsoftware": installed}) == {
        "installedsoftware": [{"name": "panel"}]
    }


@pytest.mark.parametrize(
    "item",
    [
        "zip",
        None,
        {"version": "1"},
        {"name": 7},
        {"name": "zip", "version": 7},
        {"name": "a", "x": "b"},
        {"name": "a", "version": "1", "x": "b"},
    ],
)
def test_a_list_with_a_faulty_item_keeps_its_order(item: object) -> None:
    """Validation must be able to point at the place where the fault was submitted."""
    installed = [{"name": "zip"}, {"name": "tar"}, item]

    assert normalize_submission({"installedsoftware": installed}) == {"installedsoftware": installed}


@pytest.mark.parametrize(
    ("field", "submitted", "canonical"),
    [
        ("uuid", "{4C4C4544-0042-3510-8054-B9C04F4D3532}", "4c4c4544-0042-3510-8054-b9c04f4d3532"),
        ("uuid", "4c4c45440042351080 54b9c04f4d3532", "4c4c45440042351080 54b9c04f4d3532"),
        ("uuid", "Not Settable", "Not Settable"),
        ("architecture", "AMD64", "x86_64"),
        ("architecture", "aarch64", "arm64"),
        ("architecture", "i686", "x86"),
        ("architecture", "ppc64le", "ppc64le"),
        ("architecture", 9, "x86_64"),
        ("architecture", 77, "unknown"),
        ("architecture", True, True),
        ("formfactor", 10, "notebook"),
        ("formfactor", 138, "notebook"),
        ("formfactor", [3], "desktop"),
        ("formfactor", [10, 12], "notebook"),
        ("formfactor", 0, "unknown"),
        ("formfactor", 99, "unknown"),
        ("formfactor", "All in One", "allinone"),
        ("formfactor", "Rack Mount Chassis", "rackmountchassis"),
        ("formfactor", "Rack-Mount", "rackmountchassis"),
        ("formfactor", "toaster", "toaster"),
        ("formfactor", [], []),
        ("formfactor", ["Laptop"], ["Laptop"]),
        ("formfactor", True, True),
    ],
)
def test_a_field_has_one_spelling(field: str, submitted: object, canonical: object) -> None:
    """Names and numbers of SMBIOS and Windows; any other value is left for validation."""
    assert normalize_submission({field: submitted}) == {field: canonical}


def test_disks_and_interfaces_have_one_form() -> None:
    """Sorted, each once, without nulls and what is empty then; a long address is not a MAC address."""
    submission = {
        "disks": [
            {"name": "sdb", "mediatype": 3, "model": None},
            {"name": "sda", "mediatype": "SSD"},
            {"mediatype": "ssd", "name": "sda"},
            {"mediatype": 0},
        ],
        "networkinterfaces": [
            {"name": "eth1", "macaddress": "00-1a-2b-3c-4d-5e", "addresses": ["FE80::1%3", "10.0.0.7/24"]},
            {"name": "Teredo", "macaddress": "00-00-00-00-00-00-00-E0"},
            {"name": "ib0", "macaddress": ":".join(["80"] * 20)},
        ],
    }

    assert normalize_submission(submission) == {
        "disks": [{"name": "sda", "mediatype": "ssd"}, {"name": "sdb", "mediatype": "hdd"}],
        "networkinterfaces": [
            {"name": "Teredo"},
            {"name": "eth1", "macaddress": "00:1A:2B:3C:4D:5E", "addresses": ["10.0.0.7", "fe80::1"]},
            {"name": "ib0"},
        ],
    }


def test_a_program_with_more_than_name_and_version() -> None:
    """Programs that differ in one member are two; null and empty members are left out."""
    submitted = [
        {"name": "zip", "version": "1", "architecture": "AMD64", "installdate": "20250317"},
        {"name": "zip", "version": "1", "architecture": "i386", "publisher": None, "source": "msi"},
        {"name": "tar", "publisher": "", "source": None},
    ]

    assert normalize_submission({"installedsoftware": submitted}) == {
        "installedsoftware": [
            {"name": "tar"},
            {"name": "zip", "version": "1", "architecture": "x86", "source": "msi"},
            {"name": "zip", "version": "1", "architecture": "x86_64", "installdate": "2025-03-17"},
        ]
    }
