"""Fill a database in bulk as if it had been used for years: assets, programs and a sealed history."""

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain, groupby, islice
from typing import Any

from sqlalchemy import Engine, Table, create_engine, func, insert, inspect, select, text, update

from shopdb_computers.tables import TOTAL, block_of, count, inventory, packed, software, softwareid
from shopdb_core.assets.identity import identity_key
from shopdb_core.audit.entries import (
    RELATIONSHIPS,
    Action,
    AuditChain,
    AuditEntry,
    audited_relationship,
    entry_row,
)
from shopdb_core.json_text import canonical_text
from shopdb_core.store.tables import (
    asset,
    assetattributes,
    assetduplicate,
    assetevidence,
    assetrelationship,
    auditentry,
)
from shopdb_hookspecs import JsonObject

ROWS = 5_000
POOL = 2_000
"""The number of distinct programs of all computers together."""

RARE = 50
"""Machines, and findings that are listed: the last rows, so that a search without an index reads all."""

EACH = 10
"""Every tenth computer is related to the last machine, and has a finding that was ignored."""

Row = dict[str, Any]


class Stock:
    """Computers with programs, their audit entries (created, updated, then noops), and a few machines.

    `times` has the time of each entry of a computer.
    """

    def __init__(self, chain: AuditChain, assets: int, times: Sequence[datetime], programs: int) -> None:
        self._chain = chain
        self._times = times
        self._programs = programs
        self._computers = range(1, assets + 1)
        self._machines = range(assets + 1, assets + 1 + RARE)
        self._hashes: list[bytes | None] = [None] * (assets + 1 + RARE)

    def fill(self, url: str) -> None:
        """Write everything, with `ROWS` rows a transaction; the tables must exist and be empty."""
        engine = create_engine(url)
        self._write(engine)
        _prepare(engine)
        engine.dispose()

    def _write(self, engine: Engine) -> None:
        _write(engine, asset, map(self._asset, [*self._computers, *self._machines]))
        _write(engine, assetattributes, map(self._attributes, [*self._computers, *self._machines]))
        _write(engine, assetevidence, chain.from_iterable(map(_evidence, self._computers)))
        _write(engine, software, map(_software, range(POOL)))
        _write(engine, inventory, map(self._inventory, self._computers))
        _write(engine, count, self._counts())
        _write(engine, assetrelationship, self._relationships())
        _write(engine, assetduplicate, self._findings())
        for turn in range(len(self._times)):
            _write(engine, auditentry, (self._submitted(number, turn) for number in self._computers))
        _write(engine, auditentry, map(self._related, self._relationships()))
        _write(engine, auditentry, map(self._entered, self._machines))
        with engine.begin() as connection:
            newest = select(auditentry.c.hash).where(auditentry.c.assetid == asset.c.assetid)
            newest = newest.order_by(auditentry.c.auditid.desc()).limit(1)
            connection.execute(update(asset).values(chainhash=newest.scalar_subquery()))

    def _is_machine(self, number: int) -> bool:
        return number in self._machines

    def _name(self, number: int) -> str:
        return f"Machine {number}" if self._is_machine(number) else hostname(number)

    def _asset(self, number: int) -> Row:
        identityvalue = self._name(number)
        return {
            "assetid": number,
            "assettype": "machine" if self._is_machine(number) else "computers",
            "identityvalue": identityvalue,
            "identitykey": identity_key(identityvalue),
            "createdat": self._times[-1 if self._is_machine(number) else 0],
            "updatedat": self._times[-1],
            "lastseenat": self._times[-1],
            "version": 1 if self._is_machine(number) else 2,
        }

    def _attributes(self, number: int) -> Row:
        attributes = {} if self._is_machine(number) else submission(number, self._programs, 1)
        return {"assetid": number, "attributes": canonical_text(attributes)}

    def _inventory(self, number: int) -> Row:
        return {"computerid": number, "softwareids": packed(self._keys(number))}

    def _counts(self) -> Iterator[Row]:
        """Yield how many computers of each block have a program, and how many of all."""
        total: Counter[int] = Counter()
        for block, numbers in groupby(self._computers, block_of):
            counts = Counter(key for number in numbers for key in self._keys(number))
            total.update(counts)
            yield from _counts_of(block, counts)
        yield from _counts_of(TOTAL, total)

    def _keys(self, number: int) -> list[int]:
        installed = submission(number, self._programs, 1)["installedsoftware"]
        return [softwareid(program["name"], program["version"]) for program in installed]

    def _relationships(self) -> Iterator[Row]:
        for relationshipid, number in enumerate(self._computers[::EACH], start=1):
            yield {
                "relationshipid": relationshipid,
                "sourceassetid": number,
                "targetassetid": self._machines[-1],
                "relationshiptype": "part_of",
                "createdat": self._times[-1],
            }

    def _findings(self) -> Iterator[Row]:
        found = {"assettype": "computers", "field": "macaddress", "at": self._times[-1]}
        ignored = {**found, "kind": "renamed", "ignoredat": self._times[-1], "ignoredby": "user:ann"}
        listed = {**found, "kind": "collision", "ignoredat": None, "ignoredby": None}
        for number in self._computers[:-1:EACH]:
            yield {**ignored, "assetid": number, "otherassetid": number + 1}
        for number in self._computers[-RARE:]:
            yield {**listed, "assetid": number, "otherassetid": number}

    def _submitted(self, number: int, turn: int) -> Row:
        diff = _diff(number, self._programs, turn)
        return self._entry(number, _ACTIONS[min(turn, 2)], diff, self._times[turn], plugin="computers")

    def _related(self, relationship: Row) -> Row:
        diff: JsonObject = {RELATIONSHIPS: {"added": [audited_relationship(relationship)], "removed": []}}
        return self._entry(relationship["sourceassetid"], "related", diff, self._times[-1])

    def _entered(self, number: int) -> Row:
        return self._entry(number, "created", {}, self._times[-1])

    def _entry(
        self, number: int, action: Action, diff: JsonObject, at: datetime, plugin: str | None = None
    ) -> Row:
        entry = AuditEntry(
            at=at,
            plugin=plugin,
            action=action,
            assetid=number,
            identityvalue=self._name(number),
            diff=canonical_text(diff),
            volatileonly=False,
            actor=f"collector:{plugin}" if plugin else "user:ann",
            clientaddress="10.0.0.1",
            requestid=secrets.token_hex(8),
            rowhash=None,
        )
        sealed = self._chain.seal(entry, self._hashes[number])
        self._hashes[number] = sealed.hash
        return entry_row(sealed)


