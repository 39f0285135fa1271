"""Writers that submit while something fails, and the answers that they got."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Protocol

import httpx
from databases import Database

PATIENCE_SECONDS = 60


def wait_for_progress(missing: Callable[[], int]) -> None:
    """Return once `missing` returns 0; fail when it has not returned less for a minute."""
    fewest, deadline = missing(), time.monotonic() + PATIENCE_SECONDS
    while fewest:
        assert time.monotonic() < deadline, f"the writers make no progress: {fewest} answers are missing"
        time.sleep(0.01)
        if (now := missing()) < fewest:
            fewest, deadline = now, time.monotonic() + PATIENCE_SECONDS


class RunningServer(Protocol):
    """A running server."""

    def client(self) -> httpx.Client:
        """Return an HTTP client that sends the collector key."""
        ...


class SiteWithDatabase(Protocol):
    """A site and its database."""

    database: Database

    def run(self, *arguments: str) -> object:
        """Run `shopdb ARGUMENTS` to its end."""
        ...


@dataclass
class Writer:
    """Submits to a computer of its own, one build higher each time, until the server is gone."""

    hostname: str
    build: int = 0
    acknowledged: dict[str, int] = field(default_factory=dict)
    """The build that each acknowledged request carried."""
    refused: list[httpx.Response] = field(default_factory=list)
    """Every other answer."""

    def write(self, server: RunningServer, enough: Event) -> None:
        """Submit until the connection breaks or `enough` is set."""
        with server.client() as client, suppress(httpx.TransportError):
            while not enough.is_set():
                self._submit(client)

    def _submit(self, client: httpx.Client) -> None:
        self.build += 1
        requestid = f"{self.hostname}-{self.build}"
        response = client.post(
            "/api/collector/computers",
            json={"hostname": self.hostname, "osversion": str(self.build)},
            headers={"X-Request-ID": requestid},
        )
        if response.is_success:
            self.acknowledged[requestid] = self.build
        else:
            self.refused.append(response)


@dataclass
class Writers:
    """Several writers at once."""

    each: list[Writer]

    @property
    def refused(self) -> list[httpx.Response]:
        """Every answer with an error status."""
        return [answer for writer in self.each for answer in writer.refused]

    @contextmanager
    def on(self, server: RunningServer) -> Iterator[None]:
        """Let all write for as long as the caller's block takes, or until the server is gone."""
        enough = Event()
        with ThreadPoolExecutor(len(self.each)) as pool:
            futures = [pool.submit(writer.write, server, enough) for writer in self.each]
            try:
                yield
            finally:
                enough.set()
        for future in futures:
            future.result()

    def wait_for(self, more: int, *, refused: int = 0) -> None:
        """Return once `more` further submissions were acknowledged, and `refused` further ones refused."""
        enough, also = self._acknowledged() + more, len(self.refused) + refused
        wait_for_progress(lambda: max(0, enough - self._acknowledged()) + max(0, also - len(self.refused)))

    def _acknowledged(self) -> int:
        return sum(len(writer.acknowledged) for writer in self.each)

    def lost(self, site: SiteWithDatabase) -> dict[str, int]:
        """Return what was acknowledged and is not in the audit, or is newer than what its asset holds."""
        entries = site.database.query("SELECT requestid, diff FROM auditentry")
        # If the answer to a commit was lost, the transaction ran twice; the second entry changes nothing.
        audited = {(requestid, after_of(diff)) for requestid, diff in entries}
        rows = site.database.query("SELECT attributes FROM assetattributes")
        attributes = [json.loads(row) for (row,) in rows]
        stored = {each["hostname"]: int(each["osversion"]) for each in attributes}
        return {
            requestid: build
            for writer in self.each
            for requestid, build in writer.acknowledged.items()
            if (requestid, str(build)) not in audited or stored.get(writer.hostname, 0) < build
        }


def after_of(diff: str) -> str | None:
    return json.loads(diff).get("osversion", {}).get("after")
