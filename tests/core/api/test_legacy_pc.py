"""`POST /api/collector/pc` takes other spellings, announces its end, and its module can be deleted."""

import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from shops import KEY, Shop

from shopdb_core.api.legacy_pc import SPELLINGS, SUCCESSOR, to_fields
from shopdb_core.errors import InvalidSubmission
from shopdb_core.operations.records import DayOfSubmissions, last_submissions, submissions_since
from shopdb_core.outcomes.records import legacy_submissions
from shopdb_core.settings import PluginSelection

CORE = Path(__file__).parents[3] / "src/shopdb_core/shopdb_core"
ANNOUNCED = {
    "deprecation": "@1795737600",
    "sunset": "Fri, 31 Dec 2027 00:00:00 GMT",
    "link": f'<{SUCCESSOR}>; rel="successor-version"',
}


def post(shop: Shop, submission: object, query: str = "", **headers: str):
    return shop.post("pc", submission, query, **headers)


def announced(answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name in ANNOUNCED}


@pytest.mark.every_database
def test_other_spellings_reach_the_collector(shop):
    """Asset, audit and answer are those of the collector of computers; one warning names the spellings."""
    sent = {
        "ComputerName": "PC-1",
        "CAPTION": "Windows 11",
        "TotalPhysicalMemory": 17049620480,
        "OsLastBootUpTime": "20261101080000.000000+060",
        "InstalledSoftware": {"DisplayName": "7-Zip", "DisplayVersion": "24.09"},
        "color": "grey",
    }

    answer = post(shop, sent)

    asset = shop.get(answer.headers["location"]).json
    (entry,) = shop.get("/api/audit").json["items"]
    assert answer.status_code == 201
    assert asset["assettype"] == "computers"
    assert asset["attributes"] == {
        "hostname": "PC-1",
        "osname": "Windows 11",
        "memorygb": 15.9,
        "lastboottime": "2026-11-01T07:00:00Z",
        "installedsoftware": [{"name": "7-Zip", "version": "24.09"}],
    }
    assert (entry["plugin"], entry["action"]) == ("computers", "created")
    assert answer.json["warnings"][0] == (
        "pc: this endpoint ends on 2027-12-31; submit to /api/collector/computers, where ComputerName is "
        "hostname, CAPTION is osname, TotalPhysicalMemory is memorygb, OsLastBootUpTime is lastboottime, "
        "InstalledSoftware is installedsoftware"
    )
    assert any(warning.startswith("color: ") for warning in answer.json["warnings"])


def test_the_payload_of_the_collector_is_taken_unchanged(shop):
    """The second endpoint finds what the first one stored."""
    shop.post("computers", {"hostname": "PC-1", "osname": "Windows 11"})

    answer = post(shop, {"hostname": "PC-1", "osname": "Windows 11"})

    assert (answer.status_code, answer.json["action"]) == (200, "noop")


def test_payloads_of_others_are_taken_alike(shop, testdata):
    """Both endpoints give the same answer, but for the one warning."""
    for path in sorted(testdata.glob("payloads/computers/*.json")):
        submission = json.loads(path.read_text())
        legacy = post(shop, submission, "?dryrun=true").json
        assert (
            legacy.pop("warnings")[1:] == shop.post("computers", submission, "?dryrun=true").json["warnings"]
        )
        assert legacy["identityvalue"] == submission["hostname"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ({"hostname": "PC-1"}, {}, 201),
        ({"osname": "Windows 11"}, {}, 422),
        ({"hostname": "PC-1"}, {"X-API-Key": "wrong"}, 401),
        ({"hostname": "PC-1"}, {"Content-Type": "text/plain"}, 415),
        ({"hostname": "PC-1"}, {"X-Collected-At": "yesterday"}, 400),
    ],
)
def test_every_answer_announces_the_end(shop, body, headers, status):
    """RFC 9745, RFC 8594 and RFC 5829, also of errors; answers of the collector announce nothing."""
    answer = shop.client.simulate_post(
        "/api/collector/pc",
        body=json.dumps(body),
        headers={"X-API-Key": KEY, "Content-Type": "application/json", **headers},
    )

    assert answer.status_code == status
    assert announced(answer) == ANNOUNCED
    assert announced(shop.post("computers", body)) == {}


