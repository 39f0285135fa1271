"""`shopdb token`: who may read and edit."""

import re
from datetime import timedelta

import click

from shopdb_core.access.tokens import ROLES, Role, Tokens
from shopdb_core.cli.site import site_settings

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """Read a number and a unit, such as 30m, 1h or 90d."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", text)
    if match is None:
        raise click.BadParameter("give a number and one of s, m, h, d, such as 1h")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


@click.group("token")
def command() -> None:
    """Issue tokens for reading and editing."""


@command.command("create")
@click.option("--subject", required=True, help="Whom the token names; it stands in the audit.")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option(
    "--ttl", type=duration, metavar="DURATION", default="1h", show_default=True, help="How long it is valid."
)
def create(subject: str, role: Role, ttl: timedelta) -> None:
    """Print a new token, and nothing else."""
    click.echo(Tokens(site_settings().secret_key).issue(subject, role, ttl))
