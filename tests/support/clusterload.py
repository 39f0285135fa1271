"""Writers on the hosts of one site, their answers, and how long none of them succeeded."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise
from threading import Event

from writers import wait_for_progress

SHARED = 4
"""How many computers all writers update."""


@dataclass(frozen=True)
class Answer:
    """The answer to one submission; `at` is on the monotonic clock."""

    requestid: str
    hostname: str
    version: str
    status: int
    detail: str
    retry_after: str | None
    at: float


def everything(writer: str, build: int) -> list[str]:
    """Return the writer's own computer, one of all writers', and a new one that the others submit as well."""
    return [writer, f"shared-{build % SHARED}", f"new-{build}"]


def own_only(writer: str, _build: int) -> list[str]:
    """Return the writer's own computer."""
    return [writer]


def shared_only(_writer: str, build: int) -> list[str]:
    """Return a computer that all writers submit."""
    return [f"shared-{build % SHARED}"]


@dataclass
class Writer:
    """Submits to the computers that `choose` gives for its name and its turn."""

    name: str
    choose: Callable[[str, int], list[str]]
    answers: list[Answer] = field(default_factory=list)

    def write(self, server: object, enough: Event) -> None:
        """Submit until `enough` is set."""
        with server.client() as client:
            for build in count(1):
                for hostname in self.choose(self.name, build):
                    if enough.is_set():
                        return
                    self._submit(client, hostname, build)

    def _submit(self, client: object, hostname: str, build: int) -> None:
        requestid, version = f"{self.name}-{hostname}-{build}", f"{self.name}.{build}"
        response = client.post(
            "/api/collector/computers",
            json={"hostname": hostname, "osversion": version},
            headers={"X-Request-ID": requestid},
        )
        detail = "" if response.is_success else response.json()["detail"]
        retry_after = response.headers.get("Retry-After")
        self.answers.append(
            Answer(requestid, hostname, version, response.status_code, detail, retry_after, time.monotonic())
        )

    def longest_pause(self, start: float, end: float) -> float:
        """Return for how many seconds, at the longest, this writer had no success between two moments."""
        moments = [start, *(each.at for each in self.acknowledged if start < each.at < end), end]
        return max(later - earlier for earlier, later in pairwise(moments))

    @property
    def acknowledged(self) -> list[Answer]:
        """The submissions that were stored."""
        return [answer for answer in self.answers if answer.status in (200, 201)]


@dataclass
class Load:
    """Eight writers at once, spread over the servers."""

    choose: Callable[[str, int], list[str]] = everything
    writers: list[Writer] = field(init=False)

    def __post_init__(self) -> None:
        """Name the writers."""
        self.writers = [Writer(f"own-{number}", self.choose) for number in range(8)]

    @contextmanager
    def on(self, servers: list) -> Iterator[None]:
        """Let all write for as long as the caller's block takes."""
        enough = Event()
        with ThreadPoolExecutor(len(self.writers)) as pool:
            futures = [
                pool.submit(writer.write, servers[index % len(servers)], enough)
                for index, writer in enumerate(self.writers)
            ]
            try:
                yield
            finally:
                enough.set()
        for future in futures:
            future.result()

    def wait_for(self, more: int) -> None:
        """Return once every writer had so many more submissions acknowledged."""
        goals = [len(writer.acknowledged) + more for writer in self.writers]
        pairs = list(zip(self.writers, goals, strict=True))
        wait_for_progress(lambda: sum(max(0, goal - len(each.acknowledged)) for each, goal in pairs))

    @property
    def refused(self) -> list[Answer]:
        """The answers with an error status."""
        return [each for writer in self.writers for each in writer.answers if each.status not in (200, 201)]

    @property
    def acknowledged(self) -> list[Answer]:
        """The submissions of all writers that were stored."""
        return [each for writer in self.writers for each in writer.acknowledged]
