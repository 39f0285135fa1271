"""Measure one cell: a number of clients that send one kind of submission to one server."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from harness.figures import BATCH, Measurement, percentile
from harness.loader import Driven, Load, drive
from harness.payloads import HOSTS, Action, Template
from harness.servers import ServerProcess

LOADERS = 2
"""Processes that share the clients among them."""

_EXPECTED = {
    "created": b'"action":"created"',
    "updated": b'"action":"updated"',
    "program": b'"action":"updated"',
    "noop": b'"action":"noop"',
    "yardstick": b'"status":"ok"',
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of load: `kind` is an action, or `yardstick` for the no-op.

    Each request holds `lines` submissions. If that is more than one, `kind` begins with `BATCH`, and one
    client sends what the cell's clients would have posted singly.
    """

    programs: int
    clients: int
    kind: str
    action: Action
    lines: int = 1


class Bench:
    """Measures one cell after another with the same loader processes."""

    def __init__(self, loaders: Executor, templates: dict[int, Template], seconds: float) -> None:
        self._loaders = loaders
        self._templates = templates
        self._seconds = seconds
        self._new_hosts = 1_000_000_000

    def measure(self, server: ServerProcess, cell: Cell, turn: int) -> Measurement:
        """Bring the computers into a known state, then load the server for `seconds`."""
        loads = self._loads(server, cell)
        if cell.action == "created":
            measured = loads
        else:
            self._drive(
                [replace(load, requests=HOSTS, lines=1, expected=_EXPECTED["yardstick"]) for load in loads]
            )
            measured = [replace(load, skip=HOSTS) for load in loads]
        cpu = server.cpu_seconds()
        driven = self._drive([replace(load, seconds=self._seconds) for load in measured])
        return _measurement(cell, turn, driven, server.cpu_seconds() - cpu, server.resident_megabytes())

    def _drive(self, loads: Sequence[Load]) -> list[Driven]:
        return list(self._loaders.map(drive, loads))

    def _loads(self, server: ServerProcess, cell: Cell) -> list[Load]:
        clients = 1 if cell.lines > 1 else cell.clients
        processes = min(LOADERS, clients)
        return [
            Load(
                address=server.address,
                template=self._templates[cell.programs],
                action=cell.action,
                first_host=self._first_host(cell, process),
                connections=len(range(process, clients, processes)),
                expected=_EXPECTED[cell.kind.removeprefix(BATCH)],
                lines=cell.lines,
            )
            for process in range(processes)
        ]

    def _first_host(self, cell: Cell, process: int) -> int:
        """Return new computers to create, or else those that all cells with so many programs share."""
        if cell.action != "created":
            return cell.programs * 10_000 + process * HOSTS
        self._new_hosts += 1_000_000
        return self._new_hosts


def _measurement(
    cell: Cell, turn: int, driven: Sequence[Driven], cpu: float, megabytes: float
) -> Measurement:
    latencies = sorted(latency for each in driven for latency in each.latencies)
    submissions = len(latencies) * cell.lines
    elapsed = max(each.ended for each in driven) - min(each.started for each in driven)
    return Measurement(
        programs=cell.programs,
        clients=cell.clients,
        kind=cell.kind,
        turn=turn,
        rate=submissions / elapsed,
        p50=percentile(latencies, 0.5) * 1000,
        p99=percentile(latencies, 0.99) * 1000,
        cpu=cpu / submissions * 1_000_000,
        rss=megabytes,
        idle=1 - max(each.cpu / (each.ended - each.started) for each in driven),
    )
