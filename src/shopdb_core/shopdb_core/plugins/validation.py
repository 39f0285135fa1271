"""Whether a submission is valid, and what is wrong with it if it is not."""

from collections.abc import Iterator
from itertools import islice

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import create
from referencing import Registry

from shopdb_core.faults import Fault
from shopdb_core.plugins.compiled import CompiledParts, accepts, compile_schema
from shopdb_core.plugins.explaining import ExplainingKeywords
from shopdb_core.plugins.formats import format_checker
from shopdb_core.plugins.messages import Breach, sentence, shortened
from shopdb_core.plugins.pointers import pointer
from shopdb_hookspecs import Json, JsonObject


class SubmissionValidator:
    """One schema, compiled once: jsonschema-rs has the verdict, jsonschema the explanation.

    Neither reads a file or opens a socket: references reach into the schema's own `$defs` alone.
    Safe to share between threads.
    """

    def __init__(self, schema: JsonObject) -> None:
        """Compile a sound schema, which must not be changed afterwards.

        Raises `jsonschema_rs.ValidationError` for a schema that cannot be compiled.
        """
        self._compiled = compile_schema(schema)
        keywords = {**Draft202012Validator.VALIDATORS, **ExplainingKeywords(CompiledParts(schema)).by_name()}
        explaining = create(Draft202012Validator.META_SCHEMA, keywords)
        self._explaining = explaining(schema, registry=Registry(), format_checker=format_checker())

    def accepts(self, submission: Json) -> bool:
        """Whether the submission is valid; never raises for what `json.loads` can return."""
        return accepts(self._compiled, submission)

    def faults(self, submission: Json, limit: int | None = 20) -> list[Fault]:
        """Explain a refusal by at most `limit` faults (`None`: all); empty exactly when accepted."""
        if self.accepts(submission):
            return []
        errors = islice(self._explaining.iter_errors(submission), limit)
        return [_fault(error) for error in errors] or list(self._unexplained(submission))

    def _unexplained(self, submission: Json) -> Iterator[Fault]:
        """Say what jsonschema-rs says: jsonschema saw nothing wrong."""
        try:
            first = next(iter(self._compiled.iter_errors(submission)))
        except (ValueError, OverflowError) as error:
            yield Fault("", "json", f"is not JSON: {shortened(str(error))}")
        else:
            yield Fault(pointer(first.instance_path), first.kind.name, shortened(first.message))


def _fault(error: ValidationError) -> Fault:
    path = list(error.absolute_path)
    breach = Breach(
        keyword=str(error.validator or "false"),
        rule=error.validator_value,
        schema=error.schema,
        name=str(path[-1]) if path else "",
        value=error.instance,
    )
    return Fault(pointer(path), breach.keyword, sentence(breach))
