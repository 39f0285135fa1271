"""`shopdb token`: who may read and edit."""

import re
from datetime import timedelta

import click

from shopdb_core.access.tokens import ROLES, Role, Tokens
from shopdb_core.cli.site import site_settings

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Duration(click.ParamType[timedelta]):
    """A number and a unit: 30m, 1h, 90d."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the time that `value` names."""
        match = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", str(value))
        if match is None:
            self.fail("give a number and one of s, m, h, d, such as 1h", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


@click.group("token")
def command() -> None:
    """Issue tokens for reading and editing."""


@command.command("create")
@click.option("--subject", required=True, help="Whom the token names; it stands in the audit.")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--ttl", type=Duration(), default="1h", show_default=True, help="How long it is valid.")
def create(subject: str, role: Role, ttl: timedelta) -> None:
    """Print a new token, and nothing else."""
    click.echo(Tokens(site_settings().secret_key).issue(subject, role, ttl))
