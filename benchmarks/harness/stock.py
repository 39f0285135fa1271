"""Fill a database in bulk as if it had been used for years: assets, programs and a sealed history."""

import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert

from shopdb_computers.tables import TOTAL, block_of, count, inventory, packed, software, softwareid
from shopdb_core.assets.identity import identity_key
from shopdb_core.audit.entries import AuditChain, AuditEntry, SealedEntry, entry_row
from shopdb_core.json_text import canonical_text
from shopdb_core.store.tables import asset, assetattributes, assetevidence, auditentry
from shopdb_hookspecs import JsonObject

ROWS = 5_000
POOL = 2_000
"""The number of distinct programs of all computers together."""

Row = dict[str, Any]


class Stock:
    """A number of computers with programs, and audit entries for each: created, updated, then noops."""

    def __init__(self, chain: AuditChain, assets: int, entries: int, programs: int) -> None:
        self._chain = chain
        self._assets = assets
        self._entries = entries
        self._programs = programs
        self._hashes: list[bytes | None] = [None] * (assets + 1)
        self._start = datetime.now(UTC) - timedelta(days=1)

    def fill(self, engine: Engine) -> None:
        """Write everything, with `ROWS` rows a transaction; the tables must exist and be empty."""
        _write(engine, asset, map(self._asset, self._numbers()))
        _write(engine, assetattributes, map(self._attributes, self._numbers()))
        _write(engine, assetevidence, map(_evidence, self._numbers()))
        _write(engine, software, map(_software, range(POOL)))
        _write(engine, inventory, map(self._inventory, self._numbers()))
        _write(engine, count, self._counts())
        for turn in range(self._entries):
            at = self._start + timedelta(minutes=turn)
            _write(engine, auditentry, (self._entry(number, turn, at) for number in self._numbers()))

    def _numbers(self) -> range:
        return range(1, self._assets + 1)

    def _asset(self, number: int) -> Row:
        identityvalue = hostname(number)
        return {
            "assetid": number,
            "assettype": "computers",
            "identityvalue": identityvalue,
            "identitykey": identity_key(identityvalue),
            "createdat": self._start,
            "updatedat": self._start,
            "lastseenat": self._start,
            "version": 2,
        }

    def _attributes(self, number: int) -> Row:
        return {"assetid": number, "attributes": canonical_text(submission(number, self._programs, 1))}

    def _inventory(self, number: int) -> Row:
        return {"computerid": number, "softwareids": packed(self._keys(number))}

    def _counts(self) -> Iterator[Row]:
        """Yield how many computers of each block have a program, and how many of all."""
        total: Counter[int] = Counter()
        for block, numbers in groupby(self._numbers(), block_of):
            counts = Counter(key for number in numbers for key in self._keys(number))
            total.update(counts)
            yield from _counts_of(block, counts)
        yield from _counts_of(TOTAL, total)

    def _keys(self, number: int) -> list[int]:
        installed = submission(number, self._programs, 1)["installedsoftware"]
        return [softwareid(program["name"], program["version"]) for program in installed]

    def _entry(self, number: int, turn: int, at: datetime) -> Row:
        sealed = self._seal(number, turn, at)
        self._hashes[number] = sealed.hash
        return entry_row(sealed)

    def _seal(self, number: int, turn: int, at: datetime) -> SealedEntry:
        entry = AuditEntry(
            at=at,
            plugin="computers",
            action="created" if turn == 0 else "updated" if turn == 1 else "noop",
            assetid=number,
            identityvalue=hostname(number),
            diff=canonical_text(_diff(number, self._programs, turn)),
            volatileonly=False,
            actor="key:computers",
            clientaddress="10.0.0.1",
            requestid=secrets.token_hex(8),
            rowhash=None,
        )
        return self._chain.seal(entry, self._hashes[number])


def _counts_of(block: int, counts: Counter[int]) -> Iterator[Row]:
    for key, computers in sorted(counts.items()):
        yield {"block": block, "softwareid": key, "computers": computers}


def hostname(number: int) -> str:
    """Return the name of one computer."""
    return f"PC-{number:08d}"


def submission(number: int, programs: int, build: int) -> JsonObject:
    """Return what one computer submits, in canonical form."""
    installed = [_program((number * 7 + each * 131) % POOL) for each in range(programs)]
    return {
        "hostname": hostname(number),
        "installedsoftware": sorted(installed, key=lambda program: program["name"]),
        "macaddress": ":".join(f"{byte:02X}" for byte in (0x3C52_8200_0000 + number).to_bytes(6)),
        "memorygb": 16,
        "osname": "Microsoft Windows 11 Pro",
        "osversion": f"10.0.{22_630 + build}",
    }


def _diff(number: int, programs: int, turn: int) -> JsonObject:
    if turn == 0:
        return {
            name: {"before": None, "after": value} for name, value in submission(number, programs, 0).items()
        }
    return {"osversion": {"before": "10.0.22630", "after": "10.0.22631"}} if turn == 1 else {}


def _program(number: int) -> JsonObject:
    return {"name": f"Component Runtime {number:04d} (x64)", "version": f"{number % 30}.{number % 7}.0"}


def _software(number: int) -> Row:
    program = _program(number)
    return {**program, "softwareid": softwareid(program["name"], program["version"])}


def _evidence(number: int) -> Row:
    value = identity_key(submission(number, 0, 0)["macaddress"])
    return {"assettype": "computers", "field": "macaddress", "value": value, "assetid": number}


def _write(engine: Engine, table: Table, rows: Iterator[Row]) -> None:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS:
            _insert(engine, table, batch)
            batch = []
    if batch:
        _insert(engine, table, batch)


def _insert(engine: Engine, table: Table, batch: list[Row]) -> None:
    with engine.begin() as connection:
        _execute(connection, table, batch)


def _execute(connection: Connection, table: Table, batch: list[Row]) -> None:
    connection.execute(insert(table), batch)
