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
programs = st.fixed_dictionaries(
    {"name": st.text(max_size=5)}, optional={"version": st.text(max_size=5) | st.none()}
)
macaddresses = st.from_regex(r"[0-9A-Fa-f]{1,2}([:. -]?[0-9A-Fa-f]{1,2}){4,5}", fullmatch=True)
submissions = st.fixed_dictionaries(
    {},
    optional={
        "hostname": st.text(alphabet="pc-1. ", max_size=8) | json_values,
        "macaddress": macaddresses | json_values,
        "installedsoftware": st.lists(programs | json_values, max_size=5) | st.lists(programs) | json_values,
        "osname": json_values,
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