def test_it_takes_the_key_of_the_collector(make_shop):
    """Where computers have a key of their own, the shared one is wrong here, too."""
    shop = make_shop(collector_keys={"computers": (KEY[::-1],)})

    assert post(shop, {"PCName": "PC-1"}).status_code == 401
    assert post(shop, {"PCName": "PC-1"}, **{"X-API-Key": KEY[::-1]}).status_code == 201


def test_two_spellings_must_agree(shop):
    """Equal values are one; different ones are refused with both names, and nothing is stored."""
    agreed = post(shop, {"PCName": "PC-1", "Hostname": "PC-1"})
    refused = post(shop, {"PCName": "PC-1", "Hostname": "PC-2"})

    assert agreed.status_code == 201
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "/Hostname"
    assert "PCName and Hostname" in refused.json["detail"]
    assert shop.count("asset") == 1


def test_options_of_the_collector_apply(shop):
    """A dry run writes and counts nothing; lenient handling drops what does not fit."""
    dry = post(shop, {"PCName": "PC-1"}, "?dryrun=true")
    lenient = post(shop, {"PCName": "PC-1", "RAM": "much"}, Prefer="handling=lenient")
    late = post(shop, {"PCName": "PC-1"}, **{"X-Collected-At": "2020-01-01T00:00:00Z"})

    assert dry.json["diff"] == {"hostname": {"before": None, "after": "PC-1"}}
    assert lenient.headers["preference-applied"] == "handling=lenient"
    assert late.json["action"] == "noop"
    shop.recorder.write()
    assert shop.store.read(lambda connection: legacy_submissions(connection, 7)) == 2


@pytest.mark.every_database
def test_submissions_are_counted_by_source(make_shop):
    """Each one is one of computers, and no sum has it twice; its use of this endpoint is counted apart."""
    shop = make_shop(shared_keys=(f"pxe:{KEY}",))
    post(shop, {"PCName": "PC-1"})
    post(shop, {"PCName": "PC-1"})
    post(shop, {"PCName": 7})
    post(shop, {"PCName": "PC-1"}, **{"X-API-Key": "wrong"})
    shop.post("computers", {"hostname": "PC-1"})
    shop.recorder.write()

    def counted(query: str) -> dict[str, int]:
        items = shop.get(f"/api/counts?source=pxe{query}").json["items"]
        return {f"{each['plugin']} {each['outcome']}": each["count"] for each in items}

    assert counted("") == {"computers created": 1, "computers noop": 2, "computers 422 type": 1}
    assert counted("&plugin=pc") == {"pc created": 1, "pc noop": 1, "pc 422": 1}
    since = shop.store.read(lambda connection: submissions_since(connection, date.min))
    assert since == DayOfSubmissions(stored=3, refused=2)
    assert [each.plugin for each in shop.store.read(last_submissions)] == ["computers"]
    assert shop.store.read(lambda connection: legacy_submissions(connection, 7)) == 3
    assert shop.store.read(lambda connection: legacy_submissions(connection, 0)) == 0


def test_without_the_collector_it_does_not_exist(make_shop):
    """As for any unknown collector: 404 with a valid key, 401 without one."""
    shop = make_shop(plugin_selection=PluginSelection(blocked=frozenset({"computers"})))

    assert post(shop, {"hostname": "PC-1"}).status_code == 404
    assert post(shop, {"hostname": "PC-1"}, **{"X-API-Key": "wrong"}).status_code == 401


def test_a_site_turns_it_off(make_shop):
    """Then the address is that of an unknown collector, and announces nothing."""
    answer = post(make_shop(legacy_pc=False), {"hostname": "PC-1"})

    assert answer.status_code == 404
    assert announced(answer) == {}


