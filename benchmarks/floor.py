"""Make a floor with weeks of history, verify it after each chapter, and print what each chapter cost.

    python benchmarks/floor.py
    python benchmarks/floor.py --computers 100 --printers 10 --weeks 2 --ranked no
    python benchmarks/floor.py --database-url sqlite:///floor.sqlite3

Two sources, `glpi` and `pxe`, report every computer, and a scan reports every printer, once a day. Computers
are imaged, renamed, docked, swapped, retired, merged, and merges undone. The entries have the times of the
story, which ends now. With the default `--ranked both` the floor is made twice, with and without ranked
sources. The floor stays in the database that `--database-url` names, which must be empty.
"""

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from shopdb_core.audit.verifying.verify import verify
from shopdb_core.edits.changing import Change, Changes
from shopdb_core.edits.edit import Editor
from shopdb_core.edits.merges.merging import Merging
from shopdb_core.edits.merges.unmerging import Unmerging
from shopdb_core.edits.retiring import Restore, Retire
from shopdb_core.settings import Settings
from shopdb_core.site import Site, upgrade_site
from shopdb_core.submissions import Origin
from shopdb_hookspecs import JsonObject

BATCH = 64
DOCKED = 30
DOCK = "3C:52:82:D0:C0:01"
MODELS = ("OptiPlex 7010", "Latitude 5540", "EliteDesk 800 G9", "ThinkStation P360")
TONERS = ("black", "cyan", "magenta", "yellow")
PRODUCTS = (
    *("7-Zip", "Adobe Acrobat Reader", "AutoCAD LT", "Bosch Rexroth IndraWorks", "Citrix Workspace"),
    *("CODESYS", "Dell Command Update", "DYMO Label", "Google Chrome", "GIMP", "Git", "HP Smart"),
    *("Inkscape", "Intel Graphics", "Java Runtime", "KeePass", "LibreOffice", "Microsoft Edge"),
    *("Microsoft Office", "Microsoft Teams", "Microsoft Visual C++", "Mozilla Firefox", "Notepad++"),
    *("PDFCreator", "Phoenix Contact PC Worx", "PuTTY", "Python", "QlikView", "R for Windows"),
    *("Rockwell Studio 5000", "SAP GUI", "Siemens TIA Portal", "SolidWorks eDrawings", "Sumatra PDF"),
    *("TeamViewer", "Thunderbird", "TwinCAT", "Ultra VNC", "VLC media player", "Visual Studio Code"),
    *(
        "VMware Tools",
        "WAGO e!COCKPIT",
        "WinMerge",
        "WinSCP",
        "Wireshark",
        "XnView",
        "Yealink",
        "Zebra Setup",
    ),
    *("Zebra Setup", "Zeiss Calypso", "ZWCAD"),
)
PARTS = ("", " Runtime", " Language Pack", " Update Service", " Drivers", " Help")


