"""`shopdb backup` and `shopdb restore`."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from shopdb_core.cli.common import json_option, site_settings
from shopdb_core.cli.output import counted, echo, echo_error, echo_json
from shopdb_core.operations.backups.backup import Backup, make_backup
from shopdb_core.operations.backups.restore import restore as restore_archive
from shopdb_core.operations.interruption import interrupted_by_signals
from shopdb_core.site import Site

MOST_FAULTS = 10


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Delete all but the newest N archives of this site in the folder.",
)
@click.option(
    "--verify", is_flag=True, help="Restore it into a scratch database, and verify the audit there."
)
@json_option
def backup(target: Path, *, keep: int | None, verify: bool, as_json: bool) -> None:
    """Write the database to the file TARGET, or to a new file in the folder TARGET.

    The site may be in use meanwhile. The archive has no settings: keep .env elsewhere, since without its
    SHOPDB_AUDIT_KEY the audit cannot be verified.
    """
    with (
        interrupted_by_signals(),
        Site.open(site_settings(), record_served=False) as site,
        _Bars(hidden=as_json) as bars,
    ):
        made = make_backup(site, target, bars.report, keep=keep, verified=verify)
    _echo_backup(made, as_json=as_json)
    if made.faults:
        for fault in made.faults[:MOST_FAULTS]:
            echo(fault, err=True)
        echo_error(f"the backup was made, and verifying it found {counted(len(made.faults), 'fault')}.")
        sys.exit(1)


@click.command("restore")
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "database_url", metavar="URL", help="The empty database; default that of this site.")
@json_option
def restore(archive: Path, *, database_url: str | None, as_json: bool) -> None:
    """Restore ARCHIVE into an empty database: all of it, or nothing.

    A SQLite file must not exist yet. Restore only archives that you trust.
    """
    settings = site_settings()
    with interrupted_by_signals(), _Bars(hidden=as_json) as bars:
        restored = restore_archive(archive, settings, database_url or settings.database_url, bars.report)
    if as_json:
        echo_json({**restored.manifest.as_json(), "nextsteps": list(restored.next_steps)})
        return
    echo(f"restored {archive.name} of {restored.manifest.at}")
    for step in restored.next_steps:
        echo(f"next: {step}")


def _echo_backup(made: Backup, *, as_json: bool) -> None:
    size = made.path.stat().st_size
    deleted = [path.name for path in made.deleted]
    has_head = "head.json" in made.manifest.members
    if as_json:
        verdict = None if made.faults is None else not made.faults
        figures = {"bytes": size, "head": has_head, "verified": verdict, "deleted": deleted}
        echo_json({"file": str(made.path.resolve()), "at": made.manifest.at, **figures})
        return
    parts = [f"{size} bytes", "with a head" if has_head else "without a head (extra `heads`)"]
    parts += ["verified"] if made.faults == () else []
    parts += [f"deleted {counted(len(deleted), 'older archive')}"] if deleted else []
    echo(f"{made.path}: {', '.join(parts)}")


class _Bars(ExitStack):
    """Progress bars on a terminal, one for each thing that is done; elsewhere nothing."""

    def __init__(self, *, hidden: bool) -> None:
        super().__init__()
        self._hidden = hidden or not sys.stderr.isatty()
        self._label = ""
        self._bar: Any = None

    def report(self, label: str, done: int, total: int) -> None:
        """Show how much of something is done; without a total, that it goes on."""
        if self._hidden:
            return
        if label != self._label:
            self.close()
            self._label = label
            self._bar = self.enter_context(
                click.progressbar(length=total or None, label=label, file=sys.stderr)
            )
        self._bar.update(done - self._bar.pos)
