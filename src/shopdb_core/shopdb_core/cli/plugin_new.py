"""`shopdb plugin new`: a distribution for a plugin that is yet to be written."""

import sys
from pathlib import Path
from types import ModuleType

import click

from shopdb_core.errors import ConfigurationError


@click.command("new")
@click.argument("name")
@click.option("--description", help="What it collects, in one line.")
@click.option("--identity-field", "identityfield", help="The field that tells one device from another.")
@click.option("--author", help="Who holds the copyright.")
@click.option("--with-tables", "withtables", is_flag=True, help="Add tables of its own, and a report.")
@click.option("--directory", type=click.Path(path_type=Path), help="Where to; by default ./shopdb-NAME.")
@click.option("--defaults", is_flag=True, help="Ask nothing: what no option says has its default.")
def new(name: str, directory: Path | None, *, defaults: bool, **options: str | bool | None) -> None:
    """Write the distribution of a new plugin, which builds, installs and passes its own tests.

    Asks for what no option says.
    """
    writing = _writing()
    if fault := writing.distribution_fault(name):
        raise click.BadParameter(f"{name[:80]!r}; {fault}.", param_hint="NAME")
    if not (defaults or sys.stdin.isatty()):
        raise click.UsageError(
            "There is no terminal to ask on: give --defaults, and what differs by options."
        )
    place = directory or Path(f"shopdb-{name.replace('_', '-')}")
    # A flag or an option that was not given leaves its question open.
    answers = {question: answer for question, answer in options.items() if answer}
    files = writing.write_distribution(name, answers, place, asks=not defaults)
    click.echo("\n".join([f"Wrote {place}:", *(f"  {file.as_posix()}" for file in files)]))
    click.echo(f"Next:\n  cd {place}\n  python3 -m pip install -e '.[test]'\n  python3 -m pytest")


def _writing() -> ModuleType:
    """Import what needs copier; only authors of plugins have it."""
    try:
        from shopdb_core.scaffold import writing  # noqa: PLC0415  # a site has no copier
    except ModuleNotFoundError as error:
        if error.name != "copier":
            raise
        raise ConfigurationError(
            "A new plugin is written by copier, which is not installed: "
            "python3 -m pip install 'shopdb-core[testing]'"
        ) from None
    return writing
