"""`shopdb user`: the people who sign in to this site."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import click

from shopdb_core.access import users
from shopdb_core.access.events import ACTIONS, Action, Caller, list_events
from shopdb_core.access.sign_in.links import LINK_PATH, create_link
from shopdb_core.access.sign_in.passwords import LONGEST, Passwords, check_password
from shopdb_core.access.tokens import ROLES, Role
from shopdb_core.cli.common import (
    actor_option,
    after_option,
    json_option,
    limit_option,
    read_duration,
    site_settings,
    site_store,
)
from shopdb_core.cli.output import echo, echo_json, echo_table
from shopdb_core.errors import InvalidParameter

COLUMNS = ("userid", "username", "role", "createdat", "disabledat")
EVENT_COLUMNS = ("eventid", "at", "action", "subject", "detail", "actor", "clientaddress")

name_argument = click.argument("username")
force_option = click.option("--force", is_flag=True, help="Even if no enabled admin is left.")
password_option = click.option(
    "--password-stdin", "from_stdin", is_flag=True, help="Read the password from standard input."
)


@click.group("user")
def user() -> None:
    """Add, show and change the users of this site; show who signed in."""


@user.command("add")
@name_argument
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@password_option
@actor_option
@json_option
def add(username: str, role: Role, actor: str, *, from_stdin: bool, as_json: bool) -> None:
    """Add a user, with a password that is asked for, or read from standard input."""
    name = users.checked_username(username)
    with site_store() as store:
        store.read(lambda connection: users.check_free(connection, name))
        passwordhash = _hashed_password(name, from_stdin=from_stdin)
        at = datetime.now(UTC)
        added = store.transaction(
            lambda connection: users.add_user(
                connection, at, Caller(actor), name, role, passwordhash=passwordhash
            )
        )
    _echo_user(added, f"added {added.username} ({role})", as_json=as_json)


@user.command("list")
@json_option
def list_command(*, as_json: bool) -> None:
    """List all users, also disabled ones."""
    with site_store() as store:
        found = store.read(users.list_users)
    if as_json:
        echo_json(found)
    else:
        echo_table(found, COLUMNS, "users")


@user.command("disable")
@name_argument
@force_option
@actor_option
@json_option
def disable(username: str, actor: str, *, force: bool, as_json: bool) -> None:
    """End a user's sessions, and let the user sign in no more."""
    changed = _changed(
        lambda connection, at: users.disable_user(connection, at, Caller(actor), username, force=force)
    )
    _echo_user(changed, f"disabled {changed.username}", as_json=as_json)


@user.command("enable")
@name_argument
@actor_option
@json_option
def enable(username: str, actor: str, *, as_json: bool) -> None:
    """Let a user sign in again, also one who has failed too often."""
    changed = _changed(lambda connection, at: users.enable_user(connection, at, Caller(actor), username))
    _echo_user(changed, f"enabled {changed.username}", as_json=as_json)


@user.command("role")
@name_argument
@click.argument("role", type=click.Choice(ROLES))
@force_option
@actor_option
@json_option
def role_command(username: str, role: Role, actor: str, *, force: bool, as_json: bool) -> None:
    """Change a user's role; the user's sessions end."""
    changed = _changed(
        lambda connection, at: users.change_role(connection, at, Caller(actor), username, role, force=force)
    )
    _echo_user(changed, f"{changed.username} is {role}", as_json=as_json)


@user.command("password")
@name_argument
@password_option
@actor_option
@json_option
def password(username: str, actor: str, *, from_stdin: bool, as_json: bool) -> None:
    """Give a user another password; the user's sessions end."""
    with site_store() as store:
        name = store.read(lambda connection: users.require_local(connection, username)).username
        passwordhash = _hashed_password(name, from_stdin=from_stdin)
        at = datetime.now(UTC)
        changed = store.transaction(
            lambda connection: users.change_password(connection, at, Caller(actor), name, passwordhash)
        )
    _echo_user(changed, f"changed the password of {name}", as_json=as_json)


@user.command("link")
@name_argument
@click.option(
    "--ttl",
    type=read_duration,
    metavar="DURATION",
    default="10m",
    show_default=True,
    help="How long it can be opened, at most a day.",
)
@click.option("--url", help="The site's address; default: SHOPDB_PUBLIC_URL, or SHOPDB_LISTEN.")
@actor_option
@json_option
def link(username: str, ttl: timedelta, url: str | None, actor: str, *, as_json: bool) -> None:
    """Print an address that signs a user in once, in a browser and without the password."""
    site = (url or site_settings().address).rstrip("/")
    at = datetime.now(UTC)
    with site_store() as store:
        token = store.transaction(
            lambda connection: create_link(connection, at, Caller(actor), username, ttl)
        )
    address = f"{site}{LINK_PATH}?token={token}"
    if as_json:
        echo_json({"url": address, "expiresat": at + ttl})
    else:
        echo(address)


@user.command("events")
@click.option("--action", type=click.Choice(ACTIONS), help="Only events of this action.")
@limit_option
@after_option
@json_option
def events(action: Action | None, limit: int, after: int, *, as_json: bool) -> None:
    """List who signed in, and what changed about users and tokens."""
    with site_store() as store:
        found = store.read(
            lambda connection: list_events(connection, action=action, after=after, limit=limit)
        )
    if as_json:
        echo_json(found)
    else:
        echo_table(found, EVENT_COLUMNS, "events")


def _changed(change: Callable[..., users.User]) -> users.User:
    """Run a change in a transaction, and return the user as it is then."""
    at = datetime.now(UTC)
    with site_store() as store:
        return store.transaction(
            lambda connection: users.user_of_id(connection, change(connection, at).userid)
        )


def _hashed_password(username: str, *, from_stdin: bool) -> str:
    """Ask for a password or read one line, and return its hash; raises `InvalidParameter`."""
    if from_stdin:
        # One character more than is allowed, so that a longer one is refused and not cut off.
        text = sys.stdin.readline(LONGEST + 2).rstrip("\r\n")
    elif sys.stdin.isatty():
        text = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        raise InvalidParameter("There is no terminal to ask for a password; use --password-stdin.")
    check_password(text, username)
    return Passwords().hash(text)


def _echo_user(changed: users.User, line: str, *, as_json: bool) -> None:
    if as_json:
        shown = ("userid", "username", "role", "disabledat")
        echo_json({name: getattr(changed, name) for name in shown})
    else:
        echo(line)
