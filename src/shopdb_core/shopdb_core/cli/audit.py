"""`shopdb audit`: whether the history of every asset is whole and true."""

import sys

import click

from shopdb_core.audit.entry import AuditChain
from shopdb_core.audit.verify import HistoryFault, count_assets, verify
from shopdb_core.cli.site import echo_json, json_option, site_settings, site_store

MOST_SHOWN = 100


@click.group("audit")
def command() -> None:
    """Check that the audit is whole and true."""


@command.command("verify")
@json_option
def verify_command(*, as_json: bool) -> None:
    """Walk every asset's entries: hashes, `before` against the previous `after`, the stored values.

    Exits with 1 if anything is wrong. Writers go on meanwhile.
    """
    chain = AuditChain(site_settings().secret_key)
    assets = entries = 0
    faults: list[HistoryFault] = []
    with site_store() as store:
        total = store.read(count_assets)
        with click.progressbar(
            length=total, label="Verifying", file=sys.stderr, hidden=as_json or not sys.stderr.isatty()
        ) as bar:
            for batch in verify(store, chain):
                assets, entries = assets + batch.assets, entries + batch.entries
                faults += batch.faults
                bar.update(batch.assets)
    _report(assets, entries, faults, as_json=as_json)


def _report(assets: int, entries: int, faults: list[HistoryFault], *, as_json: bool) -> None:
    shown = [
        {"assetid": fault.assetid, "auditid": fault.auditid, "message": fault.message}
        for fault in faults[:MOST_SHOWN]
    ]
    if as_json:
        echo_json({"assets": assets, "entries": entries, "faults": len(faults), "shown": shown})
    else:
        for fault in faults[:MOST_SHOWN]:
            entry = f", entry {fault.auditid}" if fault.auditid else ""
            click.echo(f"asset {fault.assetid}{entry}: {fault.message}")
        click.echo(f"{assets} assets, {entries} entries, {len(faults)} faults")
    if faults:
        click.echo(f"shopdb: the audit has {len(faults)} faults.", err=True)
        sys.exit(1)
