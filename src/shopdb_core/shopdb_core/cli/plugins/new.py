"""`shopdb plugin new`: the distribution of a new plugin, of answers to a few questions."""

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from shopdb_core.cli.common import json_option
from shopdb_core.cli.output import echo, echo_error, echo_json
from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.discovery import installed_candidates

if TYPE_CHECKING:
    # A site does not install copier, which the module imports.
    from shopdb_core.devkit.scaffold import Question


@click.command("new")
@click.argument("name")
@click.option("--description", help="What the plugin collects, in one line.")
@click.option("--identity-field", "identityfield", help="The field that identifies a device.")
@click.option("--author", help="The holder of the copyright.")
@click.option("--with-tables", "withtables", is_flag=True, help="Add tables and a report.")
@click.option(
    "--directory", type=click.Path(path_type=Path), help="The folder to write; default ./shopdb-NAME."
)
@click.option("--defaults", is_flag=True, help="Do not ask: use the default of each option that is missing.")
@json_option
def new_command(
    name: str, directory: Path | None, *, defaults: bool, as_json: bool, **options: str | bool | None
) -> None:
    """Write the distribution of a new plugin, which builds, installs and passes its own tests.

    Prompts for each option that is missing; Enter takes what is in brackets.
    """
    scaffold = _scaffold()
    if fault := scaffold.distribution_fault(name):
        raise click.BadParameter(f"{name[:80]!r}; {fault}.", param_hint="NAME")
    if not (defaults or sys.stdin.isatty()):
        raise click.UsageError(
            "Standard input is not a terminal: give --defaults, and options for what should differ from them."
        )
    folder = directory or Path(f"shopdb-{name.replace('_', '-')}")
    # A flag or an option that was not given leaves its question open.
    answers = {question: answer for question, answer in options.items() if answer}
    _warn_if_taken(name)
    if not defaults:
        answers |= {each.name: _prompt(each) for each in scaffold.questions(name) if each.name not in answers}
    files = scaffold.write_distribution(name, answers, folder)
    if as_json:
        echo_json({"directory": str(folder), "files": [file.as_posix() for file in files]})
        return
    echo(f"Wrote {folder}:")
    for file in files:
        echo(f"  {file.as_posix()}")
    for line in ("Next:", f"  cd {folder}", "  python3 -m pip install -e '.[test]'", "  python3 -m pytest"):
        echo(line)


def _scaffold() -> ModuleType:
    """Import what needs copier: a site does not install it."""
    try:
        from shopdb_core.devkit import scaffold  # noqa: PLC0415  # a site does not install copier
    except ModuleNotFoundError as error:
        if error.name != "copier":
            raise
        raise ConfigurationError(
            "A new plugin is written by copier, which is not installed: "
            "python3 -m pip install 'shopdb-core[testing]'"
        ) from None
    return scaffold


def _warn_if_taken(name: str) -> None:
    """Warn if an installed plugin has the name: a site would serve neither of the two."""
    for candidate in installed_candidates():
        if candidate.name == name:
            echo_error(
                f"warning: {candidate.distribution} {candidate.version} is installed and has a plugin {name};"
                " a site cannot serve two plugins of one name."
            )


def _prompt(question: "Question") -> str | bool:
    """Ask on stderr until the answer is valid; the default is shown in brackets, and Enter takes it."""
    if isinstance(question.default, bool):
        return click.confirm(question.text, default=question.default, err=True)

    def valid(answer: str) -> str:
        if fault := question.fault(answer):
            raise click.UsageError(fault)
        return answer

    answer: str = click.prompt(question.text, default=question.default, value_proc=valid, err=True)
    return answer
