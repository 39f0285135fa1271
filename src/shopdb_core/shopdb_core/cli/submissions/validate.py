"""`shopdb validate`: validate files as the endpoint does, without a server and without a database."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import click

from shopdb_core.cli.common import FILE, json_option, open_input, shown_name, site_environment
from shopdb_core.cli.output import counted, echo, echo_error, echo_json
from shopdb_core.errors import ShopDBError
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import read_intake_settings, read_plugin_selection
from shopdb_core.submissions.pipeline import OfflineValidator
from shopdb_core.web.problems import document
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class FileResult:
    """The endpoint's answer to one file: its warnings if it is valid, else the problem document."""

    file: str
    valid: bool
    warnings: Sequence[str] = ()
    problem: JsonObject | None = None


@click.command("validate")
@click.argument("plugin")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--lenient", is_flag=True, help="Validate as with `Prefer: handling=lenient`.")
@json_option
def validate(plugin: str, files: Sequence[str], *, lenient: bool, as_json: bool) -> None:
    """Validate FILES, one JSON submission each (- for standard input), as the collector of PLUGIN does.

    Needs neither a server nor a database. Exits with 1 if any would be refused.
    """
    environ = site_environment()
    collector = load_plugins(read_plugin_selection(environ)).collector(plugin)
    validator = OfflineValidator(collector, read_intake_settings(environ))
    results = [_result(validator, file, lenient=lenient) for file in files]
    if as_json:
        echo_json([asdict(result) for result in results])
    else:
        _print(results)
    if refused := sum(not result.valid for result in results):
        echo_error(f"{refused} of {counted(len(results), 'file')} would be refused.")
        sys.exit(1)


def _result(validator: OfflineValidator, file: str, *, lenient: bool) -> FileResult:
    try:
        with open_input(file) as stream:
            warnings = validator.warnings(stream.read(), lenient=lenient)
    except OSError as error:
        return FileResult(
            shown_name(file), valid=False, problem={"detail": f"cannot be read: {error.strerror}"}
        )
    except ShopDBError as error:
        return FileResult(shown_name(file), valid=False, problem=_problem(error))
    return FileResult(shown_name(file), valid=True, warnings=warnings)


def _problem(error: ShopDBError) -> JsonObject:
    """Return the endpoint's problem document without the request id, since there is no request."""
    problem = document(error, requestid="")
    return {name: value for name, value in problem.items() if name != "requestid"}


def _print(results: Sequence[FileResult]) -> None:
    for result in results:
        problem = result.problem or {}
        faults = problem.get("errors", ())
        echo(f"{result.file}: {problem.get('detail', 'valid')}")
        # The detail names the first fault already.
        others = [f"{fault['pointer'] or '/'} {fault['message']}" for fault in faults[1:]]
        for line in (*others, *problem.get("warnings", ()), *result.warnings):
            echo(f"    {line}")
