"""Measure servers side by side: each group of cells on all of them in turn, in an order that rotates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from harness.figures import YARDSTICK, Figures, Measurement
from harness.loader import Driven, InvalidRun, Load, Loader
from harness.payloads import HOSTS, REPEATED, Computers, Endpoint, Group, requests, write_requests
from harness.servers import Server

MOST_BYTES = 256_000_000
"""The size of a file of requests; with fewer than asked for, the run ends earlier."""

_PRIMING_CLIENTS = 8


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured: a cell ends after `seconds`, or `requests` submissions of created or updated.

    The submissions of a floor come from so many computers in turn. With `own_versions` no two computers have
    the same version of a program.
    """

    seconds: float
    requests: int
    floor: int
    own_versions: bool

    def hosts(self, group: Group) -> int:
        """Return how many computers submit; those of one batch all differ."""
        if group.kind == "floor":
            return self.floor
        return 2 * group.lines if group.lines > 1 else HOSTS

    def bodies(self, group: Group, bytes_each: int) -> int:
        """Return how many bodies are prepared: whole batches, and `MOST_BYTES` at most."""
        if group.kind in REPEATED:
            return self.hosts(group)
        most = max(1, min(self.requests, MOST_BYTES // bytes_each) // group.lines)
        return most * group.lines


class Bench:
    """Measures groups; the files of their requests are in `folder`, one group's at a time.

    `faults` names the runs that were not valid, and why.
    """

    def __init__(self, loader: Loader, sizes: Sizes, folder: Path) -> None:
        self._loader = loader
        self._sizes = sizes
        self._folder = folder
        self._new = 0
        self.faults: list[str] = []
        self._floors: set[tuple[int, str, int]] = set()

    def measure(self, group: Group, servers: Sequence[Server], turn: int) -> Iterator[Measurement]:
        """Yield a measurement of each server, in their order, but of those whose run was not valid."""
        self._new += 1
        computers = Computers(group.programs, own_versions=self._sizes.own_versions)
        files: dict[str, Path] = {}
        for server in filter(lambda each: each.takes(group), servers):
            endpoint, lines = server.target(group)
            if endpoint.path not in files:
                files[endpoint.path] = self._write(endpoint, lines, computers, group)
            started = server.process.resident_megabytes()
            try:
                self._prime(server, computers, group, turn)
                figures = self._figures(server, group, files[endpoint.path], started)
            except InvalidRun as fault:
                self.faults.append(f"{server.name}, {group}: {fault}")
            else:
                yield Measurement(server.name, group, turn, figures)
        for file in files.values():
            file.unlink()

    def _write(self, endpoint: Endpoint, lines: int, computers: Computers, group: Group) -> Path:
        file = self._folder / f"requests{endpoint.path.replace('/', '-')}"
        bodies = computers.bodies(group.kind, self._sizes.hosts(group), self._new)
        first = next(bodies)
        chosen = islice(chain([first], bodies), self._sizes.bodies(group, len(first)))
        write_requests(file, requests(endpoint, chosen, lines))
        return file

    def _prime(self, server: Server, computers: Computers, group: Group, turn: int) -> None:
        """Bring the computers to the state that the group begins with, whatever was submitted before.

        The whole floor is submitted once in a round, and twice, since a server may recognise a body only
        after it changed nothing.
        """
        floor = (turn, server.name, group.programs)
        if group.kind != "floor":
            self._submit(server, computers, self._sizes.hosts(group), times=1)
        elif server.name != YARDSTICK and floor not in self._floors:
            self._floors.add(floor)
            self._submit(server, computers, self._sizes.floor, times=2)
        else:
            self._submit(server, computers, HOSTS, times=1)

    def _submit(self, server: Server, computers: Computers, hosts: int, times: int) -> None:
        file = self._folder / f"priming-{server.name}"
        write_requests(file, requests(server.endpoint, computers.bodies("noop", hosts, 0), 1))
        for _ in range(times):
            self._loader.drive(server.process.address, Load(file, _PRIMING_CLIENTS, server.success))
        file.unlink()

    def _figures(self, server: Server, group: Group, file: Path, started: float) -> Figures:
        _, lines = server.target(group)
        load = Load(
            file=file,
            clients=1 if lines > 1 else group.clients,
            expected=server.expected(group.kind),
            lines=lines,
            seconds=self._sizes.seconds,
            repeat=group.kind in REPEATED,
        )
        cpu = server.process.cpu_seconds()
        driven = self._loader.drive(server.process.address, load)
        cpu = server.process.cpu_seconds() - cpu
        return _figures(driven, lines, cpu, started, server.process.resident_megabytes())


def _figures(driven: Driven, lines: int, cpu: float, started: float, ended: float) -> Figures:
    submissions = driven.requests * lines
    return Figures(
        rate=driven.rate * lines,
        p50=driven.p50 / 1000,
        p99=driven.p99 / 1000,
        longest=driven.longest / 1000,
        cpu=cpu / submissions * 1_000_000,
        started=started,
        ended=ended,
        loader=driven.cpu / driven.seconds,
        answer=driven.bytes / driven.requests,
    )
