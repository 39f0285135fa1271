"""`shopdb network-poll` reads one device by SNMP and prints a submission."""

import asyncio
import json
import socket

import click

from shopdb_network.snmp import NoAnswer, read_device
from shopdb_network.submission import submission_of


@click.command()
@click.argument("host")
@click.option("--community", envvar="SNMP_COMMUNITY", default="public", help="By default $SNMP_COMMUNITY.")
@click.option("--port", type=click.IntRange(1, 65535), default=161, help="The agent's UDP port.")
@click.option("--timeout", type=click.FloatRange(0.1), default=2.0, help="Seconds to wait for each answer.")
def poll(host: str, community: str, port: int, timeout: float) -> None:
    """Read a switch or access point by SNMP, and print a submission.

    To submit it: shopdb network-poll HOST | shopdb submit network -
    """
    address = _address(host)
    try:
        answers = asyncio.run(read_device(address, port, community, timeout))
    except NoAnswer as error:
        raise click.ClickException(f"{host}, port {port}: {error}; is the community right?") from None
    click.echo(json.dumps(submission_of(answers, address)))


def _address(host: str) -> str:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        raise click.ClickException(f"{host} was not found") from None
    return str(found[0][4][0])
