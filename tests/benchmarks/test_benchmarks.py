"""The benchmarks run to their end, at a small size; no time is compared."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from machine import without_settings

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(name: str, *arguments: str) -> str:
    """Run a benchmark, and return what it prints."""
    done = subprocess.run(
        [sys.executable, BENCHMARKS / name, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=without_settings(),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.every_database
def test_growth(database_kind, server_url):
    """Each operation has figures for each of the sites."""
    size = ("--assets", "70,140", "--entries", "3", "--times", "2")
    server = ()
    if database_kind != "sqlite":
        server = ("--database-url", server_url(database_kind).render_as_string(hide_password=False))

    _, first, second, *operations = run("growth.py", *size, *server).splitlines()

    assert (first.split(":")[0], second.split(":")[0]) == (
        "70 assets, 210 entries",
        "140 assets, 420 entries",
    )
    assert len(operations) > 40
    for line in operations:
        assert re.fullmatch(r"\S.*(least +[\d.]+  p50 +[\d.]+  p99 +[\d.]+ ms( +x *[\d.]+){2}[ |]*){2}", line)


@pytest.mark.every_database
def test_console(database_kind, server_url):
    """Each page has figures beside those of the API, and people click while submissions arrive."""
    size = ("--assets", "70", "--entries", "3", "--times", "2", "--turns", "0")
    if database_kind == "sqlite":
        size = (*size[:-1], "1", "--seconds", "0.3", "--people", "3", "--pause", "0.05")
    else:
        size += ("--database-url", server_url(database_kind).render_as_string(hide_password=False))

    _, filled, headings, *lines = run("console.py", *size).splitlines()

    pages = [line for line in lines if line.startswith("/")]
    assert filled.startswith("70 assets, 210 entries: ")
    assert headings.split()[0] == "page"
    assert len(pages) > 15
    assert all(re.fullmatch(r"/.*?(?: +\d+\.\d+){5}", line) for line in pages)
    if database_kind == "sqlite":
        assert re.fullmatch(r"beside 3 people, a page each 0.05 s: x [\d.]+, [1-9]\d* pages", lines[-1])


def test_pruning():
    """The entries that are old enough are pruned beside clients that submit, and the rest is whole."""
    size = ("--assets", "20", "--entries", "400", "--clients", "2", "--turn", "0.2")

    output = run("pruning.py", *size)

    assert "pruned 160 entries" in output
    assert output.endswith("\n0 faults in what is left\n")
    assert re.search(r"without pruning +\d+ ", output)
    assert re.search(r"beside pruning +\d+ ", output)


@pytest.mark.parametrize("together", ["1", "8"])
def test_stages(together):
    """Each package that a submission goes through has a part of the CPU time, and the parts are the whole."""
    size = ("--programs", "20", "--number", "64")

    _, headings, *lines = run("stages.py", *size, "--together", together).splitlines()

    assert headings.split()[-3:] == ["created", "updated", "noop"]
    created = {line.split()[0]: int(line.split()[1].replace(",", "")) for line in lines}
    whole = created.pop("all")
    assert {"store", "intake", "declarations", "submissions", "audit", "shopdb_computers"} <= created.keys()
    assert sum(created.values()) == pytest.approx(whole, rel=0.02)


def test_day():
    """The day has figures of all submissions that were due, beside pruning."""
    size = ("--assets", "60", "--expired", "120", "--programs", "3", "--rate", "200", "--seconds", "1")

    _, filled, figures, memory, pruning = run("day.py", *size, "--clients", "4").splitlines()

    assert filled.startswith("60 computers with 3 programs, 120 expired entries: ")
    assert re.fullmatch(
        r"\d+ submissions, \d+ of 200 a second: p50 [\d.]+ ms, p99 [\d.]+ ms, longest \d+ ms; .*", figures
    )
    assert re.fullmatch(r"resident memory \d+ MB before, \d+ MB after", memory)
    assert pruning.startswith("pruning ")


@pytest.mark.every_database
def test_floor(database_kind, make_database):
    """A small floor has every chapter, and the audit has no fault after each of them."""
    size = ("--computers", "120", "--printers", "3", "--weeks", "1", "--ranked", "yes")
    database = make_database(database_kind)

    _, _, *chapters = run("floor.py", *size, "--database-url", database.url).splitlines()

    assert len(chapters) == 9
    for line in chapters:
        assert re.fullmatch(r"\S.{27} +\d+ +[\d.]+ +\d+ +\d+ +[\d.]+ +0", line)
    (week,) = (line.split() for line in chapters if line.startswith("week 1"))
    assert int(week[-3]) > int(week[-4])
