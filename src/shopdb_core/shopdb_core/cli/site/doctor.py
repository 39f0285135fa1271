"""`shopdb doctor`: whether all is well with a site, and what to do where it is not."""

import os
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from shopdb_core.cli.common import json_option
from shopdb_core.cli.output import counted, echo, echo_error, echo_json
from shopdb_core.operations.health.doctor import examine


@click.command("doctor")
@json_option
def doctor(*, as_json: bool) -> None:
    """Check the site: settings, files, plugins, database, audit, backups and collectors.

    It only reads, and goes on if the settings are broken or the database is away. Exits with 1 if it finds a
    problem; a warning is not one.
    """
    results = []
    for result in examine(os.environ, Path()):
        results.append(result)
        if not as_json:
            step = f" {result.step}" if result.step else ""
            echo(f"{result.status:<7}  {result.name}: {result.detail}.{step}")
    found = Counter(result.status for result in results)
    if as_json:
        verdict = {"problems": found["problem"], "warnings": found["warning"]}
        echo_json({**verdict, "checks": [asdict(result) for result in results]})
    if found["problem"]:
        echo_error(f"the site has {counted(found['problem'], 'problem')}.")
        sys.exit(1)
