"""Whether the reports that a declaration names in `x-software` agree, and can be read page by page."""

from collections.abc import Iterator, Sequence

from shopdb_core.devkit.results import Finding
from shopdb_core.devkit.trial import TrialSite
from shopdb_core.errors import ShopDBError
from shopdb_core.plugins.reports.software import Program

MOST = 1_000
"""How many programs and holders are compared."""

PAGES = 3
"""After how many of the first programs a page begins that is compared."""


def check_software(filled: TrialSite) -> Iterator[Finding]:
    """Yield the first fault of each role, on a site with assets; nothing for a plugin without software."""
    software, plugin = filled.site.software, filled.subject.name
    if plugin not in software.plugins():
        return
    try:
        programs, _ = software.programs(plugin, limit=MOST)
        yield from _order_faults(programs)
        yield from _page_faults(filled, programs)
        yield from _program_faults(filled, programs)
    except ShopDBError as error:
        yield Finding("x-software", f"cannot be read: {error}")


def _order_faults(programs: Sequence[Program]) -> Iterator[Finding]:
    names = [program.name for program in programs]
    if names != sorted(set(names)):
        what = "yields names that are not in the order of their code points, each once with all its versions"
        hint = "Order by name in a collation of code points, such as C or utf8mb4_bin."
        yield Finding("x-software, programs", what, hint)


def _page_faults(filled: TrialSite, programs: Sequence[Program]) -> Iterator[Finding]:
    for number, program in enumerate(programs[:PAGES], start=1):
        page, _ = filled.site.software.programs(filled.subject.name, beyond=program.name, limit=MOST)
        if page != programs[number:]:
            what = f"does not yield all names after {program.name!r:.80} and no other with that as `beyond`"
            yield Finding("x-software, programs", what)
            return


def _program_faults(filled: TrialSite, programs: Sequence[Program]) -> Iterator[Finding]:
    """Compare the versions and the holders of the first programs with how many there should be."""
    software, plugin = filled.site.software, filled.subject.name
    for program in programs[:PAGES]:
        if software.program(plugin, program.name) != program:
            what = f"yields other versions of {program.name!r:.80} than the role programs"
            yield Finding("x-software, versions", what)
            return
        for version, installations in program.versions:
            holders, _ = software.holders(plugin, program.name, version, limit=MOST)
            found = [holder.assetid for holder in holders]
            if len(found) != installations or found != sorted(set(found)):
                what = (
                    f"yields the assets {found[:5]} for {program.name!r:.80} {version!r:.40}, of which there"
                )
                hint = "Yield each asset once, by ascending assetid."
                yield Finding("x-software, holders", f"{what} are {installations}", hint)
                return
