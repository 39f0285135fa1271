"""`shopdb validate`: what the endpoint would say of files, without a server and without a database."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from shopdb_core.api.problems import document
from shopdb_core.cli.common import echo_json, json_option, site_environment
from shopdb_core.errors import ShopDBError
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import read_intake_settings, read_plugin_selection
from shopdb_core.submissions.offline import OfflineValidator
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class FileResult:
    """What the endpoint would say of one file: the warnings of its answer, or its problem document."""

    file: str
    valid: bool
    warnings: Sequence[str] = ()
    problem: JsonObject | None = None


@click.command("validate")
@click.argument("plugin")
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True, path_type=Path))
@click.option("--lenient", is_flag=True, help="Judge as with `Prefer: handling=lenient`.")
@json_option
def validate(plugin: str, files: Sequence[Path], *, lenient: bool, as_json: bool) -> None:
    """Say what the collector of PLUGIN would make of FILES, one JSON submission each (- for standard input).

    Needs no server and no database. Exits with 1 if any would be refused.
    """
    environ = site_environment()
    collector = load_plugins(read_plugin_selection(environ)).collector(plugin)
    judge = OfflineValidator(collector, read_intake_settings(environ))
    verdicts = [_result(judge, file, lenient=lenient) for file in files]
    if as_json:
        echo_json([asdict(verdict) for verdict in verdicts])
    else:
        _print(verdicts)
    if refused := sum(not verdict.valid for verdict in verdicts):
        click.echo(f"shopdb: {refused} of {len(verdicts)} files would be refused.", err=True)
        sys.exit(1)


def _result(judge: OfflineValidator, file: Path, *, lenient: bool) -> FileResult:
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        warnings = judge.warnings(content, lenient=lenient)
    except OSError as error:
        return FileResult(str(file), valid=False, problem={"detail": f"cannot be read: {error.strerror}"})
    except ShopDBError as error:
        return FileResult(str(file), valid=False, problem=_problem(error))
    return FileResult(str(file), valid=True, warnings=warnings)


def _problem(error: ShopDBError) -> JsonObject:
    """Return the endpoint's problem document; there is no request that an id could name."""
    problem = document(error, requestid="")
    return {name: value for name, value in problem.items() if name != "requestid"}


def _print(verdicts: Sequence[FileResult]) -> None:
    for verdict in verdicts:
        problem = verdict.problem or {}
        faults = problem.get("errors", ())
        click.echo(f"{verdict.file}: {problem.get('detail', 'valid')}")
        # The detail tells the first fault already.
        told = [f"{fault['pointer'] or '/'} {fault['message']}" for fault in faults[1:]]
        for line in (*told, *verdict.warnings):
            click.echo(f"    {line}")
