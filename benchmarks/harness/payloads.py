"""Submissions of computers as the bytes of HTTP requests, and the file in which the loader finds them.

No two computers have the same software: each has one of several choices from the programs of the site, and of
every program one of several versions. If all had the same list, each cache would look like a gain.
"""

import json
import os
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Literal

from shopdb_hookspecs import Json

Kind = Literal["created", "updated", "program", "noop", "floor"]
"""What each submission does: `updated` changes one number, `program` the version of one program.

`noop` has few computers that come again and again, `floor` as many as a large site.
"""

REPEATED: tuple[Kind, ...] = ("noop", "floor")
"""The kinds whose requests are sent again and again."""

PATH = "/api/collector/computers"
HOSTS = 128
"""How many computers the submissions of `updated`, `program` and `noop` go round."""

_CHOICES = 16
_POOL = 4_000
_RELEASES = 8
_VERSIONS = [b"version%d" % number for number in range(64)]
_PUBLISHERS = ("Contoso", "Fabrikam", "Northwind", "Adventure Works", "Tailspin", "Proseware", "Litware")
_HOSTS_OF_A_SIZE = 100_000
_FIRST_NEW_HOST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Group:
    """What all servers are measured with in turn: so many clients that send one kind of submission.

    With more than one of `lines` ShopDB gets batches of so many, one after another, and the no-op single
    submissions of `clients` clients all the same.
    """

    programs: int
    clients: int
    kind: Kind
    lines: int = 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server takes submissions, and what its requests have around them."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    mediatype: str = "application/json"
    before: bytes = b""
    after: bytes = b""

    def request(self, lines: Sequence[bytes]) -> bytes:
        """Return a whole request with one submission, or several as NDJSON."""
        body = self.before + b"\n".join(lines) + self.after
        headers = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}"
            f"Content-Type: {self.mediatype}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Computers:
    """Computers with a number of programs each, as JSON bodies; the same in every run.

    With `own_versions` no two computers share a version of a program, which is the worst case.
    """

    def __init__(self, programs: int, *, own_versions: bool = False) -> None:
        self._choices = [_body(programs, random.Random(number)) for number in range(_CHOICES)]
        self._first = programs * _HOSTS_OF_A_SIZE
        self._own_versions = own_versions

    def bodies(self, kind: Kind, hosts: int, new: int) -> Iterator[bytes]:
        """Yield bodies: for `noop` and `floor` one of each of the `hosts`, for the other kinds without end.

        `new` counts up for each use of `created`, so that its computers are new.
        """
        if kind == "created":
            yield from map(self.body, _count(_FIRST_NEW_HOST + new * 1_000_000))
        elif kind in REPEATED:
            yield from map(self.body, range(self._first, self._first + hosts))
        else:
            for number in _count(hosts):
                turn, host = divmod(number, hosts)
                memory, build = (turn, 0) if kind == "updated" else (0, turn)
                yield self.body(self._first + host, memory, build)

    def body(self, host: int, memory: int = 0, build: int = 0) -> bytes:
        """Return the body of one computer; `memory` is added to the number that changes."""
        gaps: dict[bytes, int | bytes] = {
            b"host": host,
            b"address": b"%02X:%02X:%02X:%02X" % tuple(host.to_bytes(4)),
            b"memory": 16 + memory,
            b"build": build,
        }
        return self._choices[host % _CHOICES] % {**gaps, **self._versions(host)}

    def _versions(self, host: int) -> Mapping[bytes, int]:
        """Return the last number of versions: what looks random is the same in every run."""
        if self._own_versions:
            return dict.fromkeys(_VERSIONS, host)
        chosen = blake2b(host.to_bytes(8), digest_size=len(_VERSIONS)).digest()
        return {name: byte % _RELEASES for name, byte in zip(_VERSIONS, chosen, strict=True)}


def requests(endpoint: Endpoint, bodies: Iterator[bytes], lines: int) -> Iterator[bytes]:
    """Yield requests of `lines` submissions each."""
    while batch := list(islice(bodies, lines)):
        yield endpoint.request(batch)


def write_requests(file: Path, requests: Iterable[bytes]) -> None:
    """Write each request with its length before it, as the loader reads them.

    They are on the disk afterwards, so that writing them does not go on while a server is measured.
    """
    with file.open("wb") as out:
        for request in requests:
            out.write(len(request).to_bytes(4, "little"))
            out.write(request)
        out.flush()
        os.fsync(out.fileno())


def _count(start: int) -> Iterator[int]:
    return iter(range(start, start + 1_000_000))


def _body(programs: int, chance: random.Random) -> bytes:
    """Return the body of a computer, with gaps for what differs from one to the next."""
    submission: dict[str, Json] = {
        "hostname": "PC-%(host)010d",
        "macaddress": "00:1A:%(address)b",
        "osname": "Microsoft Windows 11 Pro",
        "osversion": "10.0.22631",
        "ipaddress": "10.20.30.40",
        "memorygb": "%(memory)d",
        "cputype": "Intel(R) Core(TM) i5-1345U",
        "imagename": "office-2025-03",
        "imageappliedat": "2025-03-17T08:15:00Z",
        "lastboottime": "2025-03-18T06:02:41Z",
        "currentuser": "CORP\\jdoe",
    }
    if programs:
        submission["installedsoftware"] = _software(programs, chance)
    text = json.dumps(submission, separators=(",", ":"))
    return text.replace('"%(memory)d"', "%(memory)d").encode()


def _software(programs: int, chance: random.Random) -> list[Json]:
    """Return programs in no particular order, as a registry lists them; one has a version that changes."""
    names = [
        f"{_PUBLISHERS[number % len(_PUBLISHERS)]} Component Runtime {number} (x64)"
        for number in chance.sample(range(_POOL), programs)
    ]
    versions = [
        f"{number % 30}.{number % 7}.%(version{number % len(_VERSIONS)})d" for number in range(programs)
    ]
    versions[programs // 2] += ".%(build)d"
    return [{"name": name, "version": version} for name, version in zip(names, versions, strict=True)]
