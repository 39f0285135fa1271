"""Choosing the addresses that a machine is known by."""

import socket
from typing import NamedTuple

import psutil

from shopdb_computers.inventory.network import addresses_of


class Address(NamedTuple):
    """An address of an interface, in the shape that psutil gives it."""

    family: int
    address: str


LOOPBACK = [Address(socket.AF_INET, "127.0.0.1"), Address(psutil.AF_LINK, "00:00:00:00:00:00")]
CABLE = [
    Address(socket.AF_INET6, "fe80::1%eth0"),
    Address(socket.AF_INET, "10.0.0.7"),
    Address(psutil.AF_LINK, "00-1a-2b-3c-4d-5e"),
]
RADIO = [Address(socket.AF_INET, "10.9.0.7"), Address(psutil.AF_LINK, "00:1a:2b:3c:4d:5f")]
TUNNEL = [Address(socket.AF_INET, "172.16.0.7")]


def test_the_default_route_decides() -> None:
    """The interface that leads out is taken, though another comes first."""
    interfaces = {"lo": LOOPBACK, "eth0": CABLE, "wlan0": RADIO}

    assert addresses_of(interfaces, "10.9.0.7") == {
        "ipaddress": "10.9.0.7",
        "macaddress": "00:1A:2B:3C:4D:5F",
    }


def test_without_a_route_the_first_real_interface_is_taken() -> None:
    """Loopback is passed over, and so is a link-local address."""
    assert addresses_of({"lo": LOOPBACK, "eth0": CABLE}, None) == {
        "ipaddress": "10.0.0.7",
        "macaddress": "00:1A:2B:3C:4D:5E",
    }


def test_a_tunnel_lends_no_other_interface_s_mac_address() -> None:
    """What is unknown is left out rather than guessed."""
    assert addresses_of({"eth0": CABLE, "tun0": TUNNEL}, "172.16.0.7") == {"ipaddress": "172.16.0.7"}


def test_a_machine_without_a_network_has_no_addresses() -> None:
    """Loopback alone is nothing to be known by."""
    assert addresses_of({"lo": LOOPBACK}, None) == {}
