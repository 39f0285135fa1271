"""`shopdb network-poll` against an SNMP agent on loopback."""

import json

from click.testing import CliRunner

from shopdb_network.normalization import normalized
from shopdb_network.poll import poll


def run(port: int, *options: str) -> tuple[int, str]:
    """Poll what listens on a port of loopback; give the exit code and what was printed."""
    result = CliRunner().invoke(poll, ["127.0.0.1", "--port", str(port), *options])
    return result.exit_code, result.output


def test_it_prints_a_submission(agent: int) -> None:
    """The submission has every object that the switch reports, by the fields of the declaration."""
    code, printed = run(agent)

    assert code == 0, printed
    assert normalized(json.loads(printed)) == {
        "macaddress": "00:1A:2B:3C:4D:00",
        "serialnumber": "FOC1234X0AB",
        "sysname": "sw-hall3",
        "managementaddress": "127.0.0.1",
        "devicetype": "switch",
        "vendor": "Cisco Systems, Inc.",
        "model": "C9300-24T",
        "firmware": "17.9.4a",
        "location": "Hall 3, cabinet 2",
        "uptimeseconds": 86400,
        "ports": [
            {
                "ifindex": 1,
                "name": "Gi1/0/1",
                "adminstatus": "up",
                "operstatus": "up",
                "speedmbps": 1000,
                "vlan": 20,
            },
            {
                "ifindex": 2,
                "name": "GigabitEthernet1/0/2",
                "adminstatus": "up",
                "operstatus": "lowerlayerdown",
                "speedmbps": 0,
                "vlan": 1,
            },
        ],
    }


def test_a_wrong_community_is_reported(agent: int) -> None:
    """The agent does not answer, as if it did not exist: the line names host, port and community."""
    code, printed = run(agent, "--community", "wrong", "--timeout", "0.1")

    assert code == 1
    assert printed.startswith("Error: 127.0.0.1, port ")
    assert printed.endswith("; is the community right?\n")
    assert "wrong" not in printed


def test_a_host_that_is_not_found_is_reported() -> None:
    """The line has its name."""
    result = CliRunner().invoke(poll, ["sw..hall3"])

    assert (result.exit_code, result.output) == (1, "Error: sw..hall3 was not found\n")
