"""The findings about duplicates: the list, the evidence side by side, and ignoring one."""

from typing import Any

import pytest
from browsing import Browsing, plain
from shops import Shop

from shopdb_core.assets.duplicates.findings import get_duplicate
from shopdb_core.console.duplicates.comparing import Cell, proofs_of, rows_of, takeover

MAC, OTHER_MAC = "3C:52:82:11:22:33", "3C:52:82:11:22:44"
PROGRAMS = [{"name": f"Program {number}", "version": "1"} for number in range(30)]
OLD = {"hostname": "PC-7", "macaddress": MAC, "model": "G4", "osname": "Windows 10"}
NEW = {"hostname": "PC-8", "macaddress": MAC, "model": "G5", "installedsoftware": PROGRAMS}


@pytest.fixture
def renamed(shop: Shop) -> Shop:
    """Return a site with a finding: PC-8 (asset 2) came with the MAC address of PC-7 (asset 1)."""
    for submission in (OLD, NEW):
        shop.submit("computers", submission)
    return shop


def collide(shop: Shop) -> None:
    """Let one name alternate between two MAC addresses."""
    for address in (MAC, OTHER_MAC, MAC):
        shop.submit("computers", {"hostname": "PC-1", "macaddress": address})


@pytest.mark.every_database
def test_findings_lead_to_their_evidence(renamed):
    """The list has both names and the value; the page compares the fields and marks the evidence."""
    viewer = Browsing(renamed, "viewer")

    found, page = viewer.text("/duplicates"), viewer.text("/duplicates/1")

    assert '<a href="/duplicates/1">Renamed?</a>' in found
    assert f"PC-7 PC-8 macaddress {MAC}" in plain(found)
    assert "All 1 Renamed? 1 Swapped? 0" in plain(found)
    assert 'MAC address</bdi> <span class="badge badge-accent">evidence</span>' in page
    text = plain(page)
    assert f"MAC address {MAC} one device" in text
    assert "Model differs G4 G5" in text
    assert "Installed software differs \N{EN DASH} 30 items" in text


def test_all_that_both_have_is_marked_as_evidence(shop):
    """The finding names the strongest value; the weaker one counts as well, a field beside them does not."""
    for submission in (OLD, NEW):
        shop.submit("computers", {**submission, "serialnumber": "CZC1234XYZ", "osname": "Windows 10"})

    page = Browsing(shop, "viewer").text("/duplicates/1")

    marked = '</bdi> <span class="badge badge-accent">evidence</span>'
    assert [
        name for name in ("Serial number", "MAC address", "Operating system") if name + marked in page
    ] == [
        "Serial number",
        "MAC address",
    ]


def test_what_each_choice_does_is_said(renamed):
    """Which fields the kept asset takes, and which values are dropped; its name does not."""
    text = plain(Browsing(renamed, "admin").text("/duplicates/1"))

    assert "Merge PC-7 into PC-8 PC-8 takes what it lacks: Operating system" in text
    assert "Merge PC-8 into PC-7 PC-7 takes what it lacks: Installed software" in text
    assert "These values of PC-7 are dropped: Model What" in text


def test_choices_are_those_of_the_role(renamed):
    """A viewer sees no button, an editor ignores, an admin also merges."""
    pages = {role: Browsing(renamed, role).text("/duplicates/1") for role in ("viewer", "editor", "admin")}

    assert {role: "/duplicates/1/ignore" in page for role, page in pages.items()} == {
        "viewer": False,
        "editor": True,
        "admin": True,
    }
    assert [role for role, page in pages.items() if "/assets/2/merge?gone=1" in page] == ["admin"]


def test_ignoring_takes_a_finding_from_the_list(renamed):
    """The page of the finding says who did it."""
    editor = Browsing(renamed, "editor")

    sent = editor.post("/duplicates/1/ignore", {})

    assert (sent.status_code, sent.headers["location"]) == (303, "/duplicates")
    assert "Nothing waits for a decision." in editor.text("/duplicates")
    assert "user:browsing-editor ignored this finding" in plain(editor.text("/duplicates/1"))


