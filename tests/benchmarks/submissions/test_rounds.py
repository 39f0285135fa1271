"""Measuring servers side by side, where one of them does not answer as it should."""

import shutil
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace

import pytest


@dataclass
class Process:
    """What is measured of a server, with made-up figures."""

    address: tuple[str, int]

    def cpu_seconds(self) -> float:
        return 1.0

    def resident_megabytes(self) -> float:
        return 50.0


@pytest.fixture
def harness(benchmarks, monkeypatch, not_permitted) -> SimpleNamespace:
    """Return the modules of the benchmark."""
    if not shutil.which("cc"):
        not_permitted("there is no C compiler")
    monkeypatch.syspath_prepend(str(benchmarks))
    names = ("figures", "loader", "payloads", "rounds", "servers")
    return SimpleNamespace(**{name: import_module(f"harness.{name}") for name in names})


def test_a_run_that_is_not_valid_is_left_out(harness, server, tmp_path):
    """A status that is not 2xx, or an answer without what was expected, gives no figures but a fault."""
    sizes = harness.rounds.Sizes(seconds=30, requests=20, floor=10, own_versions=False)
    bench = harness.rounds.Bench(harness.loader.Loader(tmp_path), sizes, tmp_path)
    process, endpoint = Process(("127.0.0.1", server.server_port)), harness.payloads.Endpoint("/")
    well = harness.servers.Server("well", process, endpoint, "done")
    other = harness.servers.Server("other", process, endpoint, "done", {"created": '"action":"created"'})
    group = harness.payloads.Group(programs=3, clients=2, kind="created")

    assert [each.server for each in bench.measure(group, [well, other], 0)] == ["well"]
    server.statuses = [503]
    assert not [*bench.measure(group, [well], 0)]

    assert len(bench.faults) == 2
    assert bench.faults[0].startswith("other, Group(programs=3")
    assert "was expected 20 times, and 0 answers had it" in bench.faults[0]
    assert 'the server answered 503: "done"' in bench.faults[1]


def test_ratios_are_to_the_no_op_of_the_same_round(harness):
    """Each round is compared with its own no-op; the ratio is the median of these, not of all figures."""
    group = harness.payloads.Group(programs=50, clients=8, kind="noop")
    rates = {0: (1000, 500), 1: (4000, 1000), 2: (2000, 1200)}
    measurements = [
        harness.figures.Measurement(name, group, turn, harness.figures.Figures(rate, *[1.0] * 8))
        for turn, both in rates.items()
        for name, rate in zip(("no-op", "sqlite"), both, strict=True)
    ]

    _, sqlite = harness.figures.summaries(measurements)

    assert (sqlite.ratio, sqlite.lowest, sqlite.highest) == (0.5, 0.25, 0.6)
    assert sqlite.figures.rate == 1000
    assert sqlite.goal == 1.0
