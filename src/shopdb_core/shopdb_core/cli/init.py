"""`shopdb init`: a new site in the working directory."""

import os
import secrets
from pathlib import Path

import click

from shopdb_core.cli.db import echo_upgrade
from shopdb_core.errors import ConfigurationError

_TEMPLATE = """\
# This site's settings; every variable is described in docs/settings.md. Keep the file to yourself.
SECRET_KEY={secret_key}
COLLECTOR_API_KEY={collector_key}
SHOPDB_DATABASE_URL=sqlite:///shopdb.sqlite3
SHOPDB_LISTEN=127.0.0.1:8080
"""


@click.command("init")
def command() -> None:
    """Write .env with generated secrets, readable by you alone, and make the database.

    An existing .env is never overwritten.
    """
    write_dotenv(Path(".env"))
    click.echo("Wrote .env (mode 0600) with a SECRET_KEY and a COLLECTOR_API_KEY.")
    echo_upgrade()
    click.echo("Next: `shopdb serve`")


def write_dotenv(path: Path) -> None:
    """Write new secrets to a file that does not exist yet; raises `ConfigurationError` if it does."""
    content = _TEMPLATE.format(secret_key=secrets.token_urlsafe(48), collector_key=secrets.token_urlsafe(32))
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigurationError(
            f"{path} exists and is not overwritten; the site is set up already."
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
