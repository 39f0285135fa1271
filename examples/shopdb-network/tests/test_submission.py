"""From what a device answers by SNMP to a submission."""

from shopdb_network.answers import Answers
from shopdb_network.submission import submission_of


def test_what_a_device_does_not_tell_is_left_out() -> None:
    """Its stored value stays; only the list of ports is always whole."""
    assert submission_of({}, "10.0.0.2") == {"managementaddress": "10.0.0.2", "ports": []}


def test_a_radio_makes_an_access_point() -> None:
    """One that is no bridge is known by its lowest address, of a port and not of a tunnel."""
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


def test_texts_are_what_they_say() -> None:
    """Agents fill them with blanks and NUL, and some write Latin-1: neither is an error."""
    answers: Answers = {"sysName": {(0,): b"sw-1  \0"}, "sysLocation": {(0,): b"K\xf6ln"}}

    submission = submission_of(answers, "10.0.0.2")

    assert (submission["sysname"], submission["location"]) == ("sw-1", "K\ufffdln")


def test_a_status_that_is_unknown_is_left_out() -> None:
    """A number that the MIB does not have is no word of the declaration."""
    answers: Answers = {"ifType": {(1,): 6}, "ifAdminStatus": {(1,): 0}, "ifOperStatus": {(1,): 8}}

    assert submission_of(answers, "10.0.0.2")["ports"] == [{"ifindex": 1}]
