"""`shopdb audit`: verify the history of every asset, sign it, seal it with a new key, prune it."""

import sys
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from shopdb_core.audit.entries import AuditChain
from shopdb_core.audit.prune import expiries, prune
from shopdb_core.audit.verifying.head import Head, keep_head, public_key, read_head
from shopdb_core.audit.verifying.history import HistoryFault
from shopdb_core.audit.verifying.rekey import check_key, rekey
from shopdb_core.audit.verifying.verify import Verified, count_assets, verify
from shopdb_core.cli.common import json_option, site_settings, site_store
from shopdb_core.cli.output import counted, echo, echo_error, echo_json
from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.collector import Collector
from shopdb_core.plugins.registry import Plugins, load_plugins
from shopdb_core.site import check_schema
from shopdb_core.store import Connection, Store
from shopdb_core.submissions.rebuild import count_assets as count_of_collector
from shopdb_core.submissions.table_check import check_tables

MOST_FAULTS = 100


@click.group("audit")
def audit() -> None:
    """Verify the audit, sign it, seal it with a new key, and prune it."""


@audit.command("verify")
@click.option(
    "--head",
    "head_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with what `shopdb audit head` printed before.",
)
@click.option("--plugins", "with_plugins", is_flag=True, help="Also verify the tables of the plugins.")
@json_option
def verify_command(*, head_file: Path | None, with_plugins: bool, as_json: bool) -> None:
    """Verify every asset's entries: hashes, `before` against the previous `after`, the asset's rows.

    With --head also that nothing which the head covers is missing, with --plugins that the rows of plugins
    follow from the assets. Exits with 1 if it finds a fault. The site may be in use meanwhile.
    """
    settings = site_settings()
    chain = AuditChain(*settings.sealing_keys)
    head = None
    if head_file is not None:
        head = read_head(head_file.read_bytes(), [public_key(key) for key in settings.sealing_keys])
    plugins = load_plugins(settings.plugin_selection)
    secondary = plugins.secondary_identities()
    batches: list[Verified] = []
    with site_store() as store:
        former = AuditChain(*settings.secret_keys)
        store.read(lambda connection: check_key(connection, chain, former))
        with_tables = _with_tables(plugins, store) if with_plugins else []
        total = store.read(count_assets) + sum(count_of_collector(store, each) for each in with_tables)
        with click.progressbar(
            length=total, label="Verifying", file=sys.stderr, hidden=_is_bar_hidden(as_json=as_json)
        ) as bar:
            for batch in verify(store, chain, secondary):
                batches.append(batch)
                bar.update(batch.assets)
            for collector in with_tables:
                for checked in check_tables(store, collector):
                    batches.append(Verified(0, 0, 0, checked.faults))
                    bar.update(checked.assets)
        if head is not None:
            batches.append(Verified(0, 0, 0, tuple(store.read(partial(_head_faults, head)))))
    _echo_result(batches, as_json=as_json)


def _with_tables(plugins: Plugins, store: Store) -> list[Collector]:
    """Return the collectors whose plugins have tables of their own; raises `SchemaBehind`."""
    check_schema(store, plugins)
    return [each for each in plugins.collectors().values() if each.hooks.stores]


def _head_faults(head: Head, connection: Connection) -> list[HistoryFault]:
    return [HistoryFault(None, None, message) for message in head.faults(connection)]


@audit.command("head")
@click.option("--public-key", "only_key", is_flag=True, help="Print the public key alone.")
@json_option
def head_command(*, only_key: bool, as_json: bool) -> None:
    """Print a signed document of what the audit holds now, as JSON; keep it outside of this machine.

    `shopdb audit verify --head FILE` later finds what is missing. The site may be in use meanwhile.
    """
    key = site_settings().sealing_keys[0]
    if only_key:
        echo_json({"publickey": public_key(key)}) if as_json else echo(public_key(key))
        return
    at = datetime.now(UTC)
    with site_store() as store:
        head = store.read(lambda connection: Head.of(connection, at))
        document = head.signed(key)
        store.transaction(lambda connection: keep_head(connection, head, at))
    echo_json(document)


