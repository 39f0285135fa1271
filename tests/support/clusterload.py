"""Writers on the hosts of one site: what they were promised, and how long nothing succeeded."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Event

SHARED = 4
"""How many computers all writers update."""


@dataclass(frozen=True)
class Answer:
    """What became of one submission, and when (on the monotonic clock)."""

    requestid: str
    hostname: str
    version: str
    status: int
    detail: str
    retry_after: str | None
    at: float


@dataclass
class Writer:
    """Submits to a computer of its own, to those of all, and to new ones that the others submit as well."""

    name: str
    answers: list[Answer] = field(default_factory=list)

    def write(self, server: object, enough: Event) -> None:
        """Go on until it is enough."""
        with server.client() as client:
            for build in count(1):
                for hostname in (self.name, f"shared-{build % SHARED}", f"new-{build}"):
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

    def pause_after(self, moment: float) -> float:
        """Return for how many seconds after a moment this writer had no success."""
        return min(answer.at for answer in self.acknowledged if answer.at > moment) - moment

    @property
    def acknowledged(self) -> list[Answer]:
        """The submissions that were stored."""
        return [answer for answer in self.answers if answer.status in (200, 201)]


@dataclass
class Load:
    """Eight writers at once, spread over the servers."""

    writers: list[Writer] = field(default_factory=lambda: [Writer(f"own-{number}") for number in range(8)])

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

    def wait_for(self, more: int, seconds: float = 60) -> None:
        """Return once every writer had so many more submissions acknowledged."""
        goals = [len(writer.acknowledged) + more for writer in self.writers]
        deadline = time.monotonic() + seconds
        while any(len(each.acknowledged) < goal for each, goal in zip(self.writers, goals, strict=True)):
            assert time.monotonic() < deadline, "the writers do not get on"
            time.sleep(0.02)

    @property
    def refused(self) -> list[Answer]:
        """The answers that were no success."""
        return [each for writer in self.writers for each in writer.answers if each.status not in (200, 201)]

    @property
    def acknowledged(self) -> list[Answer]:
        """The submissions of all writers that were stored."""
        return [each for writer in self.writers for each in writer.acknowledged]
