"""The submission for the answers of a device."""

from shopdb_network.answers import Answers
from shopdb_network.submission import submission_of


def test_an_object_without_an_answer_is_left_out() -> None:
    """Its stored value stays; only the list of ports is always complete."""
    assert submission_of({}, "10.0.0.2") == {"managementaddress": "10.0.0.2", "ports": []}


def test_a_radio_makes_an_access_point() -> None:
    """A device that is not a bridge is identified by the address of its lowest port; tunnels do not count."""
    answers: Answers = {
        "ifType": {(1,): 6, (2,): 71, (3,): 131},
        "ifPhysAddress": {
            (1,): b"\x00\x1a\x2b\x77\x88\x11",
            (2,): b"\x00\x1a\x2b\x77\x88\x10",
            (3,): b"\x00" * 6,
        },
    }

    submission = submission_of(answers, "10.0.0.3")

    assert submission["devicetype"] == "accesspoint"
    assert submission["macaddress"] == "00:1a:2b:77:88:10"
    assert [port["ifindex"] for port in submission["ports"]] == [1, 2]


def test_an_address_of_zeros_is_left_out() -> None:
    """The bridge's zeros are not an address, and those of a port are not the lowest one."""
    answers: Answers = {
        "dot1dBaseBridgeAddress": {(0,): bytes(6)},
        "ifType": {(1,): 6, (2,): 6},
        "ifPhysAddress": {(1,): bytes(6), (2,): b"\x00\x1a\x2b\x3c\x4d\x02"},
    }

    assert submission_of(answers, "10.0.0.2")["macaddress"] == "00:1a:2b:3c:4d:02"
    assert "macaddress" not in submission_of({"dot1dBaseBridgeAddress": {(0,): bytes(6)}}, "10.0.0.2")


def test_texts_are_trimmed_and_decoded() -> None:
    """Blanks and NUL are removed, and bytes that are not UTF-8 are replaced."""
    answers: Answers = {"sysName": {(0,): b"sw-1  \0"}, "sysLocation": {(0,): b"K\xf6ln"}}

    submission = submission_of(answers, "10.0.0.2")

    assert (submission["sysname"], submission["location"]) == ("sw-1", "K\ufffdln")


def test_a_status_that_is_unknown_is_left_out() -> None:
    """A number that the MIB does not define is left out."""
    answers: Answers = {"ifType": {(1,): 6}, "ifAdminStatus": {(1,): 0}, "ifOperStatus": {(1,): 8}}

    assert submission_of(answers, "10.0.0.2")["ports"] == [{"ifindex": 1}]
