"""Choosing the addresses that a machine is known by."""

import socket
from pathlib import Path
from typing import NamedTuple

import psutil

from shopdb_computers.inventory.network import addresses_of, interfaces_of, temporary_addresses


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


def test_interfaces_are_hardware_or_can_be_reached(tmp_path: Path) -> None:
    """Loopback is neither, nor is the end of a container's network; a tunnel has an address and no MAC."""
    container = [Address(socket.AF_INET6, "fe80::2%veth1"), Address(psutil.AF_LINK, "06:1a:2b:00:00:01")]
    unplugged = [Address(psutil.AF_LINK, "00:1a:2b:3c:4d:60")]
    (tmp_path / "eth1" / "device").mkdir(parents=True)
    interfaces = {"lo": LOOPBACK, "eth0": CABLE, "eth1": unplugged, "veth1": container, "tun0": TUNNEL}

    assert [*interfaces_of(interfaces, tmp_path, set())] == [
        {"name": "eth0", "macaddress": "00:1A:2B:3C:4D:5E", "addresses": ["10.0.0.7"]},
        {"name": "eth1", "macaddress": "00:1A:2B:3C:4D:60"},
        {"name": "tun0", "addresses": ["172.16.0.7"]},
    ]


def test_where_devices_are_not_listed_every_address_counts(tmp_path: Path) -> None:
    """On Windows and macOS."""
    unplugged = [Address(psutil.AF_LINK, "00-1a-2b-3c-4d-60")]

    assert [*interfaces_of({"Ethernet": unplugged}, tmp_path / "none", set())] == [
        {"name": "Ethernet", "macaddress": "00:1A:2B:3C:4D:60"}
    ]


def test_temporary_addresses_are_left_out(tmp_path: Path) -> None:
    """They change every day, and would make each inventory a change; a file that is damaged has none."""
    table = tmp_path / "if_inet6"
    table.write_text(
        "20010db8000000000000000000000007 02 40 00 01     eth0\n"
        "20010db8000000000000000000000008 02 40 00 80     eth0\n"
    )
    found = [Address(socket.AF_INET6, "2001:db8::7"), Address(socket.AF_INET6, "2001:db8::8")]

    assert temporary_addresses(table) == {"2001:db8::7"}
    assert [*interfaces_of({"eth0": found}, tmp_path, temporary_addresses(table))] == [
        {"name": "eth0", "addresses": ["2001:db8::8"]}
    ]
    table.write_text("damaged\n")
    assert temporary_addresses(table) == temporary_addresses(tmp_path / "none") == set()