def test_a_collision_has_one_asset(shop):
    """There is nothing to merge; the page leads to renaming and to the past of the field."""
    collide(shop)

    text = Browsing(shop, "admin").text("/duplicates/1")

    assert "alternates between" in text
    assert f"<code>{MAC}</code> and <code>{OTHER_MAC}</code>" in text
    assert "/assets/1/rename" in text
    assert "/assets/1/past?field=macaddress" in text
    assert "/merge?gone=" not in text


def test_kinds_are_listed_apart(renamed):
    """The tab of a kind has its findings alone; another word is refused."""
    collide(renamed)
    viewer = Browsing(renamed, "viewer")

    assert "PC-7" not in viewer.text("/duplicates?kind=collision")
    assert "PC-1" in viewer.text("/duplicates?kind=collision")
    assert viewer.open("/duplicates?kind=other").status_code == 400


def test_a_finding_that_was_withdrawn_has_a_page_that_says_so(renamed):
    """As when the address is of an earlier time."""
    answer = Browsing(renamed, "viewer").open("/duplicates/99")

    assert answer.status_code == 404
    assert "There is no duplicate 99: the finding was withdrawn, or never made." in plain(answer.text)
    assert renamed.store.read(lambda connection: get_duplicate(connection, 1))["ignoredat"] is None


def test_a_plugin_that_vanished_leaves_the_comparison(renamed):
    """Without it nothing can be merged, and fields have their plain names."""
    renamed.plugins.quarantine("computers", "it failed")

    text = plain(Browsing(renamed, "viewer").text("/duplicates/1"))

    assert "model differs G4 G5" in text
    assert "Both had, when the finding was made: macaddress" in text


def rows(one: dict[str, Any], other: dict[str, Any]) -> Any:
    return rows_of(one, other, {"b": {"title": "Second"}}, {}, ["b"])


def test_rows_follow_the_declaration():
    """Declared fields first, with their titles; lists of objects are counted."""
    items = [{"name": "x"}, {"name": "y"}]

    found = rows({"a": 1, "b": True, "list": items}, {"b": 1, "list": items[:1], "c": 2})

    assert [row.name for row in found] == ["b", "a", "list", "c"]
    assert [(row.title, row.isevidence, row.issame) for row in found[:2]] == [
        ("Second", True, False),
        ("a", False, False),
    ]
    assert found[2].cells == (Cell(items=2, alone=1), Cell(items=1, alone=0))


def test_a_merge_takes_what_is_missing_and_keeps_its_own():
    """A value that only one asset has gives way to nothing."""
    found = takeover(rows({"a": 1, "b": 1, "d": 1}, {"a": 2, "b": 1, "c": 3}), 0, ["c"])

    assert (found.taken, found.lost) == (["c"], ["a"])


def test_evidence_is_compared_by_kind(shop):
    """The strongest first: shared, different, or of one asset alone; spellings do not count."""
    one = {"hostname": "A", "serialnumber": "CZC1234XYZ", "uuid": "4c4c4544-0042-3010-8053-b4c04f4e4c32"}
    other = {"hostname": "B", "serialnumber": "czc1234xyz", "macaddress": MAC}

    found = proofs_of(shop.plugins.collector("computers"), one, other)
    differing = proofs_of(shop.plugins.collector("computers"), one, {**other, "serialnumber": "CZC9999XYZ"})

    assert [(proof.kind, proof.verdict) for proof in found] == [
        ("serialnumber", "shared"),
        ("uuid", "single"),
        ("macaddress", "single"),
    ]
    assert differing[0].verdict == "different"
    assert differing[0].alone == (["CZC1234XYZ"], ["CZC9999XYZ"])
