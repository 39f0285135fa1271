"""`shopdb webhooks`: how far each webhook is, and resuming one that has stopped."""

import click

from shopdb_core.cli.common import after_option, json_option, limit_option, site_settings, site_store
from shopdb_core.cli.output import echo, echo_json, echo_table
from shopdb_core.errors import NotFound, did_you_mean
from shopdb_core.feed.cursor import NEWEST, Cursor
from shopdb_core.feed.waiting import Feed
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.store import Store
from shopdb_core.webhooks.config import Webhook, read_webhooks
from shopdb_core.webhooks.state import list_webhooks, read_state, resume

COLUMNS = ("webhookid", "name", "state", "behind", "deliveredat", "attempts", "nextat", "lasterror")


@click.group("webhooks")
def webhooks() -> None:
    """Show how far the webhooks are, and resume one that has stopped."""


@webhooks.command("list")
@limit_option
@after_option
@json_option
def list_command(limit: int, after: int, *, as_json: bool) -> None:
    """List the webhooks to which a server has delivered, or tried to, and how far each is."""
    names = [webhook.name for webhook in _configured()]
    with site_store() as store:
        found = store.read(lambda connection: list_webhooks(connection, names, after=after, limit=limit))
    if as_json:
        echo_json(found)
    else:
        echo_table(found, COLUMNS, "webhooks")


@webhooks.command("resume")
@click.argument("name")
@click.option("--skip", is_flag=True, help="Leave out the entry that could not be delivered.")
@click.option("--newest", is_flag=True, help="Leave out all entries that were committed until now.")
@json_option
def resume_command(name: str, *, skip: bool, newest: bool, as_json: bool) -> None:
    """Deliver to a webhook again, at once, from where it stopped."""
    if skip and newest:
        raise click.UsageError("--skip and --newest exclude each other.")
    webhook = _named(name)
    with site_store() as store:
        cursor = _after_next(store, webhook) if skip else None
        cursor = Feed(store).read(NEWEST).next if newest else cursor
        store.transaction(lambda connection: resume(connection, name, cursor))
    if as_json:
        echo_json({"name": name, "nextafter": None if cursor is None else str(cursor)})
    else:
        echo(f"webhook {name} is delivered again")


def _configured() -> tuple[Webhook, ...]:
    settings = site_settings()
    plugins = load_plugins(settings.plugin_selection)
    return read_webhooks(settings.webhooks, (plugin.name for plugin in plugins.all()))


def _named(name: str) -> Webhook:
    found = {webhook.name: webhook for webhook in _configured()}
    if name not in found:
        raise NotFound(f"SHOPDB_WEBHOOKS has no webhook named {name[:40]!r}.{did_you_mean(name, found)}")
    return found[name]


def _after_next(store: Store, webhook: Webhook) -> Cursor | None:
    """Return the cursor after the next entry that the webhook gets; `None` if there is none."""
    state = store.read(lambda connection: read_state(connection, webhook.name))
    after = None if state is None else state.nextafter
    while after is not None:
        page = Feed(store).read(after, webhook.selection, limit=1)
        if page.items:
            return page.after(page.items[0])
        after = None if str(page.next) == after else str(page.next)
    return None
