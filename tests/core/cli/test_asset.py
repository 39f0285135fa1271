"""`shopdb asset`: a site's assets and their history, read from its database."""

import json
import re
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest
from databases import execute

Refused = Callable[[CompletedProcess[str]], str]


@pytest.fixture
def stocked(site: Any) -> Any:
    """A site with a computer that has changed once, and a printer."""
    server = site.serve()
    server.submit("computers", {"hostname": "PC-1234", "osname": "Debian 12"})
    server.submit("computers", {"hostname": "PC-1234", "osname": "Debian 13"})
    server.submit("printers", {"serialnumber": "CNB1234567", "model": "LaserJet"})
    server.stop()
    return site


@pytest.mark.every_database
def test_list_shows_the_assets_that_were_asked_for(stocked: Any) -> None:
    """A table for people; JSON for scripts, by type, beginning of the identity, and page."""

    def listed(*options: str) -> list[str]:
        rows = json.loads(stocked.run("asset", "list", "--json", *options).stdout)
        return [row["identityvalue"] for row in rows]

    table = stocked.run("asset", "list").stdout.splitlines()

    assert table[0].split() == ["assetid", "assettype", "identityvalue", "version", "lastseenat"]
    assert [line.split()[:4] for line in table[1:]] == [
        ["1", "computers", "PC-1234", "2"],
        ["2", "printers", "CNB1234567", "1"],
    ]
    assert listed() == ["PC-1234", "CNB1234567"]
    assert listed("--type", "printers") == ["CNB1234567"]
    assert listed("--identity", "pc-12") == ["PC-1234"]
    assert listed("--limit", "1") == ["PC-1234"]
    assert listed("--after", "1") == ["CNB1234567"]
    assert listed("--search", "debian seen<1d") == ["PC-1234"]
    assert listed("--search", "-debian") == ["CNB1234567"]
    chosen = stocked.run("asset", "list", "--fields", "identityvalue,osname,attributes").stdout.splitlines()
    assert chosen[1].split() == ["PC-1234", "Debian", "13", '{"hostname":"PC-1234","osname":"Debian', '13"}']
    assert "Did you mean osname?" in stocked.run("asset", "list", "--search", "osnam:x").stderr


def test_the_index_of_searches_is_compared_and_rebuilt(stocked: Any) -> None:
    """What an edit by hand removed is missing, until it is rebuilt."""
    assert json.loads(stocked.run("search", "rebuild", "--json").stdout)["wrong"] == 0
    execute(stocked.database.url, "DELETE FROM assetword WHERE word = :word", word=b"debian")

    compared = stocked.run("search", "rebuild", "--dry-run")
    assert (compared.returncode, compared.stdout) == (1, "compared 2 assets\n1 word missing, 0 wrong\n")
    assert stocked.run("search", "rebuild").stdout == "rebuilt 2 assets\n1 word missing, 0 wrong\n"
    assert stocked.run("search", "rebuild", "--dry-run").returncode == 0


def test_show_takes_an_id_or_an_identity(stocked: Any) -> None:
    """Both show the same asset as JSON."""
    by_id, by_identity = (stocked.run("asset", "show", name).stdout for name in ("1", "computers/pc-1234"))

    assert by_id == by_identity
    assert json.loads(by_id)["attributes"] == {"hostname": "PC-1234", "osname": "Debian 13"}


@pytest.mark.every_database
def test_history_shows_what_happened(stocked: Any) -> None:
    """The oldest first, with what was before and after."""
    lines = stocked.run("asset", "history", "1").stdout.splitlines()
    entries = json.loads(stocked.run("asset", "history", "computers/PC-1234", "--json").stdout)

    assert [line.split()[3] for line in lines if not line.startswith(" ")] == ["created", "updated"]
    assert lines[-1] == "    osname: Debian 12 → Debian 13"
    assert [entry["action"] for entry in entries] == ["created", "updated"]


def test_history_is_short_where_lists_changed(site: Any) -> None:
    """A list of objects is shown by how many came and went, a missing value as in tables."""
    server = site.serve()
    for names in (["a"], ["b", "c", "d"], None):
        software = [{"name": name} for name in names] if names else None
        server.submit("computers", {"hostname": "PC-1", "memorygb": 16, "installedsoftware": software})
    server.stop()

    lines = site.run("asset", "history", "1").stdout.splitlines()

    assert [line.strip() for line in lines if line.startswith(" ")] == [
        "hostname: - → PC-1",
        "installedsoftware: +1",
        "memorygb: - → 16",
        "installedsoftware: +3 −1",  # noqa: RUF001  # a minus sign
        "installedsoftware: −3",  # noqa: RUF001  # a minus sign
    ]


