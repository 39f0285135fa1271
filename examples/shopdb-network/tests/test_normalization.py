"""Which values have the same canonical form."""

import pytest

from shopdb_network.normalization import normalized


@pytest.mark.parametrize(
    "spelling",
    ["00:1a:2b:3c:4d:05", "00-1A-2B-3C-4D-05", "001a.2b3c.4d05", "001A2B3C4D05", "0:1a:2b:3c:4d:5"],
)
def test_a_mac_address_has_one_spelling(spelling: str) -> None:
    """Separators, case and leading zeros do not make another device."""
    assert normalized({"macaddress": spelling}) == {"macaddress": "00:1A:2B:3C:4D:05"}


def test_the_order_of_ports_makes_no_difference() -> None:
    """They are sorted by number, not as text."""
    ports = [{"ifindex": 10}, {"ifindex": 9}]

    assert normalized({"ports": ports}) == {"ports": ports[::-1]}


def test_what_is_wrong_is_left_to_validation() -> None:
    """A value of another type is returned as it is; validation explains it."""
    submission = {"macaddress": "00:1a:2b", "ports": [{"ifindex": 2}, 7, {"ifindex": True}]}

    assert normalized(submission) == submission
