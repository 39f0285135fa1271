"""The payloads of the benchmark: what differs between computers and between submissions."""

import json
from importlib import import_module
from itertools import chain, islice

import pytest


@pytest.fixture
def bodies(benchmarks, monkeypatch):
    """Return a function that gives the first submissions of a kind, of 8 computers with 50 programs."""
    monkeypatch.syspath_prepend(str(benchmarks))
    computers = import_module("harness.payloads").Computers

    def first(kind: str, number: int = 24, **options: bool) -> list[dict]:
        return [json.loads(body) for body in islice(computers(50, **options).bodies(kind, 8, 0), number)]

    return first


def _programs(submission: dict) -> frozenset[tuple[str, str]]:
    return frozenset((each["name"], each["version"]) for each in submission["installedsoftware"])


def test_no_two_computers_have_the_same_software(bodies):
    """Their lists differ, and yet some programs are on several of them."""
    lists = [*map(_programs, bodies("created", 200))]

    assert all(len(each) == 50 for each in lists)
    assert len(set(lists)) == len(lists)
    assert len(set(chain(*lists))) < 200 * 50 * 3 / 4


def test_no_two_computers_share_a_version_if_asked(bodies):
    """With versions of their own, no program of one computer is on another one in the same version."""
    lists = [*map(_programs, bodies("created", 200, own_versions=True))]

    assert len(set(chain(*lists))) == 200 * 50


@pytest.mark.parametrize(("kind", "changed"), [("updated", "memorygb"), ("program", "installedsoftware")])
def test_each_turn_changes_one_field(bodies, kind, changed):
    """The computers come in turn; from the first turn on, one field differs from what was there before."""
    submissions = [*bodies("noop"), *bodies(kind)]

    for before, after in zip(submissions, submissions[8:], strict=False):
        assert before["hostname"] == after["hostname"]
        assert [name for name in before if before[name] != after[name]] == [changed]
        assert changed == "memorygb" or len(_programs(before) ^ _programs(after)) == 2


def test_a_floor_is_submitted_as_it_is(bodies):
    """A floor has the computers of a noop, each once."""
    assert bodies("floor") == bodies("noop")
    assert len({each["hostname"] for each in bodies("floor")}) == 8
