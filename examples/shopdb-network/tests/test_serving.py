"""The answers of a server with this plugin."""

import httpx

from shopdb_network.examples import EXAMPLES


def test_an_example_is_stored_once(shopdb_client: httpx.Client) -> None:
    """The first submission creates an asset; the same submission again changes nothing."""
    first, again = (shopdb_client.post("/api/collector/network", json=EXAMPLES[0]) for _ in range(2))

    assert (first.status_code, first.json()["action"]) == (201, "created")
    assert (again.status_code, again.json()["action"]) == (200, "noop")


def test_the_ports_that_are_down_follow_each_submission(shopdb_client: httpx.Client) -> None:
    """A port that comes up leaves the report; a port that is switched off is not in it."""
    switch, reported = EXAMPLES[0], []
    for ports in (switch["ports"], switch["ports"][:1], switch["ports"][1:], None):
        shopdb_client.post("/api/collector/network", json={**switch, "ports": ports})
        items = shopdb_client.get("/api/reports/network/ports_down").json()["items"]
        reported.append([item["port"] for item in items])

    assert reported == [["Gi1/0/2"], [], ["Gi1/0/2"], []]


def test_the_firmware_report_counts_devices(shopdb_client: httpx.Client) -> None:
    """A switch that is updated counts under its new version only."""
    for firmware, macaddress in [
        ("17.9.4a", "001a2b3c4d00"),
        ("17.9.4a", "001a2b3c4d01"),
        ("17.12", "001a2b3c4d01"),
    ]:
        switch = {"macaddress": macaddress, "model": "C9300-24T", "firmware": firmware}
        shopdb_client.post("/api/collector/network", json=switch)

    items = shopdb_client.get("/api/reports/network/firmware").json()["items"]

    assert {item["firmware"]: item["devices"] for item in items if item["model"] == "C9300-24T"} == {
        "17.12": 1,
        "17.9.4a": 1,
    }
