"""`SubmissionValidator` decides whether a submission is valid, and lists its faults.

jsonschema-rs decides. Only for a refused submission, jsonschema finds the places (ADR 0002).
"""

from functools import cached_property
from typing import TYPE_CHECKING

import jsonschema_rs

from shopdb_core.declarations.validation.compiled import CompiledSubschemas, accepts, compile_schema
from shopdb_core.declarations.validation.messages import shortened
from shopdb_core.declarations.validation.parts import PartVerdicts
from shopdb_core.errors import Fault
from shopdb_core.json_text import pointer
from shopdb_hookspecs import Json, JsonObject

if TYPE_CHECKING:
    from shopdb_core.declarations.validation.explaining import Explainer


class SubmissionValidator:
    """Validates submissions against one schema, which is compiled once.

    It never reads a file or opens a socket: references point into the schema's own `$defs`.
    Threads may share it.
    """

    def __init__(self, schema: JsonObject) -> None:
        """Compile a sound schema, which must not be changed afterwards.

        Raises `jsonschema_rs.ValidationError` for a schema that cannot be compiled.
        """
        self._schema = schema
        self._compiled = compile_schema(schema)
        self._subschemas = CompiledSubschemas(schema)
        self.parts = PartVerdicts(schema, self._subschemas)
        self._members = compile_schema({**schema, "required": []})

    def accepts(self, submission: Json) -> bool:
        """Whether the submission is valid; never raises for a value that `json.loads` can return."""
        return accepts(self._compiled, submission)

    def accepts_members(self, members: JsonObject) -> bool:
        """Whether some members of a submission are valid, whatever the others are."""
        return accepts(self._members, members)

    def faults(self, submission: Json, limit: int | None = 20) -> list[Fault]:
        """Return at most `limit` faults (`None`: all); the list is empty if and only if it is accepted."""
        if self.accepts(submission):
            return []
        return self._explainer.faults(submission, limit) or [self._unexplained(submission)]

    def first_fault(self, submission: JsonObject, field: str) -> Fault:
        """Return the first fault of one field that is refused."""
        return self._explainer.first_fault(submission, field)

    def first_item_fault(self, item: Json, path: tuple[str, int], member: str | None) -> Fault:
        """Return the first fault of the item of a field's list at `path`, or of one member of that item."""
        schemas = self.parts.list_rules(path[0]).items
        return self._explainer.first_item_fault(schemas, item, path, member)

    @cached_property
    def _explainer(self) -> "Explainer":
        # jsonschema takes as long to import as click and 5 MB; a server starts without it.
        from shopdb_core.declarations.validation.explaining import Explainer  # noqa: PLC0415

        return Explainer(self._schema, self._subschemas)

    def _unexplained(self, submission: Json) -> Fault:
        """Return the fault that jsonschema-rs reports, for a value that jsonschema accepts."""
        try:
            self._compiled.validate(submission)
        except jsonschema_rs.ValidationError as first:
            return Fault(pointer(first.instance_path), first.kind.name, shortened(first.message))
        except (ValueError, OverflowError) as error:
            return Fault("", "json", f"is not JSON: {shortened(str(error))}")
        raise AssertionError  # the caller has seen it refused
