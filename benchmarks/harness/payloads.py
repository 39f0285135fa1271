"""Submissions of computers, as the bytes of requests that differ in a few digits only."""

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from shopdb_hookspecs import Json

Action = Literal["created", "updated", "program", "noop"]
"""What each submission does: `updated` changes one number, `program` the version of one program."""

PATH = "/api/collector/computers"
HOSTS = 128
"""How many computers the submissions of `updated`, `program` and `noop` go round, for each loader process."""

_FIRST_MEMORY = 10_000
_PUBLISHERS = ("Contoso", "Fabrikam", "Northwind", "Adventure Works", "Tailspin", "Proseware", "Litware")


@dataclass(frozen=True, slots=True)
class Template:
    """Requests with so many programs in a submission; gaps for its digits are as `gaps` fills them."""

    programs: int
    key: str

    def single(self) -> bytes:
        """Return a request of one submission, with its gaps."""
        line = self._line()
        return self._head(PATH, "application/json", len(line % gaps(0, 0, 0))) + line

    def requests(self, submissions: Iterator[dict[bytes, int | bytes]], lines: int) -> Iterator[bytes]:
        """Yield requests, each a batch of `lines` submissions, or a single post if that is 1."""
        if lines == 1:
            single = self.single()
            yield from (single % each for each in submissions)
        line = self._line() + b"\n"
        head = self._head(f"{PATH}/_batch", "application/x-ndjson", len(line % gaps(0, 0, 0)) * lines)
        while batch := list(itertools.islice(submissions, lines)):
            yield head + b"".join(line % each for each in batch)

    def _line(self) -> bytes:
        text = json.dumps(_submission(self.programs), separators=(",", ":"))
        return text.replace('"%(memory)05d"', "%(memory)05d").encode()

    def _head(self, path: str, mediatype: str, length: int) -> bytes:
        return (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {self.key}\r\n"
            f"Content-Type: {mediatype}\r\nContent-Length: {length}\r\n\r\n"
        ).encode()


def gaps(host: int, memory: int, build: int) -> dict[bytes, int | bytes]:
    """Return what fills the template's gaps; each value has one width, so that Content-Length holds."""
    address = b"%02X:%02X:%02X:%02X" % tuple(host.to_bytes(4))
    return {b"host": host, b"address": address, b"memory": _FIRST_MEMORY + memory, b"build": build}


def all_gaps(action: Action, first_host: int) -> Iterator[dict[bytes, int | bytes]]:
    """Yield the gaps of one submission after another, without end.

    The first `HOSTS` of them bring every computer to the same state, independent of earlier runs.
    """
    for number in itertools.count():
        turn, host = divmod(number, HOSTS)
        if action == "created":
            yield gaps(first_host + number, 0, 0)
        else:
            yield gaps(
                first_host + host, turn if action == "updated" else 0, turn if action == "program" else 0
            )


def _submission(programs: int) -> dict[str, Json]:
    submission: dict[str, Json] = {
        "hostname": "PC-%(host)010d",
        "macaddress": "00:1A:%(address)b",
        "osname": "Microsoft Windows 11 Pro",
        "osversion": "10.0.22631",
        "ipaddress": "10.20.30.40",
        "memorygb": "%(memory)05d",
        "cputype": "Intel(R) Core(TM) i5-1345U",
        "imagename": "office-2025-03",
        "imageappliedat": "2025-03-17T08:15:00Z",
        "lastboottime": "2025-03-18T06:02:41Z",
        "currentuser": "CORP\\jdoe",
    }
    return {**submission, "installedsoftware": _software(programs)} if programs else submission


def _software(programs: int) -> list[dict[str, str]]:
    """Return programs in no particular order, as a registry lists them; the first has a gap."""
    chance = random.Random(programs)  # the same payload in every run
    software = [
        {
            "name": f"{chance.choice(_PUBLISHERS)} Component Runtime {number} (x64)",
            "version": f"{chance.randrange(30)}.{chance.randrange(100)}.{chance.randrange(40_000)}",
        }
        for number in range(programs)
    ]
    software[0]["version"] = "10.0.%(build)05d"
    chance.shuffle(software)
    return software
