"""`shopdb token`: the tokens of programs."""

from datetime import UTC, datetime, timedelta

import click

from shopdb_core.access.events import Caller
from shopdb_core.access.programs import create_token, list_tokens, revoke_tokens
from shopdb_core.access.tokens import ROLES, Role, Tokens
from shopdb_core.cli.common import (
    actor_option,
    after_option,
    json_option,
    limit_option,
    read_duration,
    site_settings,
    site_store,
)
from shopdb_core.cli.output import counted, echo, echo_json, echo_table

COLUMNS = ("tokenid", "name", "role", "createdat", "expiresat", "lastusedat", "revokedat")


@click.group("token")
def token() -> None:
    """Issue, list and revoke the tokens of programs."""


@token.command("create")
@click.option(
    "--subject", "--name", required=True, help="The program or person; the audit names it as the actor."
)
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option(
    "--ttl",
    type=read_duration,
    metavar="DURATION",
    default="1h",
    show_default=True,
    help="How long it is valid.",
)
@actor_option
@json_option
def create(subject: str, role: Role, ttl: timedelta, actor: str, *, as_json: bool) -> None:
    """Print a new token, and nothing else."""
    tokens, at = Tokens(*site_settings().secret_keys), datetime.now(UTC)
    with site_store() as store:
        tokenid, text = store.transaction(
            lambda connection: create_token(
                connection, at, Caller(actor), tokens, subject=subject, role=role, ttl=ttl
            )
        )
    if as_json:
        about = {"subject": subject, "role": role, "expiresat": at + ttl}
        echo_json({"token": text, "tokenid": tokenid, **about})
    else:
        echo(text)


@token.command("list")
@limit_option
@after_option
@json_option
def list_command(limit: int, after: int, *, as_json: bool) -> None:
    """List the tokens, also revoked ones, and those that expired in the last 30 days."""
    with site_store() as store:
        found = store.read(lambda connection: list_tokens(connection, after=after, limit=limit))
    if as_json:
        echo_json(found)
    else:
        echo_table(found, COLUMNS, "tokens")


@token.command("revoke")
@click.argument("which", metavar="ID|NAME")
@actor_option
@json_option
def revoke(which: str, actor: str, *, as_json: bool) -> None:
    """Revoke a token, or all of a name: within five seconds no server accepts them."""
    at = datetime.now(UTC)
    with site_store() as store:
        revoked = store.transaction(lambda connection: revoke_tokens(connection, at, Caller(actor), which))
    if as_json:
        echo_json(revoked)
    else:
        echo(f"revoked {counted(len(revoked), 'token')}")