def main() -> None:
    """Make the floor, once or twice, and print a table."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="shopdb-benchmark-") as name:
        for ranked in {"both": (False, True), "yes": (True,), "no": (False,)}[options.ranked]:
            url = options.database_url or f"sqlite:///{Path(name, f'floor-{ranked}.sqlite3')}"
            faults = _make(url, options, ranked=ranked)
            if faults:
                sys.exit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--computers", type=int, default=2_000)
    parser.add_argument("--printers", type=int, default=120)
    parser.add_argument("--weeks", type=int, default=8)
    parser.add_argument("--ranked", choices=("yes", "no", "both"), default="both")
    parser.add_argument("--database-url", help="an empty database; needs --ranked yes or no")
    options = parser.parse_args()
    if options.database_url and options.ranked == "both":
        parser.error("--database-url needs --ranked yes or --ranked no: one database has one floor")
    return options


def _make(url: str, options: argparse.Namespace, *, ranked: bool) -> int:
    keys = tuple(f"{name}:{secrets.token_hex()}" for name in ("glpi", "pxe", "scan"))
    sources = {"computers": ("glpi", "pxe")} if ranked else {}
    settings = Settings(secret_key=secrets.token_hex(), database_url=url, shared_keys=keys, sources=sources)
    upgrade_site(settings)
    clock = StoryClock(datetime.now(UTC) - timedelta(weeks=options.weeks, hours=1))
    with Site.open(settings, clock=clock) as site:
        floor = Floor(site, clock, options.computers, options.printers)
        print(f"{options.computers} computers, {options.printers} printers, ranked sources: {ranked}")
        print(
            f"{'chapter':<28}{'steps':>8}{'ms each':>9}{'changes':>9}{'noops':>9}"
            f"{'verify s':>10}{'faults':>8}"
        )
        return sum(_chapter(floor, name, run) for name, run in _chapters(floor, options.weeks))


def _chapter(floor: "Floor", name: str, run: Callable[[], int]) -> int:
    """Run one chapter, verify the audit, and print a row; return the number of faults."""
    changes, noops = floor.entries()
    started = time.perf_counter()
    steps = run()
    ended = time.perf_counter()
    faults = [fault for batch in floor.verified() for fault in batch]
    verified = time.perf_counter() - ended
    after = floor.entries()
    each = (ended - started) / max(steps, 1) * 1000
    print(
        f"{name:<28}{steps:>8}{each:>9.2f}{after[0] - changes:>9}{after[1] - noops:>9}"
        f"{verified:>10.1f}{len(faults):>8}",
        flush=True,
    )
    for fault in faults[:5]:
        print(f"    {fault}")
    return len(faults)


def _chapters(floor: "Floor", weeks: int) -> Iterator[tuple[str, Callable[[], int]]]:
    yield "imaged by pxe", floor.image
    for week in range(1, weeks + 1):
        yield f"week {week} of two sources", lambda week=week: floor.week(week)
        if week == min(2, weeks):
            yield "people rename", floor.rename
            yield "imaged under new names", floor.image_again
            yield "a dock", floor.dock
            yield "swapped names", floor.swap
        if week == min(4, weeks):
            yield "retired and restored", floor.retire
            yield "merged", floor.merge
            yield "merges undone", floor.undo


class StoryClock:
    """Returns the time of the story, a little later each time."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the present time of the story."""
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class Computer:
    """One computer as it is: its two sources see it differently."""

    number: int
    hostname: str
    macaddress: str

    def as_seen_by(self, source: str, week: int) -> JsonObject:
        """Return the submission of one source in one week."""
        number = self.number
        seen: dict[str, object] = {
            "hostname": self.hostname,
            "macaddress": self.macaddress,
            "serialnumber": f"SN{number:07}X",
            "osname": "Windows 11 Enterprise" if source == "glpi" else "Windows 11",
            "memorygb": 16 if source == "glpi" else 15.9,
        }
        if source == "pxe":
            return {**seen, "imagename": f"shop-{number % 3}"}
        programs = [
            {
                "name": _program((number * 7 + index) % 300),
                "version": f"{index % 9}.{_release(number, index, week)}",
            }
            for index in range(30)
        ]
        return {**seen, "manufacturer": "Example", "model": MODELS[number % 4], "installedsoftware": programs}


