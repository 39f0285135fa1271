"""The software of a site, from the reports that a declaration names, of any plugin."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from shops import Shop

from shopdb_core.errors import NotFound, PluginFailure, Unavailable
from shopdb_core.plugins.reports import software
from shopdb_core.plugins.reports.software import Change, Holder, Program, Version
from shopdb_hookspecs import Json, Parameter, Report, hookimpl

ROLES = {"programs": "firmware", "versions": "firmware_versions", "holders": "firmware_on"}
PAGED = (Parameter("contains", "string", "A part."), Parameter("beyond", "string", "Only after it."))
NAME = Parameter("name", "string", "The name.", required=True)
OF_VERSION = (NAME, Parameter("version", "string", "It."), Parameter("beyond", "integer", "Only after it."))
COUNTED = ("name", "version", "installations")


def firmware(connection: object, contains: str | None, beyond: str | None) -> Sequence[Sequence[Json]]:
    """Return the rows of a plugin that has no tables."""
    del connection
    rows = [("boot", "1", 2), ("boot", None, 1), ("panel", "7", 4)]
    return [row for row in rows if (contains or "") in row[0] and row[0] > (beyond or "")]


class Doors:
    """A plugin with firmware: whatever is given replaces one of its reports, or its roles."""

    def __init__(self, roles: Mapping[str, str] = ROLES, **reports: Report) -> None:
        own = {
            "firmware": Report("firmware", "Firmware", COUNTED, firmware, PAGED),
            "firmware_versions": Report(
                "firmware_versions", "Versions", COUNTED[1:], lambda _, name: [(name, 3)], (NAME,)
            ),
            "firmware_on": Report(
                "firmware_on", "Doors", ("identityvalue", "assetid"), lambda *_, **__: [], OF_VERSION
            ),
        }
        self._reports = own | reports
        self._roles = roles

    @hookimpl
    def get_collector_schema(self) -> dict[str, Any]:
        """Declare doors."""
        fields = {"number": {"type": "string"}}
        return {"identityfield": "number", "fields": fields, "x-software": self._roles}

    @hookimpl
    def get_reports(self) -> list[Report]:
        """Return them."""
        return [*self._reports.values()]


@pytest.fixture
def computers(shop: Shop) -> Shop:
    """Return a site with three computers."""
    installed = {"PC-1": [("tar", "1.9"), ("zip", "3")], "PC-2": [("tar", "1.10")], "PC-3": [("tar", "1.9")]}
    for hostname, programs in installed.items():
        listed = [{"name": name, "version": version} for name, version in programs]
        shop.submit("computers", {"hostname": hostname, "installedsoftware": listed})
    return shop


def test_the_software_of_computers(computers: Shop) -> None:
    """Pages of programs, one program, the assets with a version, and what came."""
    lists = computers.software
    tar = Program("tar", [Version("1.9", 2), Version("1.10", 1)])

    assert lists.plugins() == ["computers"]
    assert lists.programs("computers", limit=1) == ([tar], True)
    assert tar.installations == 3
    found, more = lists.programs("computers", beyond="tar", limit=1)
    assert ([each.name for each in found], more) == (["zip"], False)
    assert lists.programs("computers", contains="ZI", limit=9) == (found, False)
    assert lists.program("computers", "tar") == tar
    assert lists.holders("computers", "tar", "1.9", limit=1) == ([Holder(1, "PC-1")], True)
    assert lists.holders("computers", "tar", "1.9", beyond=1, limit=1) == ([Holder(3, "PC-3")], False)
    came = lists.changes("computers", 1).came
    assert [change[1:] for change in came] == [("tar", "1.10", 1), ("tar", "1.9", 2), ("zip", "3", 1)]
    assert isinstance(came[0], Change)


def test_a_page_ends_where_its_programs_have_many_versions(
    computers: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program is never divided."""
    monkeypatch.setattr(software, "MOST_VERSIONS", 1)

    found, more = computers.software.programs("computers", limit=9)

    assert ([each.name for each in found], more) == (["tar"], True)


def test_many_changes_are_cut_off(computers: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is said that there are more."""
    monkeypatch.setattr(software, "MOST_CHANGES", 2)

    changes = computers.software.changes("computers", 1)

    assert (len(changes.came), changes.more_came, changes.went, changes.more_went) == (2, True, [], False)


def test_the_software_of_another_plugin(make_shop: Callable[..., Shop]) -> None:
    """A version that is `None` is an unknown one; a role that is left out is not there."""
    shop = make_shop({"doors": Doors()})
    boot = Program("boot", [Version("1", 2), Version("", 1)])

    assert shop.software.plugins() == ["doors"]
    assert shop.software.programs("doors", limit=1) == ([boot], True)
    assert not shop.software.has_changes("doors")
    with pytest.raises(NotFound, match="names no report for changes in x-software"):
        shop.software.changes("doors", 7)


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        ("doors", "The plugin doors does not count software."),
        ("nothing", "There is no collector named 'nothing'"),
        ("x" * 500, "There is no collector named"),
    ],
)
def test_a_plugin_without_software_is_not_found(
    plugin: str, message: str, make_shop: Callable[..., Shop]
) -> None:
    """Neither one that does not count any, nor one that is not installed."""
    doors = Doors()
    shop = make_shop({"doors": doors})
    del shop.plugins.collectors()["doors"].declaration["x-software"]  # type: ignore[attr-defined]  # a dict

    assert shop.software.plugins() == []
    with pytest.raises(NotFound, match=message):
        shop.software.programs(plugin, limit=1)


def test_a_program_that_nothing_has_is_not_found(computers: Shop) -> None:
    """It may have been the last computer since the list was shown."""
    with pytest.raises(NotFound, match="No asset of computers has the program 'viewer' now"):
        computers.software.program("computers", "viewer")


@pytest.mark.parametrize(
    ("doors", "reason"),
    [
        (
            Doors({**ROLES, "changes": "firmware_changes"}),
            "/x-software/changes names the report firmware_changes, which get_reports does not return",
        ),
        (
            Doors(firmware=Report("firmware", "Firmware", COUNTED[1:], firmware, PAGED)),
            "/x-software/programs names the report firmware, which needs the column name",
        ),
        (
            Doors({**ROLES, "holders": "firmware_versions"}),
            "/x-software/holders names the report firmware_versions, which needs the column identityvalue",
        ),
        (
            Doors({**ROLES, "versions": "firmware"}),
            "/x-software/versions names the report firmware, which needs the parameter name",
        ),
    ],
)
def test_reports_that_do_not_fit_their_roles_quarantine_the_plugin(
    doors: Doors, reason: str, make_shop: Callable[..., Shop]
) -> None:
    """At start, with the role, the report and what it lacks."""
    shop = make_shop({"doors": doors})
    plugin = shop.plugins.get("doors")
    assert plugin is not None
    assert (plugin.state, plugin.reason) == ("quarantined", f"get_collector_schema at {reason}")
    with pytest.raises(Unavailable, match="is quarantined"):
        shop.software.programs("doors", limit=1)


def test_cells_that_are_not_what_the_columns_say(make_shop: Callable[..., Shop]) -> None:
    """The plugin is named, as for every report that fails."""
    rows = [("boot", "1", "many")]
    shop = make_shop(
        {"doors": Doors(firmware=Report("firmware", "F", COUNTED, lambda *_, **__: rows, PAGED))}
    )

    with pytest.raises(PluginFailure, match="the report firmware raised ValueError"):
        shop.software.programs("doors", limit=1)