def test_a_table_without_rows_says_so(site: Any) -> None:
    """For scripts it stays an empty list."""
    assert site.run("asset", "list").stdout == "no assets\n"
    assert site.run("report", "computers", "stale").stdout == "no rows\n"
    assert site.run("asset", "list", "--json").stdout == "[]\n"


def test_times_are_short_and_wide_characters_aligned(site: Any) -> None:
    """One form of a time in every table; a wide character takes two columns."""
    server = site.serve()
    for hostname in ("漢字", "PC-1234"):
        server.submit("computers", {"hostname": hostname})
    server.stop()

    _, wide, narrow = site.run("asset", "list").stdout.splitlines()
    reported = site.run("report", "computers", "stale", "days=0").stdout

    assert re.fullmatch(r" {6}2  computers  PC-1234 {14}1  \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", narrow)
    assert re.fullmatch(r" {6}1  computers  漢字 {17}1  .*", wide)
    assert narrow[-20:] in reported


def test_a_command_works_on_another_site_s_directory(site: Any, make_site: Callable[..., Any]) -> None:
    """`--site` is the working directory of the command, whose .env file and database are used."""
    elsewhere = make_site()
    dotenv = site.directory / ".env"
    dotenv.touch(mode=0o600)
    dotenv.write_text(f"SECRET_KEY={site.variables['SECRET_KEY']}\n")
    elsewhere.variables.clear()

    done = elsewhere.run("--site", str(site.directory), "asset", "list")
    wrong = elsewhere.run("asset", "list")

    assert (done.returncode, done.stdout) == (0, "no assets\n")
    assert wrong.stderr.startswith(
        f"shopdb: {elsewhere.directory} has no .env file, and SECRET_KEY is not set: "
    )


@pytest.mark.parametrize("command", ["show", "history"])
@pytest.mark.parametrize(
    ("asset", "message"),
    [
        ("7", "There is no asset 7"),
        ("computers/PC-7", "PC-7"),
        ("PC-7", "'PC-7' is neither an asset id nor TYPE/IDENTITY, such as computers/PC-1234."),
        ("9" * 20, f"'{'9' * 20}' is neither an asset id"),
    ],
)
def test_an_asset_that_does_not_exist_is_reported(
    site: Any, refused: Refused, command: str, asset: str, message: str
) -> None:
    """One line names what was asked for."""
    assert message in refused(site.run("asset", command, asset))


@pytest.mark.parametrize(
    "command",
    [["asset", "list"], ["asset", "show", "1"], ["audit", "verify"], ["report", "computers", "stale"]],
    ids=" ".join,
)
@pytest.mark.every_database
def test_a_site_without_tables_names_the_command_to_run(
    make_site: Callable[..., Any], refused: Refused, command: list[str]
) -> None:
    """Every command that reads the database says the same."""
    line = refused(make_site().run(*command))

    assert line == "This site's database has no tables yet: run `shopdb db upgrade`"


def test_an_asset_is_shown_as_of_a_time(stocked: Any) -> None:
    """With its fields of then; a time that cannot be read is wrong usage."""
    entries = json.loads(stocked.run("asset", "history", "1", "--json").stdout)

    shown = json.loads(stocked.run("asset", "show", "computers/PC-1234", "--at", entries[0]["at"]).stdout)

    assert (shown["attributes"]["osname"], shown["version"]) == ("Debian 12", 1)
    assert stocked.run("asset", "show", "1", "--at", "yesterday").returncode == 2


def test_what_changed_between_two_times_is_shown(stocked: Any) -> None:
    """A line for each field; JSON for scripts."""
    entries = json.loads(stocked.run("asset", "history", "1", "--json").stdout)
    times = ("--from", entries[0]["at"], "--to", entries[1]["at"])

    assert stocked.run("asset", "diff", "1", *times).stdout == "    osname: Debian 12 → Debian 13\n"
    found = json.loads(stocked.run("asset", "diff", "1", *times, "--json").stdout)
    assert found["diff"] == {"osname": {"before": "Debian 12", "after": "Debian 13"}}
    assert stocked.run("asset", "diff", "1", "--from", times[3], "--to", times[3]).stdout == "no changes\n"
