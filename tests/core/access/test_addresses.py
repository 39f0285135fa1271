"""The address of a client behind proxies."""

from ipaddress import ip_network

import pytest

from shopdb_core.access.keys import client_address

TRUSTED = [ip_network("127.0.0.1"), ip_network("10.0.0.0/24"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("198.51.100.7", None, "198.51.100.7"),
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "192.0.2.66, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "192.0.2.66, 203.0.113.9,10.0.0.4 , 10.0.0.5", "203.0.113.9"),
        ("127.0.0.1", "10.0.0.4, 10.0.0.5", "10.0.0.4"),
        ("127.0.0.1", "203.0.113.9, unknown, 10.0.0.5", "10.0.0.5"),
        ("127.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("127.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("fd00::1", "2001:DB8::0007", "2001:db8::7"),
        ("::ffff:127.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", None, "fe80::1"),
        ("127.0.0.1", "fe80::1%" + "x" * 500, "fe80::1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "<script>", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9\x1b[2J", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9" + ",10.0.0.4" * 1000, "10.0.0.4"),
        ("", "203.0.113.9", None),
        (None, None, None),
        ("localhost", None, None),
    ],
)
def test_the_client_is_the_last_hop_that_is_not_a_trusted_proxy(peer, forwarded, expected):
    """A hop that no trusted proxy reported, or that is not an address, is not believed."""
    assert client_address(peer, forwarded, TRUSTED) == expected


def test_without_trusted_proxies_the_header_is_ignored():
    """By default the client is the peer of the connection."""
    assert client_address("127.0.0.1", "203.0.113.9", []) == "127.0.0.1"