@pytest.mark.parametrize(
    ("name", "value", "gibibytes"),
    [
        ("RAM", 16, 16),
        ("RAM", 16384, 16),
        ("RAM", 17179869184, 16),
        ("RAM", "16 GB", 16),
        ("ram", "16384MB", 16),
        ("RAMMB", 512, 0.5),
        ("RAMGB", "7.6", 7.6),
        ("TotalPhysicalMemory", 536870912, 0.5),
        ("MemoryGB", 2048, 2048),
        ("RAM", "much", "much"),
        ("RAM", True, True),
        ("RAM", -1, -1),
        ("RAM", 10**400, 10**400),
    ],
)
def test_memory_is_brought_to_gibibytes(name, value, gibibytes):
    """By the unit of the text, of the name, or by its size; what is not a size is left to the collector."""
    assert to_fields({name: value})[0] == {"memorygb": gibibytes}


@pytest.mark.parametrize("form", [lambda items: items, lambda items: {"value": items, "Count": len(items)}])
def test_programs_have_other_spellings(form):
    """Those of the registry and of Win32_Product, also in the form that PowerShell gives to a list."""
    programs = [{"DisplayName": "7-Zip", "Vendor": "Igor"}, {"Name": "Git", "Version": "2.47"}, "Vim"]

    fields, _ = to_fields({"Software": form(programs)})

    known = [{"name": "7-Zip", "publisher": "Igor"}, {"name": "Git", "version": "2.47"}, "Vim"]
    assert fields == {"installedsoftware": form(known)}


def test_a_contradiction_inside_a_program_names_its_place():
    """The pointer leads to the item as it was sent."""
    with pytest.raises(InvalidSubmission) as caught:
        to_fields({"Software": [{"Name": "7-Zip", "DisplayName": "Git"}]})

    assert caught.value.faults[0].pointer == "/Software/0/DisplayName"


def test_the_first_address_counts():
    """Win32_NetworkAdapterConfiguration has a list of them."""
    assert to_fields({"IPAddress": ["10.0.0.5", "fe80::1"]})[0] == {"ipaddress": "10.0.0.5"}


def test_every_spelling_is_of_one_declared_field(shop):
    """No name has two meanings, and each leads to a field that computers have."""
    names = [name.casefold() for names in SPELLINGS.values() for name in names]

    assert len(names) == len(set(names))
    assert SPELLINGS.keys() <= shop.plugins.collector("computers").declaration["fields"].keys()
    assert SPELLINGS.keys().isdisjoint(names)


def test_its_module_can_be_deleted(tmp_path):
    """Without it and the lines of `app.py` that name it, the core starts and takes submissions."""
    copy = tmp_path / "shopdb_core"
    shutil.copytree(CORE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "api/legacy_pc.py").unlink()
    lines = (copy / "app.py").read_text().splitlines(keepends=True)
    (copy / "app.py").write_text("".join(line for line in lines if "legacy_pc" not in line))
    script = """
import shopdb_core
from falcon.testing import TestClient
from shopdb_core.app import create_app
from shopdb_core.settings import Settings
from shopdb_core.site import Site, upgrade_site
assert shopdb_core.__file__.startswith({folder!r}), shopdb_core.__file__
settings = Settings(
    secret_key={key!r}[::-1], shared_keys=({key!r},), database_url="sqlite:///{folder}/site.sqlite3"
)
upgrade_site(settings)
with Site.open(settings) as site:
    client = TestClient(create_app(site))
    for collector in ("computers", "pc"):
        answer = client.simulate_post(
            f"/api/collector/{{collector}}", json={{"hostname": "PC-1"}}, headers={{"X-API-Key": {key!r}}}
        )
        print(answer.status_code)
""".format(folder=str(tmp_path), key=KEY)

    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{script}"],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["201", "404"]
