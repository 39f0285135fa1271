"""`shopdb token`: the tokens of programs and people."""

import re
from datetime import UTC, datetime, timedelta

import click

from shopdb_core.access.tokens import ROLES, Role, Tokens
from shopdb_core.cli.common import json_option, site_settings
from shopdb_core.cli.output import echo, echo_json

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@click.group("token")
def token() -> None:
    """Issue tokens for reading and editing."""


def _duration(text: str) -> timedelta:
    """Read a number and a unit, such as 30m, 1h or 90d."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", text)
    if match is None:
        raise click.BadParameter("give a number and one of s, m, h, d, such as 1h")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


@token.command("create")
@click.option("--subject", required=True, help="The person or program; the audit names it as the actor.")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option(
    "--ttl", type=_duration, metavar="DURATION", default="1h", show_default=True, help="How long it is valid."
)
@json_option
def create(subject: str, role: Role, ttl: timedelta, *, as_json: bool) -> None:
    """Print a new token, and nothing else."""
    expiresat = datetime.now(UTC) + ttl
    token = Tokens(*site_settings().secret_keys).issue(subject, role, ttl)
    if as_json:
        echo_json({"token": token, "subject": subject, "role": role, "expiresat": expiresat})
    else:
        echo(token)