_ACTIONS: Sequence[Action] = ("created", "updated", "noop")


def _counts_of(block: int, counts: Counter[int]) -> Iterator[Row]:
    for key, computers in sorted(counts.items()):
        yield {"block": block, "softwareid": key, "computers": computers}


def hostname(number: int) -> str:
    """Return the name of one computer."""
    return f"PC-{number:08d}"


def macaddress(number: int) -> str:
    """Return the MAC address of one computer."""
    return ":".join(f"{byte:02X}" for byte in (0x3C52_8200_0000 + number).to_bytes(6))


def ipaddress(number: int) -> str:
    """Return the address of one computer."""
    return ".".join(map(str, (0x0A00_0000 + number).to_bytes(4)))


def serialnumber(number: int) -> str:
    """Return the serial number of one computer."""
    return f"5CG{number:07d}"


def submission(number: int, programs: int, build: int) -> JsonObject:
    """Return what one computer submits, in canonical form."""
    installed = [_program((number * 7 + each * 131) % POOL) for each in range(programs)]
    return {
        "hostname": hostname(number),
        "ipaddress": ipaddress(number),
        "installedsoftware": sorted(installed, key=lambda program: program["name"]),
        "macaddress": macaddress(number),
        "memorygb": 16,
        "osname": "Microsoft Windows 11 Pro",
        "osversion": f"10.0.{22_630 + build}",
        "serialnumber": serialnumber(number),
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


def _evidence(number: int) -> Iterator[Row]:
    for field, value in (("macaddress", macaddress(number)), ("serialnumber", serialnumber(number))):
        yield {"assettype": "computers", "field": field, "value": identity_key(value), "assetid": number}


_COUNT = {"postgresql": "VACUUM ANALYZE", "mysql": "ANALYZE TABLE"}


def _prepare(engine: Engine) -> None:
    """Let a server count the rows and go on after the ids, as it does in use; SQLite counts nothing."""
    if engine.dialect.name == "sqlite":
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in inspect(engine).get_table_names():
            connection.execute(text(f"{_COUNT[engine.dialect.name]} {table}"))
        for column in (asset.c.assetid, assetrelationship.c.relationshipid):
            if engine.dialect.name == "postgresql":
                sequence = func.pg_get_serial_sequence(column.table.name, column.name)
                connection.execute(select(func.setval(sequence, select(func.max(column)).scalar_subquery())))


def _write(engine: Engine, table: Table, rows: Iterator[Row]) -> None:
    while batch := list(islice(rows, ROWS)):
        with engine.begin() as connection:
            connection.execute(insert(table), batch)
