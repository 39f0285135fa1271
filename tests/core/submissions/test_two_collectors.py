"""Two honest collectors of one computer: an agent, and `shopdb collect` on the same machine."""

import json

import pytest
from click.testing import CliRunner
from shops import Shop

from shopdb_computers.collect import collect

KEYS = {name: f"a-collector-key-of-{name}-0123456789-abcdef" for name in ("agent", "collect")}


@pytest.mark.every_database
@pytest.mark.parametrize("ranking", [("agent", "collect"), ("collect", "agent")])
def test_alternating_twenty_times_makes_two_entries_that_change(make_shop, testdata, ranking) -> None:
    """Whichever source the site believes more, the third submission and all after it are noops."""
    collected = json.loads(CliRunner().invoke(collect).output)
    inventory = json.loads((testdata / "payloads" / "computers" / "computer_1.json").read_text())
    agent = {**inventory, "hostname": collected["hostname"]}
    shop: Shop = make_shop(
        shared_keys=tuple(f"{name}:{key}" for name, key in KEYS.items()), sources={"computers": ranking}
    )

    for _ in range(20):
        for name, submission in (("agent", agent), ("collect", collected)):
            assert shop.post("computers", submission, **{"X-API-Key": KEYS[name]}).status_code < 300

    entries = shop.get("/api/assets/1/history?limit=1000").json["items"]
    assert [(each["source"], each["action"]) for each in entries[:2]] == [
        ("agent", "created"),
        ("collect", "updated"),
    ]
    assert [each["action"] for each in entries[2:]] == ["noop"] * 38
    asset = shop.get("/api/assets/1").json
    best = agent if ranking[0] == "agent" else collected
    assert asset["attributes"]["osname"] == best["osname"]
    assert {each["source"]: sorted(each["othervalues"]) for each in asset["sources"]}[ranking[0]] == []