@audit.command("rekey")
@json_option
def rekey_command(*, as_json: bool) -> None:
    """Seal the audit anew with the first value of SHOPDB_AUDIT_KEY (without it: of SECRET_KEY).

    It must verify with that key, the second value, or SECRET_KEY. An asset that does not verify is left as it
    is. The site may be in use meanwhile, if its servers were restarted with the new key.
    """
    settings = site_settings()
    present, *older = dict.fromkeys((*settings.sealing_keys, *settings.secret_keys))
    if not older:
        raise ConfigurationError("There is no other key than the present one: set SHOPDB_AUDIT_KEY=NEW,OLD")
    chain = AuditChain(present, *older)
    renewed = unfit = 0
    with site_store() as store:
        store.read(lambda connection: check_key(connection, chain))
        with click.progressbar(
            length=store.read(count_assets),
            label="Sealing",
            file=sys.stderr,
            hidden=_is_bar_hidden(as_json=as_json),
        ) as bar:
            for batch in rekey(store, chain, AuditChain(present)):
                renewed, unfit = renewed + batch.renewed, unfit + batch.unfit
                bar.update(batch.assets)
    if as_json:
        echo_json({"sealed": renewed, "unfit": unfit})
    else:
        echo(f"sealed {renewed} assets anew")
    if unfit:
        echo(f"shopdb: {unfit} assets were left: run `shopdb audit verify` with the old key.", err=True)
        sys.exit(1)


@audit.command("prune")
@click.option("--force", is_flag=True, help="Prune all that has expired by the clock, not a day's share.")
@json_option
def prune_command(*, force: bool, as_json: bool) -> None:
    """Delete the entries that are older than the site keeps them, and put checkpoints in their place.

    `shopdb serve` does so by itself, every hour. The site may be in use meanwhile.
    """
    settings = site_settings()
    expiring = expiries(settings, datetime.now(UTC), force=force)
    pruned = Counter({"noop": 0, "change": 0})
    unfit, postponed = 0, False
    with (
        site_store() as store,
        click.progressbar(
            prune(store, AuditChain(*settings.sealing_keys), expiring),
            label="Pruning",
            show_pos=True,
            file=sys.stderr,
            hidden=_is_bar_hidden(as_json=as_json),
        ) as batches,
    ):
        for batch in batches:
            pruned[batch.kind] += batch.entries
            unfit += batch.unfit
            postponed |= batch.postponed
    if as_json:
        figures = {"noops": pruned["noop"], "changes": pruned["change"], "unfit": unfit}
        echo_json({**figures, "postponed": postponed})
        return
    echo(f"pruned {counted(pruned['noop'], 'noop')} and {counted(pruned['change'], 'change')}")
    if unfit:
        kept = counted(unfit, "entry", "entries")
        echo(f"kept {kept} whose hash does not fit: `shopdb audit verify` lists them")
    if postponed:
        echo("more entries have expired than a day permits: if the clock is right, use --force")


def _is_bar_hidden(*, as_json: bool = False) -> bool:
    return as_json or not sys.stderr.isatty()


def _echo_result(batches: list[Verified], *, as_json: bool) -> None:
    faults = [fault for batch in batches for fault in batch.faults]
    assets, entries = sum(batch.assets for batch in batches), sum(batch.entries for batch in batches)
    pruned = sum(batch.pruned for batch in batches)
    if as_json:
        shown = [_shown(fault) for fault in faults[:MOST_FAULTS]]
        figures = {"assets": assets, "entries": entries, "pruned": pruned, "faults": len(faults)}
        echo_json({**figures, "shown": shown})
    else:
        for fault in faults[:MOST_FAULTS]:
            entry = f", entry {fault.auditid}" if fault.auditid else ""
            of_asset = f"asset {fault.assetid}{entry}: " if fault.assetid else ""
            echo(f"{of_asset}{fault.message}")
        of_pruned = f", {pruned} pruned" if pruned else ""
        checked = f"{counted(assets, 'asset')}, {counted(entries, 'entry', 'entries')}"
        echo(f"{checked}{of_pruned}, {counted(len(faults), 'fault')}")
    if faults:
        echo_error(f"the audit has {counted(len(faults), 'fault')}.")
        sys.exit(1)


def _shown(fault: HistoryFault) -> dict[str, int | str | None]:
    return {"assetid": fault.assetid, "auditid": fault.auditid, "message": fault.message}
