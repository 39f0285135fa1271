"""Collector keys."""

import pytest

from shopdb_core.access.keys import CollectorKeys, ListedKey, list_keys
from shopdb_core.errors import Unauthorized
from shopdb_core.settings import Settings

SECRET = "a-secret-key-for-tests-0123456789-abcdef"
SHARED, OWN, OLD = (f"{name}-key-0123456789-abcdefghijklmnopq" for name in ("shared", "own", "old"))


@pytest.fixture
def keys() -> CollectorKeys:
    """Return the keys of a site where one plugin has two keys of its own."""
    return CollectorKeys(
        Settings(secret_key=SECRET, shared_keys=(SHARED,), collector_keys={"computers": (OWN, OLD)})
    )


@pytest.mark.parametrize(("plugin", "key"), [("printers", SHARED), ("computers", OWN), ("computers", OLD)])
def test_a_key_opens_its_plugin(keys, plugin, key):
    """The shared key is valid for plugins without their own; during rotation both keys of a plugin are."""
    keys.check(plugin, key)


@pytest.mark.parametrize(
    ("plugin", "key"),
    [
        ("computers", SHARED),
        ("printers", OWN),
        ("printers", None),
        ("printers", ""),
        ("printers", "\u00fc" * 40),
    ],
)
def test_any_other_key_is_refused(keys, plugin, key):
    """The shared key is not valid for a plugin with its own key; odd values are refused as wrong keys."""
    with pytest.raises(Unauthorized):
        keys.check(plugin, key)


def test_the_name_of_a_key_is_its_source():
    """Two keys of one name are one source; a key without a name has none, also with a colon in it."""
    odd = f"Odd Name:{OLD}"
    named = CollectorKeys(Settings(secret_key=SECRET, shared_keys=(f"pxe:{SHARED}", f"pxe:{OWN}", odd)))

    assert [named.check("printers", key) for key in (SHARED, OWN, odd)] == ["pxe", "pxe", None]
    with pytest.raises(Unauthorized):
        named.check("printers", f"pxe:{SHARED}")


def test_a_site_without_keys_opens_nothing():
    """Where no key is configured, every key is refused."""
    with pytest.raises(Unauthorized):
        CollectorKeys(Settings(secret_key=SECRET)).check("computers", "")


@pytest.mark.parametrize("key", [SHARED, OWN, OLD])
def test_check_any_accepts_every_key(keys, key):
    """A client with any valid key may learn that a collector does not exist."""
    keys.check_any(key)


def test_check_any_refuses_a_wrong_key(keys):
    """A client without a valid key does not learn whether a collector exists."""
    with pytest.raises(Unauthorized):
        keys.check_any("x" * 40)


def test_keys_are_listed_without_their_values():
    """The shared ones are accepted by the plugins that have none of their own; a name is optional."""
    settings = Settings(
        secret_key=SECRET,
        shared_keys=(f"pxe:{SHARED}", OWN),
        collector_keys={"computers": (OLD,)},
    )

    assert list_keys(settings, {"computers", "printers", "network"}) == [
        ListedKey("COLLECTOR_API_KEY", "pxe", ["network", "printers"]),
        ListedKey("COLLECTOR_API_KEY", None, ["network", "printers"]),
        ListedKey("COLLECTOR_API_KEY_COMPUTERS", None, ["computers"]),
    ]
