"""Devices that a server with this plugin refuses."""

import httpx
import pytest


@pytest.mark.parametrize("macaddress", ["0:0:0:0:0:0", "ff-ff-ff-ff-ff-ff", "0200.5e00.5301", "00059a3c7a00"])
def test_an_address_of_many_devices_is_refused(shopdb_client: httpx.Client, macaddress: str) -> None:
    """ShopDB refuses identities that are placeholders, in any spelling that the plugin reads."""
    answer = shopdb_client.post("/api/collector/network", json={"macaddress": macaddress})

    assert answer.status_code == 422
    assert [error["keyword"] for error in answer.json()["errors"]] == ["placeholder"]