def _program(number: int) -> str:
    """Return the name of one of 300 programs."""
    return PRODUCTS[number % len(PRODUCTS)] + PARTS[number // len(PRODUCTS) % len(PARTS)]


def _release(number: int, index: int, week: int) -> int:
    """Return a version that a tenth of the computers changes each week, for one program in six."""
    return week if index % 6 == 0 and (number + week) % 10 == 0 else 0


class Floor:
    """The computers and printers of one site, and what happens to them."""

    def __init__(self, site: Site, clock: StoryClock, computers: int, printers: int) -> None:
        self._site = site
        self._clock = clock
        self._computers = [
            Computer(number, f"PC-{number:05}", f"3C:52:82:{number >> 8:02X}:{number & 255:02X}:01")
            for number in range(1, computers + 1)
        ]
        self._printers = range(1, printers + 1)
        self._editor: Editor = site.editor(Origin("user:ada", "floor"))
        self._merges: list[int] = []

    def image(self) -> int:
        """Image every computer once, and scan every printer."""
        return self._submit("computers", "pxe", [each.as_seen_by("pxe", 0) for each in self._computers]) + (
            self._submit("printers", "scan", [_printer(number, 0) for number in self._printers])
        )

    def week(self, week: int) -> int:
        """Let both sources and the scan report once a day, for seven days."""
        steps = 0
        for day in range(7):
            self._clock.now += timedelta(hours=23, minutes=50)
            for source in ("glpi", "pxe"):
                seen = [each.as_seen_by(source, week) for each in self._computers]
                steps += self._submit("computers", source, seen)
            printers = [_printer(number, week * 7 + day) for number in self._printers]
            steps += self._submit("printers", "scan", printers)
        return steps

    def rename(self) -> int:
        """Rename one computer in fifty, as its agent does from then on."""
        chosen = self._computers[10::50]
        for each in chosen:
            assetid = self._assetid(each.hostname)
            each.hostname = f"LINE-{each.number:05}"
            self._edit(Change(assetid, None, Changes(identityvalue=each.hostname), self._editor))
        return len(chosen)

    def image_again(self) -> int:
        """Image one computer in fifty under a new name: a second asset with the same serial number."""
        for each in self._computers[20::50]:
            each.hostname = f"NEW-{each.number:05}"
        return self._submit(
            "computers", "pxe", [each.as_seen_by("pxe", 2) for each in self._computers[20::50]]
        )

    def dock(self) -> int:
        """Let thirty laptops use one docking station, whose address they report."""
        docked = self._computers[:DOCKED]
        return self._submit(
            "computers", "pxe", [{**each.as_seen_by("pxe", 2), "macaddress": DOCK} for each in docked]
        )

    def swap(self) -> int:
        """Let pairs of computers swap their names."""
        pairs = list(zip(self._computers[30::100], self._computers[31::100], strict=False))
        for one, other in pairs:
            one.hostname, other.hostname = other.hostname, one.hostname
        swapped = [each for pair in pairs for each in pair]
        return self._submit("computers", "pxe", [each.as_seen_by("pxe", 2) for each in swapped])

    def retire(self) -> int:
        """Retire one computer in twenty, and restore every fourth of these; the others stay silent."""
        chosen = self._computers[5::20]
        for each in chosen:
            self._edit(Retire(self._assetid(each.hostname), "replaced", self._editor))
        for each in chosen[::4]:
            self._edit(Restore(self._assetid(each.hostname), self._editor))
        self._computers = [each for each in self._computers if each not in chosen or each in chosen[::4]]
        return len(chosen) + len(chosen[::4])

    def merge(self) -> int:
        """Merge the assets of computers that were imaged under a new name into the new ones."""
        chosen = [each for each in self._computers if each.hostname.startswith("NEW-")]
        for each in chosen:
            kept, gone = self._assetid(each.hostname), self._assetid(f"PC-{each.number:05}")
            self._merges.append(self._edit(Merging(kept, gone, self._editor))["mergeid"])
        return len(chosen)

    def undo(self) -> int:
        """Undo every second merge."""
        for mergeid in self._merges[::2]:
            self._edit(Unmerging(mergeid, self._editor))
        return len(self._merges[::2])

    def entries(self) -> tuple[int, int]:
        """Return the numbers of audit entries with and without a change."""
        query = text("SELECT action, count(*) FROM auditentry GROUP BY action")
        counts = dict(
            self._site.store.read(lambda connection: [tuple(row) for row in connection.execute(query)])
        )
        noops = counts.pop("noop", 0)
        return sum(counts.values()), noops

    def verified(self) -> Iterator[Sequence[object]]:
        """Verify the audit, and yield the faults of each batch."""
        secondary = self._site.plugins.secondary_identities()
        return (batch.faults for batch in verify(self._site.store, self._site.chain, secondary))

    def _submit(self, plugin: str, source: str, submissions: Sequence[JsonObject]) -> int:
        origin = Origin(f"collector:{plugin}", "floor", source=source)
        for start in range(0, len(submissions), BATCH):
            batch = [dict(each) for each in submissions[start : start + BATCH]]
            results = self._site.submissions.submit_many(plugin, batch, origin)
            for result in results:
                if isinstance(result, Exception):
                    raise result
        return len(submissions)

    def _edit(self, edit: Callable[..., JsonObject]) -> JsonObject:
        return self._site.store.transaction(edit)

    def _assetid(self, hostname: str) -> int:
        query = text("SELECT assetid FROM asset WHERE assettype = 'computers' AND identityvalue = :name")
        return int(
            self._site.store.read(
                lambda connection: connection.execute(query, {"name": hostname}).scalar_one()
            )
        )


def _printer(number: int, day: int) -> JsonObject:
    """Return what a scan reports of a printer: pages and toner change each day."""
    supplies = [
        {"name": f"{color} toner", "levelpercent": 100 - (day * 2 + number * 3 + place * 7) % 100}
        for place, color in enumerate(TONERS)
    ]
    return {
        "serialnumber": f"PRN{number:06}",
        "hostname": f"printer-{number:03}",
        "model": "Example Laser 500",
        "pagecount": 10_000 + number * 100 + day * (number % 40),
        "supplies": supplies,
    }


if __name__ == "__main__":
    main()
